"""What each stage of the compiler makes of a network, as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from seqdsl.cli.common import instance_or_exit
from seqdsl.graph.dump import dump
from seqdsl.passes.schedule.strategy import STRATEGIES, Strategy
from seqdsl.source.diagnostic import has_errors
from seqdsl.source.frozen import frozen

if TYPE_CHECKING:
    from seqdsl.graph.network import Network
    from seqdsl.passes.schedule.schedule import Schedules
    from seqdsl.semantic.names.modules import Program
    from seqdsl.source.diagnostic import Diagnostic


class Stage(Enum):
    """A step after which a compilation can stop."""

    PARSE = "parse"  # the syntax tree
    NAMES = "names"  # what each name stands for
    EXPAND = "expand"  # the graph, with what no output reads
    PRUNE = "prune"  # the graph of the network
    SCHEDULE = "schedule"  # how each aggregation is computed
    FOLD = "fold"  # which batch norm goes into which convolution
    LOWER = "lower"  # the graph that is executed
    PLAN = "plan"  # the modules that the graph becomes


TARGETS = ("onnx", "torch")
OF_SOURCE = (Stage.PARSE, Stage.NAMES)
OF_GRAPH = (Stage.EXPAND, Stage.PRUNE)
OF_TARGET = {
    "onnx": (Stage.SCHEDULE, Stage.FOLD, Stage.LOWER),
    "torch": (Stage.LOWER, Stage.PLAN),
}


@frozen
class Lowering:
    """A target, and the schedule and batch size that it is lowered for."""

    target: str
    schedule: str  # the name of a strategy, or a file
    batch: int


def source_text(program: Program, stage: Stage) -> tuple[str | None, Sequence[Diagnostic]]:
    """A file after a stage that looks at its text alone; None where there are errors, and these."""
    if has_errors(program.diagnostics):
        return None, program.diagnostics
    if stage is Stage.PARSE:
        from seqdsl.syntax.dump import dump as dump_tree

        return dump_tree(program.root.syntax), program.diagnostics
    from seqdsl.semantic.names.dump import dump as dump_names
    from seqdsl.semantic.names.resolve import resolve

    names = resolve(program.root)
    if has_errors(names.diagnostics):
        return None, names.diagnostics
    return dump_names(names, program.root.syntax.source), names.diagnostics


def graph_text(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    stage: Stage,
    lowering: Lowering | None,
) -> str:
    """A network after a stage. Prints what is wrong and exits where there is none.

    Raises `Failure` where a file of schedules can't be used.
    """
    instance = instance_or_exit(file, network_name, defines, claims=False)
    network, unpruned = instance.network, instance.unpruned
    assert network is not None and unpruned is not None
    if lowering is None:
        return dump(unpruned if stage is Stage.EXPAND else network)
    if lowering.target == "torch":
        return _torch_text(network, Strategy(lowering.schedule), stage)
    return _ONNX[stage](network, _schedules(network, lowering))


def _schedules(network: Network, lowering: Lowering) -> Schedules:
    from seqdsl.passes.schedule.choose import choose

    if lowering.schedule in STRATEGIES:
        return choose(network, Strategy(lowering.schedule), lowering.batch)
    from seqdsl.backends.bench.schedule_file import read_schedules

    return read_schedules(Path(lowering.schedule), network)


def _schedule_text(network: Network, schedules: Schedules) -> str:
    from seqdsl.passes.schedule.record import record

    return record(network, schedules, {})


def _folded_text(network: Network, _: Schedules) -> str:
    from seqdsl.passes.folding import foldable

    nodes = network.nodes
    found = foldable(network).items()
    return "".join(f"{nodes[conv].path} <- {nodes[norm].path}\n" for conv, norm in found)


def _lowered_text(network: Network, schedules: Schedules) -> str:
    from seqdsl.passes.schedule.lower import lower

    return dump(lower(network, schedules).network)


_ONNX: dict[Stage, Callable[[Network, Schedules], str]] = {
    Stage.SCHEDULE: _schedule_text,
    Stage.FOLD: _folded_text,
    Stage.LOWER: _lowered_text,
}


def _torch_text(network: Network, strategy: Strategy, stage: Stage) -> str:
    from seqdsl.backends.torch.plan import lowered, planned
    from seqdsl.backends.torch.plan_dump import dump as dump_plan

    gathers = strategy is Strategy.GATHER
    if stage is Stage.LOWER:
        return dump(lowered(network, gathers=gathers))
    return dump_plan(planned(network, gathers=gathers))
