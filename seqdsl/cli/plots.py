"""The paper's two plots of training: which layers and figures are in them, and where they go."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import note
from seqdsl.source.diagnostic import unlocated
from seqdsl.source.suggest import nearest
from seqdsl.training.metrics import read_metrics

if TYPE_CHECKING:
    from seqdsl.backends.arrays import State
    from seqdsl.backends.drawing.plots import Curve
    from seqdsl.graph.network import Network
    from seqdsl.passes.connections import Exploded
    from seqdsl.training.metrics import Row
    from seqdsl.training.run import Run

_A_DOZEN = 12


def plot_run(run: Run, network: Network, state: State) -> list[Path]:
    """Both plots of a run, in its folder: the curves, and the weights of a network of groups.

    Raises `Failure`.
    """
    from seqdsl.backends.drawing.plots import plot_curves
    from seqdsl.passes.connections import explode

    plots = [run.curves]
    plot_curves([curve_of(run.metrics, run.folder.resolve().name)], run.curves)
    layers = explode(network)
    if layers:
        draw_weights(chosen_layers(layers, ()), state, run.heat_maps)
        plots.append(run.heat_maps)
    return plots


def draw_weights(layers: list[Exploded], state: State, output: Path) -> None:
    from seqdsl.backends.drawing.plots import MOST, Heat, plot_weights
    from seqdsl.backends.weights.usage import usage

    if output.suffix.lower() != ".pdf":
        layers = _at_most(MOST, layers, "a .pdf has pages for all")
    heats = [Heat(each.name, usage(each, state), each.inputs) for each in layers]
    plot_weights(heats, output)


def chosen_layers(layers: list[Exploded], wanted: Sequence[str]) -> list[Exploded]:
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


def curve_of(path: Path, name: str) -> Curve:
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
