"""The memory that a case takes on the CPU, measured in a process of its own."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from seqdsl.backends.bench.cases import Case, Settings, input_of, make
from seqdsl.backends.bench.resident import STATUS, resident
from seqdsl.backends.running import Provider
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.network import Network

_RUNS = 3
# What is freed goes back to the system at once, so that building a case leaves no mark.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


def peak_memory(network: Network, case: Case, settings: Settings) -> int | None:
    """The most bytes that are resident while a case runs, less those before it was built.

    The engine is loaded before; weights, activations and workspaces count. None where the system
    does not tell, or the process fails.
    """
    if not STATUS.exists():
        return None
    job = pickle.dumps((network, case, replace(settings, provider=Provider.CPU)))
    environment = {**os.environ, **_MALLOC, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-m", "seqdsl.backends.bench.peak"],
        input=job, capture_output=True, env=environment, check=False,
    )  # fmt: skip
    words = done.stdout.split()
    return int(words[-1]) if done.returncode == 0 and words else None


def _main() -> None:
    network, case, settings = pickle.loads(sys.stdin.buffer.read())
    array = input_of(network, case.batch, settings.seed)
    case.engine.load().start(settings.threads)
    before = resident("VmRSS")
    contender = make(case, network, random_state(network, settings.seed), array, settings)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak
    for _ in range(_RUNS):
        contender.run()
    print(resident("VmHWM") - before)


if __name__ == "__main__":
    _main()
