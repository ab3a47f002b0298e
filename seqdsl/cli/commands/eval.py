"""``seqdsl eval``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import (
    claims_option,
    ema_option,
    fail_with,
    load_or_exit,
    network_options,
    note,
    say,
    source_argument,
    warning,
)
from seqdsl.cli.data_options import data_options, open_for
from seqdsl.cli.engines import engine_options, runner_of
from seqdsl.cli.progress import progress_bar
from seqdsl.cli.recorded_options import given_or_recorded, preprocessing_option
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, whole, write_tables
from seqdsl.source.diagnostic import Failure
from seqdsl.training.options import DataSource

if TYPE_CHECKING:
    from seqdsl.backends.weights.recorded import Recorded
    from seqdsl.graph.network import Network
    from seqdsl.training.data.batch import Data
    from seqdsl.training.evaluation import Errors


@click.command("eval")
@source_argument
@network_options
@claims_option
@data_options
@click.option("--weights", type=click.Path(path_type=Path), required=True,
              help="A checkpoint: safetensors, or torch's.")  # fmt: skip
@preprocessing_option
@ema_option
@engine_options
@click.option(
    "--holdout",
    type=click.IntRange(min=0),
    default=0,
    help="As many samples as a run of this seed held out, where nothing else tests.",
)
@click.option("--seed", type=click.IntRange(min=0, max=2**31), default=0, show_default=True)
@click.option("--batch", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    data: str,
    data_path: Path | None,
    skip_unreadable: bool,
    weights: Path,
    preprocessing: str | None,
    ema: bool | None,
    engine: str,
    provider: str,
    holdout: int,
    seed: int,
    batch: int,
    format: str,
) -> None:
    """Measure the top-1 and top-5 errors of a network of FILE on a data set's test samples.

    Images are seen once, as a single centre crop (section 4.1); ImageNet's are those of val. They
    become inputs as the weights record it, or else as training on the data set makes them.
    """
    network = load_or_exit(file, network_name, defines, claims=claims)
    source = DataSource(data, data_path, seed, skip_unreadable)
    try:
        errors = _errors(
            network, source, holdout, weights, ema, preprocessing, engine, provider, batch
        )
    except Failure as failure:
        fail_with(failure)
    if errors.note is not None:
        note(f"{errors.note}; running on {errors.provider}")
    say(f"{network.name}, {weights}, on {engine}, {errors.provider}")
    if errors.unreadable:
        shown = ", ".join(errors.unreadable[:3])
        say(f"{len(errors.unreadable):,} samples could not be read: {shown}")
    headings = ("data", "samples", "top-1 error", "top-5 error")
    numbers: list[Cell] = [Number(value, f"{value:.2f}") for value in (errors.top1, errors.top5)]
    row: tuple[Cell, ...] = (data, whole(errors.samples), *numbers)
    title = f"{network.name}, in %"
    click.echo(write_tables([Table(title, headings, (row,), frozenset(headings[1:]))], format))


def _errors(
    network: Network,
    source: DataSource,
    holdout: int,
    weights: Path,
    ema: bool | None,
    preprocessing: str | None,
    engine: str,
    provider: str,
    batch: int,
) -> Errors:
    from seqdsl.backends.weights.state import load_state
    from seqdsl.training.evaluation import evaluate

    recorded = given_or_recorded(weights, preprocessing, None, network)
    state = load_state(weights, network, ema, note)
    data = open_for(network, source, holdout, recorded.preprocessing)
    _warn(recorded, data, weights, "--preprocessing" if preprocessing else str(weights))
    with progress_bar() as report:
        runner = runner_of(engine, network, state, provider)
        return evaluate(runner, data.test or data.validation, batch, report)


def _warn(recorded: Recorded, data: Data, weights: Path, by: str) -> None:
    """Warn where inputs or classes differ from those that training on the data set has.

    ``by`` is what says how inputs are made.
    """
    how = recorded.preprocessing
    if how is not None and not how.alike(data.preprocessing):
        warning(
            f"{data.name} is shown as {how}, by {by}; training on it shows {data.preprocessing}"
        )
    if recorded.classes is not None and recorded.classes != data.classes:
        pairs = zip(recorded.classes, data.classes, strict=True)
        ours, theirs = next((ours, theirs) for ours, theirs in pairs if ours != theirs)
        warning(f"{weights} names other classes than {data.name}: {ours} where that has {theirs}")
