"""``seqdsl plot``: the paper's two plots of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
from seqdsl.cli.plots import chosen_layers, curve_of, draw_weights
from seqdsl.source.diagnostic import Failure
from seqdsl.training.metrics import METRICS

_PATH = click.Path(path_type=Path)
_FORMATS = (".svg", ".png", ".pdf")


@click.group("plot")
def command() -> None:
    """Plot what training has made of a network, and how it went.

    Both plots are the paper's, and docs/plots.md describes them. They need matplotlib.
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
    layers = chosen_layers(found, wanted)
    try:
        from seqdsl.backends.weights.state import load_state

        draw_weights(layers, load_state(checkpoint, network, ema, note), output)
    except Failure as failure:
        fail_with(failure)


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
        plot_curves([curve_of(*each) for each in _named(runs)], output)
    except Failure as failure:
        fail_with(failure)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in _FORMATS:
        raise click.UsageError(f"{path}: the output is one of {', '.join(_FORMATS)}")


def _named(runs: Sequence[Path]) -> list[tuple[Path, str]]:
    """Each run's file, and the shortest of its names that no other run has."""
    files = [run / METRICS if run.is_dir() else run for run in runs]
    names = [file.parent.resolve().name if file.name == METRICS else file.stem for file in files]
    return [
        (file, name if names.count(name) == 1 else str(run))
        for run, file, name in zip(runs, files, names, strict=True)
    ]
