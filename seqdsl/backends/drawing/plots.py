"""Plots, with matplotlib: heat maps of weights (Figure 5), and curves of training (Figure 4)."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from seqdsl.backends.arrays import Array
from seqdsl.backends.drawing.text_width import text_width
from seqdsl.backends.files import write_whole
from seqdsl.source.frozen import frozen
from seqdsl.source.render_text import printable

PAGE = 12  # heat maps on a page of a PDF
MOST = 60  # on one picture

# Text stays text, so that it can be read out and searched for; the same plot is the same file.
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "seqdsl", "pdf.fonttype": 42, "font.size": 9,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "axes.edgecolor": "#55606A", "xtick.color": "#55606A", "ytick.color": "#55606A",
    "axes.labelcolor": "#24292F", "text.color": "#24292F",
}  # fmt: skip
_METADATA = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_GREY, _FAINT = "#55606A", "#D0D5DA"
# Blue for low and red for heavy use, as in the paper, by way of a yellow that is not taken for
# the white of no connection. Lightness falls to both ends, for the colour-blind and for grey.
_HEAT = LinearSegmentedColormap.from_list(
    "heat", ["#2B5BA8", "#7FB2D9", "#F7DC7F", "#EE8A4A", "#B8162B"]
)
# The Okabe-Ito palette without its yellow.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

_TRAINING: dict[str, Any] = {"linewidth": 0.9, "linestyle": (0, (4, 2)), "alpha": 0.9}
_VALIDATION: dict[str, Any] = {"linewidth": 1.6}
_MANY = 60  # errors: fewer are all shown
# Inches: a map's height, what is above it, and a row of maps in all; the room for the numbers at
# its side, for what they number, and for the scale. Points of a title; how many maps are in a row.
_SIDE, _TOP, _ROW, _TICKS, _MARGIN, _BAR = 2.6, 0.3, 3.4, 0.38, 0.22, 0.85
_TITLE_SIZE, _ACROSS = 9, 4


@frozen
class Heat:
    """A matrix of `seqdsl.backends.weights.usage`, and what is written above it."""

    title: str
    values: Array
    inputs: int  # how many of the rows are of the layer's input


@frozen
class Curve:
    """A run's errors in %, at epochs; NaN is a gap."""

    name: str
    epochs: Sequence[int]
    training: Sequence[float]
    validation: Sequence[float]
    drops: Sequence[float]  # where the learning rate falls


def plot_weights(heats: Sequence[Heat], path: Path) -> None:
    """Writes heat maps: a column for each x_i, a row for each x_j that it may see, white where it
    does not. A PDF has pages of `PAGE`. Raises `Failure`.
    """
    size = PAGE if path.suffix.lower() == ".pdf" else len(heats)
    with _settings():
        _write([_page(heats[at : at + size]) for at in range(0, len(heats), size)], path)


def plot_curves(curves: Sequence[Curve], path: Path) -> None:
    """Writes errors against epochs: training dashed, validation bold. Raises `Failure`."""
    with _settings():
        figure = Figure(figsize=(6.4, 3.7), layout="constrained")
        axes = figure.add_subplot()
        for at in sorted({drop for curve in curves for drop in curve.drops}):
            axes.axvline(at, color=_FAINT, linewidth=0.8, zorder=0)
        for curve, color in zip(curves, _colors(len(curves)), strict=True):
            _line(axes, curve, curve.training, color, _TRAINING)
            _line(axes, curve, curve.validation, color, _VALIDATION)
        axes.set_ylim(*_limits(curves))
        axes.set_xlim(0, 1.01 * max(epoch for curve in curves for epoch in curve.epochs))
        axes.xaxis.set_major_locator(_whole_numbers(8))
        axes.set_xlabel("epoch")
        axes.set_ylabel("error (%)")
        axes.grid(axis="y", color=_FAINT, linewidth=0.4)
        axes.spines[["top", "right"]].set_visible(False)
        _legend(figure, curves)
        _write([figure], path)


