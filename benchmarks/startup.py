"""How soon `seqdsl check` answers, beside an interpreter that only imports lark and networkx.

Whole processes, in turn, so that a machine whose speed drifts slows both; the ratio is made pair
by pair. Usage: python benchmarks/startup.py [--runs 21]
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

FILE = Path(__file__).parent.parent / "architectures" / "seqresnet_imagenet.seq"
COMMANDS = {
    "import lark, networkx": ["-c", "import lark, networkx"],
    "seqdsl check, SeqResNet-B42": [
        "-m",
        "seqdsl",
        "check",
        str(FILE),
        "--network",
        "SeqResNetB42",
    ],
    "seqdsl check, -B42 and -B22": ["-m", "seqdsl", "check", str(FILE)],
    "seqdsl --help": ["-m", "seqdsl", "--help"],
}


def seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    for arguments in COMMANDS.values():  # warm the file cache, and the grammar's
        seconds(arguments)
    times = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {runs} runs")
    base = times["import lark, networkx"]
    for name, taken in times.items():
        ratio = median(t / b for t, b in zip(taken, base, strict=True))
        print(f"{name:<30}{1000 * median(taken):7.0f} ms   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
