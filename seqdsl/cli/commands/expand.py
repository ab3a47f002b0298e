"""``seqdsl expand``"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from seqdsl.cli.common import exit_code, fail_with, network_options, show
from seqdsl.cli.stages import (
    OF_GRAPH,
    OF_SOURCE,
    OF_TARGET,
    TARGETS,
    Lowering,
    Stage,
    graph_text,
    source_text,
)
from seqdsl.cli.streams import print_source
from seqdsl.passes.schedule.strategy import OF_TORCH, STRATEGIES, Strategy
from seqdsl.source.diagnostic import Diagnostic, Failure

_STAGES = [stage.value for stage in Stage]


@click.command("expand")
@click.argument("file")
@network_options
@click.option("--graph", is_flag=True, help="Print the graph, a node a line.")
@click.option("--lowered", "target", type=click.Choice(TARGETS),
              help="Print what a schedule makes of the graph.")  # fmt: skip
@click.option("--stop-after", "stop", type=click.Choice(_STAGES), metavar="STAGE",
              help=f"Print what a stage makes: {', '.join(_STAGES)}.")  # fmt: skip
@click.option("--schedule", metavar=f"[{'|'.join(STRATEGIES)}|FILE]",
              help="With --lowered: how layers of groups are computed. Without: auto.")  # fmt: skip
@click.option("--batch", type=click.IntRange(min=1), metavar="SIZE",
              help="With --lowered onnx: the batch size to schedule for. Without: 1.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="A file to write, instead of standard output.")  # fmt: skip
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    graph: bool,
    target: str | None,
    stop: str | None,
    schedule: str | None,
    batch: int | None,
    output: Path | None,
) -> None:
    """Write a network of FILE as a plain source: every parameter bound, every repeat and condition
    worked out, a derived network's layers in their places. It compiles to the same graph.

    With --graph, --lowered or --stop-after, print what a stage of the compiler makes of it instead.
    """
    stage = _stage(graph, target, None if stop is None else Stage(stop))
    lowering = _lowering(target, schedule, batch)
    try:
        if stage is None:
            text = _plain(file, network_name, defines)
        elif stage in OF_SOURCE:
            text = _of_source(file, stage)
        else:
            text = graph_text(file, network_name, defines, stage, lowering)
        if output is None:
            print_source(text)
            return
        from seqdsl.backends.files import write_whole

        write_whole(output, text.encode())
    except Failure as failure:
        fail_with(failure)


def _stage(graph: bool, target: str | None, stop: Stage | None) -> Stage | None:
    """The stage to stop after; None for the plain source. Exits where the options don't agree."""
    if target is not None:
        known = OF_TARGET[target]
        if stop is not None and stop not in known:
            words = ", ".join(stage.value for stage in known)
            raise click.UsageError(
                f"--stop-after {stop.value} does not go with --lowered {target}, whose stages are "
                f"{words}"
            )
        return stop or Stage.LOWER
    if stop is not None and stop not in (*OF_SOURCE, *OF_GRAPH):
        targets = " or ".join(name for name, stages in OF_TARGET.items() if stop in stages)
        raise click.UsageError(f"--stop-after {stop.value} needs --lowered {targets}")
    if graph and stop not in (None, *OF_GRAPH):
        assert stop is not None
        raise click.UsageError(f"--graph: there is no graph yet after {stop.value}")
    return stop or (Stage.PRUNE if graph else None)


def _lowering(target: str | None, schedule: str | None, batch: int | None) -> Lowering | None:
    """Exits where an option has no part in the lowering, or a schedule is none of the target's."""
    if target is None:
        for option, value in (("--schedule", schedule), ("--batch", batch)):
            if value is not None:
                raise click.UsageError(f"{option} needs --lowered")
        return None
    chosen = schedule or Strategy.AUTO.value
    if target == "torch":
        if batch is not None:
            raise click.UsageError("--batch needs --lowered onnx")
        if chosen not in [strategy.value for strategy in OF_TORCH]:
            raise click.UsageError("a .py is built with --schedule auto or gather")
    elif chosen not in STRATEGIES:
        if not chosen.endswith(".json"):
            words = ", ".join(STRATEGIES)
            raise click.UsageError(f"--schedule is one of {words}, or a .json, not {chosen!r}")
        if batch is not None:
            raise click.UsageError("a file's schedules are for the batch size they were tuned at")
    return Lowering(target, chosen, batch or 1)


def _plain(file: str, network_name: str | None, defines: dict[str, str]) -> str:
    from seqdsl.api import expand_plainly

    return _made(*expand_plainly(file, network_name, defines))


def _of_source(file: str, stage: Stage) -> str:
    """Raises `Failure` where a file can't be read."""
    from seqdsl.api import read_program

    return _made(*source_text(read_program(file), stage))


def _made(text: str | None, diagnostics: Sequence[Diagnostic]) -> str:
    """The text of a stage. Exits where there is none, and prints why."""
    if text is None:
        show(diagnostics)
        sys.exit(exit_code(diagnostics))
    return text
