"""The inside of a layer of groups: a row for each group, with its window as a band.

Columns are the groups of the sequence, those of the input first. In row i a band covers what x_i
sees, and x_i itself stands behind it, in its own column: what later rows see of it is below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from seqdsl.backends.drawing.scene import Circle, Curve, Item, Point, Rect, Shape, Text
from seqdsl.backends.drawing.theme import group_style
from seqdsl.passes.drawing.panels import Panel
from seqdsl.source.frozen import frozen

MAX_BANDS = 20_000  # what a viewer still shows

_BUS = 16  # room for a shortcut at the side
_ENDS = 8  # the size of names above cells


@frozen
class Grid:
    """Where the columns and rows of a panel are."""

    columns: int
    rows: int
    column: float  # points between columns, and between rows
    row: float
    joined: bool

    @classmethod
    def of(cls, panel: Panel) -> Grid:
        columns = len(panel.inputs) + len(panel.groups)
        column, row = next(size for most, size in _SIZES if columns <= most)
        return cls(
            columns, len(panel.groups), column, row, any(group.joined for group in panel.groups)
        )

    @property
    def width(self) -> float:
        return self.columns * self.column + _BUS * self.joined

    @property
    def height(self) -> float:
        return self.top + (self.rows + 1) * self.row + 0.25 * self.row

    @property
    def named(self) -> bool:
        """Whether all cells have room for their names; else the ends are named, above them."""
        return self.column >= _NAMED

    @property
    def top(self) -> float:
        return 0 if self.named else _ENDS + 2

    @property
    def cell(self) -> tuple[float, float]:
        return 0.84 * self.column, 0.78 * self.row


# Columns up to which cells have a size: smaller ones have no names, the smallest no dots.
_SIZES = ((12, (30, 24)), (22, (25, 20)), (40, (15, 14)), (80, (9, 9)), (10**9, (5, 5)))
_NAMED, _DOTTED = 25, 9


def items(panel: Panel, x: float, y: float, ways: Sequence[tuple[Point, ...]]) -> Iterator[Item]:
    """The panel with its corner at a place, and shortcuts that have come a way above it."""
    grid = Grid.of(panel)
    yield Item("inside", tuple(_wires(panel, grid, x, y)))
    if grid.joined:
        yield Item("inside", tuple(_bus(panel, grid, x, y, ways)))
    for number in range(len(panel.inputs)):
        style = group_style(number, len(panel.inputs), inputs=True)
        name = str(number + 1 - len(panel.inputs)).replace("-", "\N{MINUS SIGN}")
        ends = number in (0, len(panel.inputs) - 1)
        yield Item("input", tuple(_cell(grid, x, y, number, 0, style, name, ends)))
    for turn, group in enumerate(panel.groups):
        style = group_style(turn, len(panel.groups))
        column, ends = len(panel.inputs) + turn, turn in (0, len(panel.groups) - 1)
        shapes = [
            *_bands(grid, x, y, turn, group.seen, style),
            *_cell(grid, x, y, column, turn + 1, style, group.name.removeprefix("x"), ends),
        ]
        yield Item("group", tuple(shapes), group.facts.path, group.facts.lines)


def band_count(panel: Panel) -> int:
    return sum(len(list(_runs(group.seen))) for group in panel.groups)


def _middle(grid: Grid, x: float, y: float, column: float, row: float) -> tuple[float, float]:
    return x + (column + 0.5) * grid.column, y + grid.top + (row + 0.5) * grid.row


def _cell(
    grid: Grid, x: float, y: float, column: int, row: int, style: str, index: str, ends: bool
) -> Iterator[Shape]:
    middle, level = _middle(grid, x, y, column, row)
    width, height = grid.cell
    yield Rect(style, middle - width / 2, level - height / 2, width, height, min(4, height / 4))
    if grid.named:
        yield Text(f"{style}-text", middle, level + 3, "x", 9.5, index=index)
    elif ends:
        yield Text("faint", middle, level - height / 2 - 3, "x", _ENDS, index=index)


def _wires(panel: Panel, grid: Grid, x: float, y: float) -> Iterator[Shape]:
    """From each group down to the last that sees it; of the new groups, out of the panel."""
    for column in range(grid.columns):
        turn = column - len(panel.inputs)
        readers = [r for r, g in enumerate(panel.groups) if column < len(g.seen) and g.seen[column]]
        last = grid.rows + 0.75 if turn >= 0 else max(readers, default=-1) + 1
        start = max(turn + 1, 0)
        if last > start:
            middle, top = _middle(grid, x, y, column, start)
            yield Curve("wire", ((middle, top), (middle, _middle(grid, x, y, column, last)[1])))


def _bands(
    grid: Grid, x: float, y: float, turn: int, seen: Sequence[int], style: str
) -> Iterator[Shape]:
    """The window of a group: a band over each run that it sees, and a line to the group."""
    runs = list(_runs(seen))
    if not runs:
        return
    level = _middle(grid, x, y, 0, turn + 1)[1]
    half = 0.28 * grid.row
    first = _middle(grid, x, y, runs[0][0], 0)[0]
    end = _middle(grid, x, y, grid.columns - grid.rows + turn, 0)[0] - grid.cell[0] / 2
    yield Curve("arrow", ((first, level), (end, level)))
    for start, stop in runs:
        left = _middle(grid, x, y, start, 0)[0] - 0.36 * grid.column
        right = _middle(grid, x, y, stop - 1, 0)[0] + 0.36 * grid.column
        window = style.replace("group", "window")
        yield Rect(window, left, level - half, right - left, 2 * half, half)
        if grid.column >= _DOTTED:
            for column in range(start, stop):
                yield Circle("dot", _middle(grid, x, y, column, 0)[0], level, 0.09 * grid.row)
    if grid.column > _DOTTED:
        size = 0.12 * grid.column
        tip = ((end, level), (end - 1.6 * size, level - size), (end - 1.6 * size, level + size))
        yield Curve("head", tip, closed=True)


def _runs(seen: Sequence[int]) -> Iterator[tuple[int, int]]:
    """From and up to which columns a window goes without a gap."""
    columns = (column for column, channels in enumerate(seen) if channels)
    for _, run in groupby(enumerate(columns), lambda pair: pair[1] - pair[0]):
        found = [column for _, column in run]
        yield found[0], found[-1] + 1


def _bus(
    panel: Panel, grid: Grid, x: float, y: float, ways: Sequence[tuple[Point, ...]]
) -> Iterator[Shape]:
    """A shortcut along the side, and group by group to where it is added."""
    side = x + grid.columns * grid.column + 0.6 * _BUS
    rows = [turn for turn, group in enumerate(panel.groups) if group.joined]
    end = _middle(grid, x, y, 0, rows[-1] + 1)[1]
    for way in ways:
        yield Curve("shortcut", (*way, (side, way[-1][1]), (side, end)))
    for turn in rows:
        column = len(panel.inputs) + turn
        middle, level = _middle(grid, x, y, column, turn + 1)
        edge = middle + grid.cell[0] / 2
        radius = min(4.5, 0.3 * grid.row)
        yield Curve("shortcut", ((side, level), (edge + 2 * radius, level)))
        at = edge + radius
        yield Circle("plus", at, level, radius)
        arm = 0.55 * radius
        yield Curve("shortcut-line", ((at - arm, level), (at + arm, level)))
        yield Curve("shortcut-line", ((at, level - arm), (at, level + arm)))
