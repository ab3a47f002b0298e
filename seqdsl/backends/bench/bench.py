"""Measures a network: each engine on each schedule, contenders of one batch size in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from seqdsl.backends.arrays import Array, State, not_finite
from seqdsl.backends.bench.cases import (
    Case,
    Settings,
    input_of,
    make,
    scaled_state,
)
from seqdsl.backends.bench.measuring import Timing, take_turns
from seqdsl.backends.engine import Contender, Mode
from seqdsl.backends.running import Dtype, Provider, relative_error
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.source.diagnostic import Failure
from seqdsl.source.ending import ENDING

NO_DEVICE = "no device"
INTERRUPTED = "interrupted"
TOLERANCE = {Dtype.FLOAT32: 1e-4, Dtype.FLOAT16: 3e-2, Dtype.BFLOAT16: 1e-1}

Progress: TypeAlias = Callable[[str, float], None]  # what is being done, and the part that is


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of a case; ``reason`` tells why there is no timing."""

    case: Case
    timing: Timing | None = None
    speedup: float | None = None  # against the same engine by gather
    start: float | None = None  # seconds to build it and run it once
    memory: int | None = None  # bytes, at the peak of a run
    saved: int | None = None  # bytes that a step of training keeps for its way back
    device: str = ""
    reason: str = ""
    failed: bool = False  # refused, or what it gives is wrong: the machine is not to blame


@dataclass(frozen=True, slots=True)
class Report:
    """A row for each case, in their order, and whether the user broke the measuring off."""

    rows: tuple[Row, ...]
    interrupted: bool


def bench(
    network: Network,
    cases: Sequence[Case],
    settings: Settings,
    progress: Progress = lambda _, __: None,
) -> Report:
    """Measures the cases on the same random weights, one batch size after another.

    ``progress`` is told what is being done, and which part of all the work is done. Raises
    `Failure` where the weights are more than memory holds.
    """
    from seqdsl.backends.torch.contenders import threads

    with threads(settings.threads):
        return _bench(network, cases, settings, progress)


def _bench(
    network: Network, cases: Sequence[Case], settings: Settings, progress: Progress
) -> Report:
    state = scaled_state(network, settings.seed)
    rows = {case: Row(case, reason=INTERRUPTED) for case in cases}
    batches = list(dict.fromkeys(case.batch for case in cases))
    interrupted = False
    try:
        for place, batch in enumerate(batches):

            def told(what: str, part: float, place: int = place, batch: int = batch) -> None:
                progress(f"batch {batch}: {what}", (place + part) / len(batches))

            equals = [case for case in cases if case.batch == batch]
            _measure(network, equals, state, settings, told, rows)
    except KeyboardInterrupt:
        ENDING.take()  # what was measured is wanted
        interrupted = True
    return Report(tuple(_rated(row, rows) for row in rows.values()), interrupted)


def _measure(
    network: Network,
    cases: Sequence[Case],
    state: State,
    settings: Settings,
    progress: Progress,
    rows: dict[Case, Row],
) -> None:
    """Fills in the rows of the cases of one batch size."""
    array = input_of(network, cases[0].batch, settings.seed)
    ready: dict[Case, Contender] = {}
    expected: Array | None = None
    for place, case in enumerate(cases):
        progress(f"building {case.backend}, {case.shown}", place / len(cases) / 2)
        if settings.provider is Provider.CUDA and not case.engine.load().sees_cuda():
            rows[case] = Row(case, reason=NO_DEVICE)
            continue
        try:
            contender = started(partial(make, case, network, state, array, settings))
        except Failure as failure:
            rows[case] = Row(case, reason=failure.diagnostic.message, failed=True)
            continue
        wrong = None if contender.logits is None else _wrong(contender.logits, expected, settings)
        if wrong is not None:
            rows[case] = Row(case, device=contender.device, reason=wrong, failed=True)
            continue
        expected = contender.logits if expected is None else expected
        progress(f"memory of {case.backend}, {case.shown}", (place + 0.5) / len(cases) / 2)
        memory = _memory(network, case, settings, contender)
        rows[case] = Row(
            case, start=contender.start, memory=memory, saved=contender.saved,
            device=contender.device, reason=INTERRUPTED,
        )  # fmt: skip
        ready[case] = contender
    timings, interrupted = take_turns(
        [contender.run for contender in ready.values()],
        settings.seconds,
        lambda part: progress("timing, in turn", 0.5 + part / 2),
    )
    for case, timing in zip(ready, timings, strict=True):
        rows[case] = replace(rows[case], timing=timing, reason="" if timing else INTERRUPTED)
    if interrupted:
        raise KeyboardInterrupt


def started(make: Callable[[], Contender]) -> Contender:
    """What is made, with the seconds that it took."""
    start = time.perf_counter()
    contender = make()
    return replace(contender, start=time.perf_counter() - start)


def _wrong(logits: Array, expected: Array | None, settings: Settings) -> str | None:
    """What is wrong with logits, beside those of the first contender; None for nothing."""
    if not_finite(logits):
        return "its logits hold NaN or infinity"
    error = 0.0 if expected is None else relative_error(logits, expected)
    if error > TOLERANCE[settings.dtype]:
        return f"its logits differ by {error:.0e} of the largest"
    return None


def _memory(network: Network, case: Case, settings: Settings, contender: Contender) -> int | None:
    if not settings.memory or contender.device != "CPU":
        return contender.peak
    if case.mode is Mode.COMPILED:
        return None  # its compiler's memory can't be told apart
    from seqdsl.backends.bench.peak import peak_memory

    return peak_memory(network, case, settings)


def _rated(row: Row, rows: dict[Case, Row]) -> Row:
    """The row with its ratio to what the same engine does by gather."""
    case = row.case
    mode = Mode.RUN if case.mode is Mode.COMPILED else case.mode
    base = rows.get(Case(case.engine, Strategy.GATHER, case.batch, mode))
    if row.timing is None or base is None or base.timing is None:
        return row
    return replace(row, speedup=row.timing.speedup(base.timing))
