"""What figures were measured on: the processor, and the versions of what runs on it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from seqdsl.backends.targets import ENGINES


def processor() -> str:
    """The processor's model and the cores that this process may use: "AMD EPYC, 2 cores"."""
    return f"{_model()}, {cores()} cores"


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy() -> str | None:
    """What is said where others use the machine, so that figures will be off; None where idle."""
    if not hasattr(os, "getloadavg"):
        return None
    load = os.getloadavg()[0]
    if load < _BUSY * cores():
        return None
    return f"the machine is busy: a load of {load:.1f} on {cores()} cores in the minute before"


_BUSY = 0.5  # runnable processes a core


def versions() -> str:
    """Those of the engines: "onnxruntime 1.31.1, torch 2.13.0"."""
    found = {name: _version(*target.distributions) for name, target in ENGINES.items()}
    return ", ".join(f"{name} {number}" for name, number in found.items() if number)


def _version(*names: str) -> str | None:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
