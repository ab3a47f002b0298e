"""Times contenders in turn, so that a machine whose speed drifts slows all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TypeAlias

from seqdsl.source.ending import ENDING

Run: TypeAlias = Callable[[], object]  # one whole run: what it leaves running does not count

ROUNDS = 15  # turns of each contender, where the time is enough for them
LEAST = 3  # and where it is not


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds of each call of a contender, a tuple a round."""

    rounds: tuple[tuple[float, ...], ...]

    @property
    def calls(self) -> tuple[float, ...]:
        return tuple(seconds for turn in self.rounds for seconds in turn)

    @property
    def median(self) -> float:
        return median(self.calls)

    @property
    def spread(self) -> tuple[float, float]:
        """The tenth and the ninetieth percentile."""
        if len(self.calls) == 1:
            return self.calls[0], self.calls[0]
        tenths = quantiles(self.calls, n=10, method="inclusive")
        return tenths[0], tenths[-1]

    def speedup(self, base: Timing) -> float:
        """How many times as fast as ``base``: the median over rounds, each of which had both."""
        pairs = zip(self.rounds, base.rounds, strict=False)
        return median(median(theirs) / median(ours) for ours, theirs in pairs)


def take_turns(
    runs: Sequence[Run], seconds: float, progress: Callable[[float], None] = lambda _: None
) -> tuple[list[Timing | None], bool]:
    """Calls each contender in rounds, for about ``seconds`` each, and at least `LEAST` rounds.

    Every other round goes backwards. A turn of several calls starts with one that does not
    count: caches and threads are still those of the contender before. ``progress`` is told which
    part of the work is done. Where the user interrupts it, the second value is true, and the
    timings are of what was complete, None for nothing.
    """
    turns: list[list[tuple[float, ...]]] = [[] for _ in runs]
    collects = gc.isenabled()
    gc.disable()
    try:
        calls = [max(1, int(seconds / ROUNDS / max(_timed(run), 1e-9))) for run in runs]
        started = time.perf_counter()
        for number in range(ROUNDS):
            spent = (time.perf_counter() - started) / max(seconds * len(runs), 1e-9)
            if number >= LEAST and spent > 1:
                break
            order = list(range(len(runs)))
            for place, index in enumerate(order if number % 2 == 0 else reversed(order)):
                turns[index].append(_turn(runs[index], calls[index]))
                done = (number + (place + 1) / len(runs)) / ROUNDS
                progress(max(done, min(spent, 1)))
    except KeyboardInterrupt:
        ENDING.take()  # what was measured is wanted
        return [Timing(tuple(turn)) if turn else None for turn in turns], True
    finally:
        if collects:
            gc.enable()
    return [Timing(tuple(turn)) for turn in turns], False


def _turn(run: Run, calls: int) -> tuple[float, ...]:
    gc.collect()
    if calls > 1:
        run()
    return tuple(_timed(run) for _ in range(calls))


def _timed(run: Run) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
