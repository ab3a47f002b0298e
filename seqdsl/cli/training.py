"""What `train` does with a network, and what it tells of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from seqdsl.cli.common import exit_code, say, show
from seqdsl.cli.data_options import open_for
from seqdsl.cli.plots import plot_run
from seqdsl.cli.progress import progress_bar
from seqdsl.cli.tables import Cell, Number, Table, whole, write_tables
from seqdsl.graph.network import Network
from seqdsl.graph.recipe import Recipe, spell
from seqdsl.source.diagnostic import Failure
from seqdsl.training.options import DataSource, Machine
from seqdsl.training.run import Run

if TYPE_CHECKING:
    from seqdsl.training.data.batch import Data, Split
    from seqdsl.training.engine import Trained
    from seqdsl.training.evaluation import Errors
    from seqdsl.training.metrics import Row

_HEADINGS = ("epoch", "step", "lr", "train loss", "error", "val loss", "top-1", "top-5", "seconds")
_WIDTHS = (5, 9, 8, 12, 8, 10, 8, 8, 9)
_AT_ONCE = 64  # samples that a model is tested on
_COMPARED = 90  # epochs after which section 4.2 also reports the best error


def statement(recipe: Recipe) -> str:
    """A recipe as a `.seq` file states it."""
    lines = [f"  {name} = {spell(value)}" for name, value in asdict(recipe).items()]
    return "\n".join(["train {", *lines, "}"])


def plain_source_of(file: str, network: str | None, defines: Mapping[str, str]) -> str | None:
    """The network as a source of its own, to be kept with a run; None where it can't be."""
    from seqdsl.api import expand_plainly

    return None if file == "-" else expand_plainly(file, network, defines)[0]


def train_and_tell(
    network: Network,
    recipe: Recipe,
    source: DataSource,
    machine: Machine,
    folder: Path,
    plain: str | None,
    *,
    resume: bool,
) -> None:
    """Trains a network and writes what comes of it. Raises `Failure`; exits on a signal."""
    import_module(
        "seqdsl.backends.drawing.plots"
    )  # to miss matplotlib now, not after days of training
    from seqdsl.training.engine import is_first_process

    run = Run(folder)
    with _held(run, resume) if is_first_process() else nullcontext():
        _train_held(network, recipe, source, machine, run, plain, resume=resume)


def _held(run: Run, resume: bool) -> AbstractContextManager[None]:
    """The run's folder, kept for this process; a run that is not there can't be resumed."""
    from seqdsl.training.lock import held

    return nullcontext() if resume and not run.folder.is_dir() else held(run)


def _train_held(
    network: Network,
    recipe: Recipe,
    source: DataSource,
    machine: Machine,
    run: Run,
    plain: str | None,
    *,
    resume: bool,
) -> None:
    from seqdsl.training.engine import is_first_process, train
    from seqdsl.training.watch import SILENT, Listener, Stopped

    data, is_first = open_for(network, source, recipe.holdout), is_first_process()
    try:
        with progress_bar() if is_first else nullcontext() as report:
            listener = SILENT
            if report is not None:
                begin = partial(_heading, network, recipe, data)
                listener = Listener(begin, report, _tell_row, say)
            trained = train(
                network, recipe, data, source, machine, run,
                plain=plain, resume=resume, listener=listener,
            )  # fmt: skip
    except Stopped as stopped:
        at = stopped.position
        if is_first:
            say(f"{stopped}: epoch {at.epoch + 1}, step {at.step:,} is saved; --resume goes on")
        sys.exit(128 + stopped.number)
    except Failure as failure:
        if failure.diagnostic.code.name == "backend" and not is_first:
            sys.exit(1)  # what it waited for has failed, and says why
        if failure.diagnostic.code.name == "other-network":
            _show_difference(failure, run, network)
        raise
    if trained.is_first:
        _finish(network, data, trained)