def _page(heats: Sequence[Heat]) -> Figure:
    """Heat maps side by side, all of one height, and one scale for them."""
    across = min(len(heats), _ACROSS)
    down = -(-len(heats) // across)
    columns = [[_Room.of(heat) for heat in heats[at::across]] for at in range(across)]
    widths = [max(r.left for r in rooms) + max(r.right for r in rooms) for rooms in columns]
    size = (_MARGIN + sum(widths) + _BAR, down * _ROW)
    figure = Figure(figsize=size)

    def axes_at(x: float, row: int, width: float) -> Axes:
        y = size[1] - row * _ROW - _TOP - _SIDE
        return figure.add_axes((x / size[0], y / size[1], width / size[0], _SIDE / size[1]))

    for at, heat in enumerate(heats):
        row, column = divmod(at, across)
        x = _MARGIN + sum(widths[:column]) + max(room.left for room in columns[column])
        _map(axes_at(x - columns[column][row].half, row, 2 * columns[column][row].half), heat)
        if column == 0:
            figure.axes[-1].set_ylabel("source group j")
    bar = figure.colorbar(
        ScalarMappable(cmap=_HEAT), cax=axes_at(size[0] - _BAR + 0.2, 0, 0.12), ticks=(0, 0.5, 1)
    )
    bar.set_label("mean |weight|, largest of a layer = 1")
    bar.outline.set_visible(False)
    return figure


@frozen
class _Room:
    """What a map takes to both sides of its middle, in inches."""

    half: float  # of the map itself
    left: float
    right: float

    @classmethod
    def of(cls, heat: Heat) -> _Room:
        rows, columns = heat.values.shape
        half = _SIDE * columns / rows / 2
        title = text_width(_title(heat), _TITLE_SIZE) / 72 / 2
        return cls(half, max(half + _TICKS, title), max(half, title) + 0.1)


def _map(axes: Axes, heat: Heat) -> None:
    rows, columns = heat.values.shape
    # An image of some pixels a cell: it stays sharp where a viewer smooths what it enlarges.
    pixels = max(1, 480 // rows)
    axes.imshow(
        heat.values.repeat(pixels, 0).repeat(pixels, 1), cmap=_HEAT, vmin=0, vmax=1,
        interpolation="none", aspect="auto",
        extent=(0.5, columns + 0.5, rows - heat.inputs + 0.5, 0.5 - heat.inputs),
    )  # fmt: skip
    axes.axhline(0.5, color=_GREY, linewidth=0.5, linestyle=(0, (4, 3)))  # below is the layer's own
    axes.set_title(_title(heat), fontsize=_TITLE_SIZE, parse_math=False)
    axes.xaxis.set_major_locator(_whole_numbers(min(columns, 6 * columns // rows + 1)))
    axes.yaxis.set_major_locator(_whole_numbers(min(rows, 9)))
    axes.set_xlabel("group i")


def _whole_numbers(count: int) -> MaxNLocator:
    return MaxNLocator(count, integer=True, steps=[1, 2, 4, 5, 10])


def _title(heat: Heat) -> str:
    return _short(heat.title, 60)


def _short(text: str, most: int) -> str:
    """The end of a text that is too long: of a path, what tells it apart."""
    shown = printable(text)
    return shown if len(shown) <= most else f"…{shown[1 - most :]}"


def _line(
    axes: Axes, curve: Curve, values: Sequence[float], color: str, style: dict[str, Any]
) -> None:
    points = [each for each in zip(curve.epochs, values, strict=True) if np.isfinite(each[1])]
    if points:
        marker = "." if len(points) < 8 else None  # a single one would not be seen
        axes.plot(*zip(*points, strict=True), color=color, marker=marker, **style)


def _legend(figure: Figure, curves: Sequence[Curve]) -> None:
    """Runs with their last validation error, and the two kinds of lines, above the curves."""
    handles = [Line2D([], [], color=color, linewidth=2) for color in _colors(len(curves))]
    handles += [Line2D([], [], color=_GREY, **style) for style in (_VALIDATION, _TRAINING)]
    names = [*map(_named, curves), "validation", "training"]
    across = int(figure.get_figwidth() / (max(text_width(name, 9) for name in names) / 72 + 0.5))
    across = min(max(across, 1), len(names), 4)
    figure.set_figheight(figure.get_figheight() + 0.19 * -(-len(names) // across))
    # A label that begins with an underscore would be left out, so names come afterwards.
    legend = figure.legend(
        handles, ["-" * len(name) for name in names], loc="outside upper left", frameon=False,
        ncols=across,
    )  # fmt: skip
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_parse_math(False)
        text.set_text(name)


def _named(curve: Curve) -> str:
    known = [value for value in curve.validation if np.isfinite(value)]
    return _short(curve.name, 40) + (f"  {known[-1]:.2f} %" if known else "")


def _limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """What of the errors is shown: all but the few high ones of the first epochs."""
    values = np.array([v for c in curves for v in (*c.training, *c.validation)])
    values = values[np.isfinite(values)]
    top = float(np.quantile(values, 0.95 if values.size > _MANY else 1))
    low = float(values.min())
    room = max(0.06 * (top - low), 0.5)
    return max(0, low - room), top + room


def _colors(count: int) -> list[str]:
    return [_COLORS[at % len(_COLORS)] for at in range(count)]


@contextmanager
def _settings() -> Iterator[None]:
    """Our settings while a figure is made and written; what a font lacks is no one's concern."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mpl.rcdefaults()  # whatever a user's matplotlibrc says
        mpl.rcParams.update(_SETTINGS)
        yield


def _write(figures: Sequence[Figure], path: Path) -> None:
    suffix = path.suffix.lower()
    data = io.BytesIO()
    if suffix == ".pdf":
        with PdfPages(data, metadata=_METADATA[suffix]) as pages:
            for figure in figures:
                pages.savefig(figure)
    else:
        figures[0].savefig(data, format=suffix[1:], dpi=160, metadata=_METADATA[suffix])
    write_whole(path, data.getvalue())
