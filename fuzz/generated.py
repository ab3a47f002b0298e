"""Compiles random programs, and broken ones: `python fuzz/generated.py --count 100000 --seed 1`.

What must hold of each is in `properties.py`. A program that breaks it is kept in `fuzz/found/`.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

from mutations import broken
from programs import Writer, program
from properties import FOLDER, judge, small_files

from seqdsl.backends.bench.resident import resident
from seqdsl.source.diagnostic import has_errors

FOUND = Path(__file__).parent / "found"
SECONDS, KILOBYTES = 5.5, 1_000_000  # of the processor for a check, and resident, at the most
ALL_OF_IT = 30  # seconds of the processor for all that is done with a program
HANGS = 300  # seconds without a word from a worker
_VALID = 3  # of ten programs; the others are broken


class TooLong(Exception):
    """A program takes more of the processor than it may."""


class Plain(Writer):
    """Writes what `Writer` does, with the random numbers of the standard library."""

    def choose(self, *options: object) -> object:
        return self.draw.choice(options)

    def between(self, first: int, last: int) -> int:
        return self.draw.randint(first, last)


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one program."""

    number: int
    valid: bool
    codes: tuple[str, ...]
    seconds: float
    peak: int  # kilobytes resident, with what its worker keeps
    broke: str = ""  # what it broke of the properties


@dataclass(slots=True)
class Tally:
    """What came of all of them."""

    programs: int = 0
    valid: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)  # seconds, and its number
    peak: int = 0
    broke: list[tuple[int, str]] = field(default_factory=list)

    def add(self, judged: Judged) -> None:
        self.programs += 1
        self.valid += judged.valid
        self.codes.update(judged.codes)
        self.slowest = max(self.slowest, (judged.seconds, judged.number))
        self.peak = max(self.peak, judged.peak)
        if judged.broke:
            self.broke.append((judged.number, judged.broke))


def text_of(seed: int, number: int, files: Sequence[str]) -> str:
    """The program of a number: always the same one."""
    random = Random(f"{seed}/{number}")
    made = program(Plain(random))
    if random.randrange(10) < _VALID:
        return made
    return broken(made if random.random() < 0.5 else random.choice(files), random)


def judged(number: int, text: str, path: Path) -> Judged:
    """Judges a program within its share of the processor, and of memory with what is kept."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    valid, codes, taken, broke = False, (), 0.0, ""
    signal.setitimer(signal.ITIMER_PROF, ALL_OF_IT)
    try:
        found, taken = judge(text, path)
        valid, codes = not has_errors(found), tuple(d.code.id for d in found)
    except Exception as error:
        broke = f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    peak = resident("VmHWM") // 1024
    if not broke and taken > SECONDS:
        broke = f"takes {taken:.1f} s"
    if not broke and peak > KILOBYTES:
        broke = f"takes {peak:,} kB"
    return Judged(number, valid, codes, taken, peak, broke)


def run(count: int, seed: int, workers: int, quiet: bool = False) -> Tally:
    """Judges the programs 0 up to ``count``; a worker that dies is a program that broke."""
    tally, context = Tally(), get_context("spawn")
    waiting: dict[Connection, tuple[BaseProcess, int, int, float]] = {}

    def start(first: int, step: int) -> None:
        ours, theirs = context.Pipe(duplex=False)
        arguments = (theirs, seed, range(first, count, step))
        process = context.Process(target=_work, args=arguments, daemon=True)
        process.start()
        theirs.close()
        waiting[ours] = (process, first, step, time.monotonic())

    for worker in range(min(workers, count)):
        start(worker, workers)
    while waiting:
        for pipe in wait(list(waiting), timeout=1):
            process, number, step, _ = waiting[pipe]
            try:
                found = pipe.recv()
            except EOFError:
                del waiting[pipe]
                process.join()
                if number < count:
                    tally.add(Judged(number, False, (), 0, 0, f"died with {process.exitcode}"))
                    start(number + step, step)
                continue
            tally.add(found)
            waiting[pipe] = (process, number + step, step, time.monotonic())
            if not quiet and tally.programs % 1_000 == 0:
                print(f"{tally.programs:,} of {count:,}", file=sys.stderr, flush=True)
        for process, *_, heard in list(waiting.values()):
            if time.monotonic() - heard > HANGS:
                process.kill()  # and its pipe says so
    _keep(tally, seed)
    return tally


def _work(pipe: Connection, seed: int, numbers: range) -> None:
    """Judges programs, one after another, and tells of each."""
    resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
    signal.signal(signal.SIGPROF, _too_long)
    files, path = small_files(), FOLDER / f"seqdsl-fuzz-{os.getpid()}.seq"
    try:
        for number in numbers:
            pipe.send(judged(number, text_of(seed, number, files), path))
    finally:
        path.unlink(missing_ok=True)


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TooLong(f"more than {ALL_OF_IT} s")


def _keep(tally: Tally, seed: int) -> None:
    files = small_files()
    for number, _ in tally.broke:
        FOUND.mkdir(exist_ok=True)
        text = text_of(seed, number, files)
        kept = FOUND / f"{seed}-{number}.seq"
        kept.write_bytes(text.encode("utf-8", "surrogateescape"))


def report(tally: Tally, seed: int, seconds: float) -> str:
    slowest, number = tally.slowest
    codes = ", ".join(f"{code} {count:,}" for code, count in sorted(tally.codes.items()))
    lines = [
        f"programs          {tally.programs:,} in {seconds:,.0f} s, seed {seed}",
        f"valid             {tally.valid:,}",
        f"broken            {tally.programs - tally.valid:,}",
        f"slowest           {slowest:.2f} s of the processor, number {number}",
        f"peak RSS          {tally.peak / 1024:,.0f} MiB",
        f"findings          {codes}",
        f"broke a property  {len(tally.broke)}",
        *(f"  {FOUND.name}/{seed}-{number}.seq: {what[:300]}" for number, what in tally.broke),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="programs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    started = time.monotonic()
    tally = run(given.count, given.seed, given.workers)
    print(report(tally, given.seed, time.monotonic() - started))
    sys.exit(1 if tally.broke else 0)


if __name__ == "__main__":
    main()
