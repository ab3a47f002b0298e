"""Kills runs at random moments, resumes them, and compares what they end with.

    python tests/training/killing.py --times 10

Every run saves after each step, so most of its time is spent in the midst of a checkpoint. Exit
code 1 where a run ends with other weights, or other losses, than the unbroken one.
"""

import argparse
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from runs import in_a_process, run_tiny, told

from seqdsl.training.metrics import read_metrics
from seqdsl.training.options import Machine

MACHINE = Machine(accelerator="cpu", save_every=1)


def finish(folder: Path, resume: bool, killed_after: float | None = None) -> int:
    return in_a_process(lambda: run_tiny(folder, machine=MACHINE, resume=resume), killed_after)


def outcome(folder: Path) -> tuple[bytes, object]:
    rows = told(tuple(read_metrics(folder / "metrics.csv")))
    return (folder / "final.safetensors").read_bytes(), rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with TemporaryDirectory() as name:
        whole = Path(name) / "whole"
        began = time.monotonic()
        assert finish(whole, resume=False) == 0
        took = time.monotonic() - began
        expected = outcome(whole)
        print(f"unbroken: {took:.1f} s, {len(expected[0]):,} bytes of weights")
        different = 0
        for turn in range(1, arguments.times + 1):
            folder, after = Path(name) / f"killed{turn}", moments.uniform(0, took)
            killed = finish(folder, resume=False, killed_after=after) == -9
            saved = sorted(path.name for path in (folder / "checkpoints").glob("*"))
            there = (folder / "run.json").exists()
            same = finish(folder, resume=there) == 0 and outcome(folder) == expected
            different += not same
            last = saved[-1] if saved else "nothing saved"
            print(
                f"{turn:2}: {'killed' if killed else 'done'} after {after:.2f} s, {last}, "
                f"{'the same' if same else 'DIFFERENT'} in the end",
                flush=True,
            )
    print(f"{arguments.times - different} of {arguments.times} runs ended the same, bit for bit")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
