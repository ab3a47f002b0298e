"""What figures were measured on: the processor, and the versions of what ran on it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def processor() -> str:
    """The processor's model and the cores that this process may use: "AMD EPYC, 2 cores"."""
    return f"{_model()}, {cores()} core{'s' if cores() != 1 else ''}"


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions() -> str:
    """The engines' versions: "onnxruntime 1.31.1, torch 2.13.0"."""
    found = {name: _version(name, f"{name}-gpu") for name in ("onnxruntime", "torch")}
    told = [f"{name} {number}" for name, number in found.items() if number]
    return ", ".join([*told, f"Python {platform.python_version()}"])


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