def _show_difference(failure: Failure, run: Run, network: Network) -> NoReturn:
    """Exits with what differs between the network of a run and the one that is given."""
    from seqdsl.api import load_instance
    from seqdsl.cli.differences import difference_table
    from seqdsl.passes.difference.compare import diff

    show([failure.diagnostic])
    instance, _ = load_instance(run.source) if run.source.exists() else (None, [])
    if instance is not None and instance.network is not None:
        title = f"{run.folder} → {network.root.span.source.name}"
        table = difference_table(title, diff(instance.network, network))
        click.echo(write_tables([table], "table"), err=True)
    sys.exit(exit_code([failure.diagnostic]))


def _heading(network: Network, recipe: Recipe, data: Data) -> None:
    say(
        f"{network.name}, {network.params:,} parameters, on {data.name}: "
        f"{len(data.train):,} samples to train on, {len(data.validation):,} to validate"
    )
    falls = ", ".join(map(str, recipe.milestones))
    say(
        f"{recipe.epochs} epochs of batches of {recipe.batch}, rate {recipe.lr:g}"
        + (f", x {recipe.gamma:g} at {falls}" if falls else "")
    )
    _line(_HEADINGS)


def _tell_row(row: Row) -> None:
    _line((
        f"{row.epoch}", f"{row.step:,}", f"{row.lr:g}", f"{row.train_loss:.4f}",
        f"{row.train_error:.2f}", f"{row.val_loss:.4f}", f"{row.top1:.2f}", f"{row.top5:.2f}",
        f"{row.seconds:.1f}",
    ))  # fmt: skip


def _line(cells: Sequence[str]) -> None:
    click.echo("".join(f"{cell:>{n}}" for cell, n in zip(cells, _WIDTHS, strict=True)), err=True)


def _finish(network: Network, data: Data, trained: Trained) -> None:
    """The errors on standard output; the model and the plots in the run's folder."""
    from seqdsl.backends.onnx.model import save_onnx, to_onnx
    from seqdsl.passes.schedule.choose import choose

    run, schedules = trained.run, choose(network)
    model = to_onnx(network, trained.state, schedules=schedules, recorded=data.recorded)
    save_onnx(model, run.model)
    tested = None if data.test is None else _tested(run, data.test)
    click.echo(write_tables([_results(data, trained.rows, tested)], "table"))
    if tested is not None and tested.unreadable:
        say(f"{len(tested.unreadable):,} test samples can't be read, and are passed over")
    plots = plot_run(run, network, trained.state)
    if trained.unreadable:
        shown = ", ".join(trained.unreadable[:3])
        say(f"training samples that were passed over: {shown}")
    made = [run.final, run.best, run.model, run.metrics, *plots]
    say(f"{run.folder}: {', '.join(path.name for path in made)}")


def _tested(run: Run, split: Split) -> Errors:
    """The errors of the run's model on samples that neither trained nor validated."""
    from seqdsl.backends.onnx.run import Runner
    from seqdsl.training.evaluation import evaluate

    with progress_bar() as report:
        return evaluate(Runner(run.model), split, _AT_ONCE, report)


def _results(data: Data, rows: Sequence[Row], tested: Errors | None) -> Table:
    kinds = [("last epoch", rows[-1]), ("best epoch", min(rows, key=_top1))]
    if len(rows) > _COMPARED:
        kinds.append((f"best of {_COMPARED}", min(rows[:_COMPARED], key=_top1)))
    headings = ("validation", "epoch", "top-1 error", "top-5 error")
    cells = [(kind, whole(row.epoch), *_in_percent(row)) for kind, row in kinds]
    if tested is not None:
        cells.append(("test, last epoch", whole(rows[-1].epoch), *_in_percent(tested)))
    return Table(f"{data.name}, in %", headings, tuple(cells), frozenset(headings[1:]))


def _in_percent(errors: Row | Errors) -> tuple[Cell, Cell]:
    top1, top5 = errors.top1, errors.top5
    return Number(top1, f"{top1:.2f}"), Number(top5, f"{top5:.2f}")


def _top1(row: Row) -> float:
    return row.top1
