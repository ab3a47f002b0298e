"""What `run` runs: a network of a source with its weights, or a model in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import note
from seqdsl.cli.engines import runner_of
from seqdsl.cli.recorded_options import given, given_or_recorded
from seqdsl.source.frozen import frozen

if TYPE_CHECKING:
    from seqdsl.backends.engine import Runner
    from seqdsl.backends.targets import FileTarget
    from seqdsl.backends.weights.recorded import Recorded
    from seqdsl.graph.network import Network
    from seqdsl.graph.tensor import TensorType


@frozen
class Subject:
    """What is run, before it is built."""

    name: str
    origin: str  # of its weights
    holder: str  # what would have recorded how an input is made
    type: TensorType  # of its input
    outputs: tuple[str, ...]  # the first are the logits
    recorded: Recorded
    may_be_probabilities: bool  # the first output of a model that is not ours
    build: Callable[[], Runner]  # raises `Failure`


def source_subject(
    network: Network,
    weights: Path | None,
    ema: bool | None,
    engine: str,
    provider: str,
    preprocessing: str | None,
    classes: Path | None,
) -> Subject:
    """A network with its weights. Raises `Failure`."""
    from seqdsl.backends.weights.state import initial_state, load_state

    type = network.input.type
    state = initial_state(network) if weights is None else load_state(weights, network, ema, note)
    recorded = given_or_recorded(weights, preprocessing, classes, network)
    holder = network.name if weights is None else str(weights)
    return Subject(
        name=network.name,
        origin="untrained (no --weights)" if weights is None else holder,
        holder=holder,
        type=type,
        outputs=tuple(output.name for output in network.returned),
        recorded=recorded,
        may_be_probabilities=False,
        build=lambda: runner_of(engine, network, state, provider),
    )


def file_subject(
    target: FileTarget, path: Path, provider: str, preprocessing: str | None, classes: Path | None
) -> Subject:
    """A model in a file. Raises `Failure`."""
    from seqdsl.backends.running import Provider

    assert target.open is not None
    file = target.open(path, note)
    return Subject(
        name=file.name,
        origin=str(path),
        holder=str(path),
        type=file.type,
        outputs=file.outputs,
        recorded=given(preprocessing, classes, file.type).over(file.recorded),
        may_be_probabilities=not file.is_ours,
        build=lambda: file.runner(Provider(provider)),
    )


def refuse_source_options(target: FileTarget, **given: object) -> None:
    """Exit where an option that needs a source is given with a file that is built."""
    for option, value in given.items():
        if value:
            raise click.UsageError(
                f"--{option} needs a .seq file: {target.article} is one network, built"
            )
