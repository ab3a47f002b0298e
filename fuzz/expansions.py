"""Writes random networks out with `expand`: `python fuzz/expansions.py --count 1300 --seed 1`.

Networks of every kind that the language has (`tests/varied.py`). What is written must compile to
the same graph without an error. Counts how many were written, refused, and ended in an internal
error, with the reasons; keeps one network of each reason in `fuzz/found/`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from varied import SHARED, Varied, varied_program

import seqdsl

FOUND = Path(__file__).parent / "found"


class Plain(Varied):
    """Writes what `Varied` does, with the random numbers of the standard library."""

    def choose(self, *options: object) -> object:
        return self.draw.choice(options)

    def between(self, first: int, last: int) -> int:
        return self.draw.randint(first, last)


def written(path: Path, name: str) -> tuple[str, str]:
    """What came of a network, and why."""
    try:
        seqdsl.load(path, name)
    except seqdsl.CompileError:
        return "invalid", ""
    try:
        seqdsl.expand(path, name)
    except seqdsl.CompileError as error:
        return "refused", error.diagnostics[-1].message.split("source: ")[-1]
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        return "crashed", f"{type(error).__name__}: {error} ({where})"
    return "written", ""


def sweep(count: int, seed: int, folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Writes as many networks that compile; keeps the first of each reason."""
    tally: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    path, number = folder / "net.seq", 0
    (folder / "pyproject.toml").touch()
    (folder / "shared.seq").write_text(SHARED)
    while tally.total() - tally["invalid"] < count:
        text, name = varied_program(Plain(Random(f"{seed}/{number}")))
        path.write_text(text)
        result, reason = written(path, name)
        tally[result] += 1
        if reason and not reasons[f"{result}: {reason}"]:
            FOUND.mkdir(exist_ok=True)
            (FOUND / f"expand-{seed}-{number}.seq").write_text(text)
        if reason:
            reasons[f"{result}: {reason}"] += 1
        number += 1
    return tally, reasons


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally, reasons = sweep(given.count, given.seed, Path(folder))
    print(f"networks  {given.count:,} in {time.monotonic() - started:,.0f} s, seed {given.seed}")
    for result in ("written", "refused", "crashed", "invalid"):
        print(f"{result:<9} {tally[result]:,}")
    for reason, count in reasons.most_common():
        print(f"  {count:,} {reason}")
    sys.exit(1 if tally["crashed"] or tally["refused"] * 100 >= given.count else 0)


if __name__ == "__main__":
    main()
