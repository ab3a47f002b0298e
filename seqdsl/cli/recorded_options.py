"""``--preprocessing`` and ``--classes``: what a file of weights does not record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from seqdsl.backends.recorded import Recorded
    from seqdsl.graph.network import Network
    from seqdsl.graph.tensor import TensorType

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
    from seqdsl.backends.recorded import NOTHING, recorded

    type, held = network.input.type, NOTHING if weights is None else recorded(weights)
    found = given(preprocessing, classes, type).over(held)
    found.require_fit(type, network.logits.type, str(weights or network.name))
    return found


def given(preprocessing: str | None, classes: Path | None, type: TensorType) -> Recorded:
    """What the options say. Raises `Failure`."""
    from seqdsl.backends.recorded import Recorded, given_classes, given_preprocessing

    return Recorded(
        None if preprocessing is None else given_preprocessing(preprocessing, type),
        None if classes is None else given_classes(classes),
    )
