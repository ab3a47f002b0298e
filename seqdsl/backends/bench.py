"""Measures a network: each engine on each schedule, contenders of one batch size in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TypeAlias

import numpy as np

from seqdsl.backends.measuring import Run, Timing, take_turns
from seqdsl.backends.running import Dtype, Provider, random_input, relative_error
from seqdsl.backends.weights import Array, State, not_finite, random_state
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.source.diagnostic import Failure
from seqdsl.source.ending import ENDING

NO_DEVICE = "no device"
INTERRUPTED = "interrupted"
TOLERANCE = {Dtype.FLOAT32: 1e-4, Dtype.FLOAT16: 3e-2, Dtype.BFLOAT16: 1e-1}

Progress: TypeAlias = Callable[[str, float], None]  # what is being done, and the part that is


class Engine(Enum):
    """What runs a network, and how."""

    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"
    COMPILED = "torch.compile"
    TRAINING = "torch train"


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: an engine on a schedule at a batch size."""

    engine: Engine
    schedule: Strategy
    batch: int
    recompute: bool = False  # in training: what can be computed again is not kept

    @property
    def shown(self) -> str:
        """The schedule, and whether things are computed again."""
        return f"{self.schedule.value}, recompute" if self.recompute else self.schedule.value


@dataclass(frozen=True, slots=True)
class Settings:
    """How all cases are measured."""

    provider: Provider = Provider.AUTO
    dtype: Dtype = Dtype.FLOAT32
    threads: int | None = None  # None for as many as each engine takes by itself
    seconds: float = 2.0  # of timing, a case
    memory: bool = True
    seed: int = 0


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


@dataclass(frozen=True, slots=True)
class Contender:
    """A case ready to run, which has run once."""

    run: Run
    device: str  # where it really runs
    logits: Array | None = None
    saved: int | None = None
    peak: int | None = None  # bytes on a CUDA device, where its engine tells
    start: float | None = None  # seconds to build it and run it once


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
    from seqdsl.backends import torch_bench

    with torch_bench.threads(settings.threads):
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
        progress(f"building {case.engine.value}, {case.shown}", place / len(cases) / 2)
        if settings.provider is Provider.CUDA and not _has_cuda(case.engine):
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
        progress(f"memory of {case.engine.value}, {case.shown}", (place + 0.5) / len(cases) / 2)
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


def make(case: Case, network: Network, state: State, array: Array, settings: Settings) -> Contender:
    """A case ready to run. Raises `Failure` where its engine refuses it."""
    provider, dtype = settings.provider, settings.dtype
    if case.engine is Engine.ONNXRUNTIME:
        from seqdsl.backends.onnx_half import to_half
        from seqdsl.backends.onnx_model import to_onnx
        from seqdsl.backends.onnx_run import BoundRunner
        from seqdsl.passes.schedule.choose import choose

        schedules = choose(network, case.schedule, case.batch)
        model = to_onnx(network, state, schedules=schedules)
        if dtype is not Dtype.FLOAT32:
            model = to_half(model, dtype)
        bound = BoundRunner(model, array, provider, threads=settings.threads)
        return Contender(bound, bound.device, bound.outputs()["logits"])
    from seqdsl.backends import torch_bench
    from seqdsl.backends.execution import Execution
    from seqdsl.backends.torch_inference import to_inference
    from seqdsl.backends.torch_module import to_training

    execution = Execution(case.schedule, case.recompute)
    if case.engine is Engine.TRAINING:
        module = to_training(network, state, execution)
        training = torch_bench.Training(module, array, provider, dtype)
        return Contender(training, training.device, None, training.saved, training.peak())
    module = to_inference(network, state, execution)
    kind = torch_bench.Compiled if case.engine is Engine.COMPILED else torch_bench.Inference
    inference = kind(module, array, provider, dtype)
    return Contender(inference, inference.device, inference.logits(), None, inference.peak())


def scaled_state(network: Network, seed: int) -> State:
    """Random weights, with statistics on the scale of what they normalise."""
    from seqdsl.backends.torch_bench import scale

    state = random_state(network, seed)
    scale(network, state, input_of(network, 1, seed))
    return state


def input_of(network: Network, batch: int, seed: int) -> Array:
    """The batch that every case of a size runs on."""
    return random_input(network, batch, np.random.default_rng(seed + 1))


def _wrong(logits: Array, expected: Array | None, settings: Settings) -> str | None:
    """What is wrong with logits, beside those of the first contender; None for nothing."""
    if not_finite(logits):
        return "its logits hold NaN or infinity"
    error = 0.0 if expected is None else relative_error(logits, expected)
    if error > TOLERANCE[settings.dtype]:
        return f"its logits differ by {error:.0e} of the largest"
    return None


def _has_cuda(engine: Engine) -> bool:
    if engine is Engine.ONNXRUNTIME:
        from seqdsl.backends.onnx_run import cuda_device

        return cuda_device()
    from seqdsl.backends import torch_bench

    return torch_bench.cuda_device()


def _memory(network: Network, case: Case, settings: Settings, contender: Contender) -> int | None:
    if not settings.memory or contender.device != "CPU":
        return contender.peak
    if case.engine is Engine.COMPILED:
        return None  # its compiler's memory can't be told apart
    from seqdsl.backends.peak import peak_memory

    return peak_memory(network, case, settings)


def _rated(row: Row, rows: dict[Case, Row]) -> Row:
    """The row with its ratio to what the same engine does by gather."""
    engine = Engine.TORCH if row.case.engine is Engine.COMPILED else row.case.engine
    base = rows.get(Case(engine, Strategy.GATHER, row.case.batch))
    if row.timing is None or base is None or base.timing is None:
        return row
    return replace(row, speedup=row.timing.speedup(base.timing))
