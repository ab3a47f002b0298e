"""What `train` and `eval` share: which data, and how they are had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from seqdsl.source.diagnostic import unlocated
from seqdsl.training.data.sets import DATA_SETS

if TYPE_CHECKING:
    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.graph.network import Network
    from seqdsl.training.data.batch import Data
    from seqdsl.training.options import DataSource

F = TypeVar("F", bound=Callable[..., object])


def data_options(function: F) -> F:
    """``--data``, ``--data-path`` and ``--skip-unreadable``."""
    for option in (
        click.option("--skip-unreadable", is_flag=True,
                     help="Pass over samples that can't be read, and count them."),
        click.option("--data-path", type=click.Path(path_type=Path), metavar="PATH",
                     help="Where the data are; digits need none."),
        click.option("--data", type=click.Choice(list(DATA_SETS)), default="digits",
                     show_default=True, help="The data set."),
    ):  # fmt: skip
        function = option(function)
    return function


def open_for(
    network: Network, source: DataSource, holdout: int, preprocessing: Preprocessing | None = None
) -> Data:
    """The data for a network's input and classes, shown by a preprocessing where one is given.
    Raises `Failure`.
    """
    from seqdsl.training.data.sets import open_data

    if source.data == "digits" and source.path is not None:
        raise click.UsageError("--data-path is of other data: digits come with scikit-learn")
    logits = network.logits.type
    if logits.elements != logits.channels or logits.channels < 2:
        raise unlocated(
            "unfit-data",
            f"{network.name} gives {logits}, and a classifier gives a number a class",
            network.root.span.source.name,
            "end it with `global_average_pool` and `fc classes`",
        )
    return open_data(
        source.data, source.path, network.input.type, classes=logits.channels, holdout=holdout,
        seed=source.seed, skip_unreadable=source.skip_unreadable, preprocessing=preprocessing,
    )  # fmt: skip
