"""``seqdsl plot``: the paper's two plots of training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
    source_argument,
)
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.suggest import nearest
from seqdsl.training.metrics import METRICS, read_metrics

if TYPE_CHECKING:
    from seqdsl.backends.arrays import State
    from seqdsl.backends.drawing.plots import Curve
    from seqdsl.graph.network import Network
    from seqdsl.passes.connections import Exploded
    from seqdsl.training.metrics import Row
    from seqdsl.training.run import Run

_PATH = click.Path(path_type=Path)
_FORMATS = (".svg", ".png", ".pdf")
_A_DOZEN = 12


@click.group("plot")
def command() -> None:
    """Plot what training has made of a network, and how it went.

    Both plots are the paper's, and docs/plots.md tells what is in them. They need matplotlib.
    """


_output_option = click.option(
    "-o", "--output", type=_PATH, required=True, help="A .svg, .png or .pdf file."
)


@command.command("weights", short_help="Draw how heavily groups use one another (Figure 5).")
@source_argument
@network_options
@claims_option
@click.option("--weights", "checkpoint", type=_PATH, required=True, metavar="CHECKPOINT",
              help="The weights: safetensors, or a torch checkpoint.")  # fmt: skip
@ema_option
@_output_option
@click.option("--layer", "wanted", metavar="PATH", multiple=True,
              help="A layer by its path, those of a part, such as conv3, or `all`.")  # fmt: skip
def weights(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    checkpoint: Path,
    ema: bool | None,
    output: Path,
    wanted: tuple[str, ...],
) -> None:
    """Draw how heavily the groups of a layer use the groups that they see (Figure 5).

    Without --layer: of each stage, the layer that ends its first residual block; or else, all
    layers up to a dozen.
    """
    _check_suffix(output)
    network = load_or_exit(file, network_name, defines, claims=claims)
    from seqdsl.passes.connections import explode

    found = explode(network)
    if not found:
        raise click.UsageError(f"{network.name} has no layer whose groups see others by weights")
    layers = _chosen(found, wanted)
    try:
        from seqdsl.backends.weights.state import load_state

        _draw_weights(layers, load_state(checkpoint, network, ema, note), output)
    except Failure as failure:
        fail_with(failure)


def plot_run(run: Run, network: Network, state: State) -> list[Path]:
    """Both plots of a run, in its folder: the curves, and the weights of a network of groups.

    Raises `Failure`.
    """
    from seqdsl.backends.drawing.plots import plot_curves
    from seqdsl.passes.connections import explode

    plots = [run.curves]
    plot_curves([_curve(run.metrics, run.folder.resolve().name)], run.curves)
    layers = explode(network)
    if layers:
        _draw_weights(_chosen(layers, ()), state, run.heat_maps)
        plots.append(run.heat_maps)
    return plots


def _draw_weights(layers: list[Exploded], state: State, output: Path) -> None:
    from seqdsl.backends.drawing.plots import MOST, Heat, plot_weights
    from seqdsl.backends.weights.usage import usage

    if output.suffix.lower() != ".pdf":
        layers = _at_most(MOST, layers, "a .pdf has pages for all")
    heats = [Heat(each.name, usage(each, state), each.inputs) for each in layers]
    plot_weights(heats, output)


@command.command("curves")
@click.argument("runs", type=_PATH, nargs=-1, required=True, metavar="RUN...")
@_output_option
def curves(runs: tuple[Path, ...], output: Path) -> None:
    """Draw the errors of runs by epoch (Figure 4).

    A RUN is a folder that `seqdsl train` made, or a metrics.csv of one.
    """
    from seqdsl.backends.drawing.plots import plot_curves

    _check_suffix(output)
    try:
        plot_curves([_curve(*each) for each in _named(runs)], output)
    except Failure as failure:
        fail_with(failure)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in _FORMATS:
        raise click.UsageError(f"{path}: the output is one of {', '.join(_FORMATS)}")


def _chosen(layers: list[Exploded], wanted: Sequence[str]) -> list[Exploded]:
    """The layers that are asked for, in their order."""
    if "all" in wanted:
        return layers
    if wanted:
        paths = [path.strip("/") for path in wanted]
        for path in paths:
            _require(path, layers)
        return [layer for layer in layers if any(_within(layer, path) for path in paths)]
    ends: dict[str, Exploded] = {}  # by stage
    for layer in layers:
        if layer.joined:
            ends.setdefault(layer.name.partition("/")[0], layer)
    return _at_most(_A_DOZEN, list(ends.values()) or layers, "`--layer` picks others, or `all`")


def _within(layer: Exploded, path: str) -> bool:
    return layer.name == path or layer.name.startswith((f"{path}/", f"{path} ("))


def _require(path: str, layers: Sequence[Exploded]) -> None:
    if any(_within(layer, path) for layer in layers):
        return
    near = nearest(path, sorted({s.path for layer in layers for s in layer.scope.ancestry()}))
    hint = f" Did you mean {near}?" if near else f" One is {layers[0].name}."
    raise click.UsageError(f"there is no layer of groups at {path}.{hint}")


def _at_most(count: int, layers: list[Exploded], way: str) -> list[Exploded]:
    """Keep the first layers, and note on standard error how many are left out."""
    left = len(layers) - count
    if left > 0:
        note(f"the first {count} of {len(layers)} layers are drawn; {way}")
    return layers[:count]


def _named(runs: Sequence[Path]) -> list[tuple[Path, str]]:
    """Each run's file, and the shortest of its names that no other run has."""
    files = [run / METRICS if run.is_dir() else run for run in runs]
    names = [file.parent.resolve().name if file.name == METRICS else file.stem for file in files]
    return [
        (file, name if names.count(name) == 1 else str(run))
        for run, file, name in zip(runs, files, names, strict=True)
    ]


def _curve(path: Path, name: str) -> Curve:
    """A run's errors, and where its rate falls. Raises `Failure`."""
    from seqdsl.backends.drawing.plots import Curve

    rows = read_metrics(path)
    training, validation = [row.train_error for row in rows], [row.top1 for row in rows]
    if all(map(math.isnan, (*training, *validation))):
        message = f"{path} has no error of any epoch yet"
        raise unlocated("unreadable-input", message, path)
    return Curve(name, [row.epoch for row in rows], training, validation, list(_drops(rows)))


def _drops(rows: Sequence[Row]) -> Iterator[int]:
    """The epochs after which a rate that was constant falls: none of a cosine's."""
    for before, row, after in zip(rows, rows[1:], rows[2:], strict=False):
        if before.lr == row.lr > after.lr:
            yield row.epoch
