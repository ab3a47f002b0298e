"""The ways in which onnxruntime runs a network, for `seqdsl verify`: each way to schedule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from seqdsl.backends.arrays import Array, Outputs, State
from seqdsl.backends.engine import Traced, Variant
from seqdsl.backends.onnx.model import save_onnx, to_onnx, value_name
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.running import Provider
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.choose import choose
from seqdsl.passes.schedule.lower import lower
from seqdsl.passes.schedule.schedule import Schedules
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.source.frozen import frozen


@frozen
class Form:
    """A model of a network."""

    name: str
    schedules: Schedules
    fold: bool  # batch norms


def forms(network: Network) -> Iterator[Form]:
    """Yield the definition, folded and not, and what every strategy makes that differs."""
    yield Form("as defined", {}, False)
    yield Form("folded", {}, True)
    seen: list[Schedules] = [choose(network, Strategy.GATHER)]
    for strategy in (Strategy.SCATTER, Strategy.BLOCKED, Strategy.AUTO):
        schedules = choose(network, strategy)
        if schedules not in seen:
            seen.append(schedules)
            yield Form(strategy.value, schedules, True)


def variant(network: Network, state: State, folder: Path, form: Form) -> Variant:
    """Return a form, ready to run where there is a device for it."""
    path = folder / f"{form.name}.onnx"
    save_onnx(to_onnx(network, state, schedules=form.schedules, fold=form.fold), path)
    runner = Runner(path, Provider.AUTO)
    label = runner.provider.removesuffix("ExecutionProvider")

    def run(array: Array) -> Outputs:
        return runner(array).outputs

    return Variant(f"onnxruntime, {form.name} ({label})", run, partial(trace, network, state, form))


def trace(network: Network, state: State, form: Form, x: Array) -> Iterator[Traced]:
    """Yield the values of nodes that onnxruntime computes without its own optimisations."""
    scheduled = lower(network, form.schedules, fold=form.fold)
    model = to_onnx(network, state, schedules=form.schedules, fold=form.fold, expose=True)
    outputs = Runner(model, optimise=False)(x).outputs
    for index, piece in scheduled.origins.items():
        name = value_name(scheduled.network, scheduled.network.nodes[index].path)
        if name in outputs:
            yield Traced(piece.node, piece.start, piece.stop, outputs[name])
