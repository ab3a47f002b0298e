"""Finds the schedules of a network that are fastest here, by running it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.bench.measuring import take_turns
from seqdsl.backends.onnx.model import to_onnx
from seqdsl.backends.onnx.quiet_onnxruntime import onnxruntime
from seqdsl.backends.onnx.run import BoundRunner
from seqdsl.backends.running import Provider, random_input
from seqdsl.graph.aggregations import Aggregation, by_group
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.aggregations import scheduled_aggregations
from seqdsl.passes.schedule.choose import CANDIDATES, choose
from seqdsl.passes.schedule.schedule import GATHER, Schedule, Schedules
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.source.frozen import frozen

Report = Callable[[str, float], None]  # what is done, and the share of the work that is

_RUNS = 8  # of one schedule, profiled
_SECONDS = 1.0  # of each that is raced


@frozen
class Tuned:
    """The fastest schedules found, with the milliseconds of a run of those and of gathering."""

    schedules: Schedules
    milliseconds: float
    gathering: float


def tune(network: Network, state: State, batch: int, report: Report) -> Tuned:
    """Profiles every candidate for all aggregations, mixes the best for each, and races the mix
    with what the cost model expects and with the best single one. Raises `Failure`.
    """
    found = scheduled_aggregations(network)
    x = random_input(network, batch, np.random.default_rng(0))
    aggregations = list(dict.fromkeys(each.aggregation for each in found))
    candidates = CANDIDATES[Strategy.AUTO] if found else (GATHER,)
    times: list[dict[Aggregation, float]] = []
    for number, schedule in enumerate(candidates):
        report(spell(schedule), number / (len(candidates) + 1))
        model = to_onnx(network, state, schedules=dict.fromkeys(found, schedule))
        times.append(_profile(model.SerializeToString(), x, aggregations))
    mixed = {a: candidates[_least([t[a.aggregation] for t in times])] for a in found}
    single = candidates[_least([sum(t.values()) for t in times])]
    entrants: list[Schedules] = [
        choose(network, Strategy.GATHER),
        mixed,
        dict.fromkeys(found, single),
        choose(network, Strategy.AUTO, batch),
    ]

    def racing(part: float) -> None:
        report("the best against one another", (len(candidates) + part) / (len(candidates) + 1))

    racing(0)
    models = (to_onnx(network, state, schedules=entrant) for entrant in entrants)
    timings, interrupted = take_turns(
        [BoundRunner(model, x, Provider.CPU) for model in models], _SECONDS, racing
    )
    if interrupted:
        raise KeyboardInterrupt
    raced = [timing.median for timing in timings if timing is not None]
    best = _least(raced)
    return Tuned(entrants[best], 1e3 * raced[best], 1e3 * raced[0])


def spell(schedule: Schedule) -> str:
    """A schedule in words: ``blocks of 4, 32 channels at a time``."""
    if schedule.scatter:
        return "scatter"
    if schedule == Schedule():
        return "gather"
    blocks = f"blocks of {schedule.block}" if schedule.block > 1 else "group by group"
    return f"{blocks}, {schedule.chunk} channels at a time" if schedule.chunk else blocks


def _profile(model: bytes, x: Array, found: Sequence[Aggregation]) -> dict[Aggregation, float]:
    """The microseconds that onnxruntime spends in the groups of each aggregation: a median run."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(_RUNS):
            session.run(None, {"input": x})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    groups = {f"{group.path}/": each for group, each in by_group(found).items()}
    runs = list(_by_run(events, groups))
    return {a: median(run[a] for run in runs) for a in found}


def _by_run(
    events: list[dict[str, Any]], groups: Mapping[str, Aggregation]
) -> Iterator[dict[Aggregation, float]]:
    """What each run spends; the event of a run follows those of its nodes."""
    spent = dict.fromkeys(groups.values(), 0.0)
    for event in events:
        if event["name"] == "model_run":
            yield spent
            spent = dict.fromkeys(groups.values(), 0.0)
        elif event["cat"] == "Node":
            around = [group for group in groups if event["name"].startswith(group)]
            if around:
                spent[groups[max(around, key=len)]] += event["dur"]


def _least(values: Sequence[float]) -> int:
    return list(values).index(min(values))
