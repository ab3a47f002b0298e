"""``--preprocessing`` and ``--classes``: what a file of weights does not record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from seqdsl.backends.weights.recorded import Recorded
    from seqdsl.graph.network import Network
    from seqdsl.graph.tensor import TensorType

from seqdsl.cli.common import note

F = TypeVar("F", bound=Callable[..., object])


def preprocessing_option(function: F) -> F:
    """``--preprocessing``: how a picture becomes an input."""
    return click.option(
        "--preprocessing", metavar="[imagenet|cifar|digits|FILE.json|JSON]",
        help="How a picture becomes an input.  [default: as the weights record it]",
    )(function)  # fmt: skip


def classes_option(function: F) -> F:
    """``--classes``: what the classes are called."""
    return click.option(
        "--classes", type=click.Path(path_type=Path), metavar="FILE",
        help="The classes' names, a line each.  [default: as the weights record them]",
    )(function)  # fmt: skip


def given_or_recorded(
    weights: Path | None, preprocessing: str | None, classes: Path | None, network: Network
) -> Recorded:
    """What the options say, or else what the weights record.

    Raises `Failure` where it can't be read, or does not fit the network.
    """
    from seqdsl.backends.weights.recorded import NOTHING, Recorded, recorded

    type, logits = network.input.type, network.logits.type
    held = NOTHING if weights is None else recorded(weights, note)
    asked = given(preprocessing, classes, type)
    if classes is not None:
        Recorded(None, asked.classes).require_fit(type, logits, str(classes))
    found = asked.over(held)
    found.require_fit(type, logits, str(weights or network.name))
    return found


def given(preprocessing: str | None, classes: Path | None, type: TensorType) -> Recorded:
    """What the options say. Raises `Failure`, for a preprocessing of another input, too."""
    from seqdsl.backends.weights.recorded import Recorded, given_classes, given_preprocessing

    how = None if preprocessing is None else given_preprocessing(preprocessing, type)
    Recorded(how).require_input(type, "--preprocessing")
    return Recorded(how, None if classes is None else given_classes(classes))
