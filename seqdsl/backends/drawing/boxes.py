"""A box of a drawing: how large it is, and the shapes that it is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seqdsl.backends.drawing import panel as panels
from seqdsl.backends.drawing.panel import Grid
from seqdsl.backends.drawing.scene import Circle, Item, Point, Rect, Shape, Text, shown
from seqdsl.backends.drawing.text_width import text_width
from seqdsl.backends.drawing.theme import group_style
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Box

NAME, LINE = 11.5, 10  # sizes of text
_LEADING = 13.5  # between lines
_MARGIN, _ABOVE, _BELOW = 10, 7, 6
_STRIP, _MOST = 6, 32  # the height of the groups of an output, and how many are shown
_RADII = {Kind.LINEAR: 0.0, Kind.POOL: 11.0, Kind.JOIN: 16.0}
_RADIUS = 5.0
_SUM = 9.5
_RIM = 4  # between the border of a box and a shortcut that goes along it


def size(box: Box, ends: bool) -> tuple[float, float]:
    """Its width and height, whatever font a viewer has; at the ``ends`` of a drawing a box says
    what leaves it.
    """
    if box.kind is Kind.SUM:
        return 2 * _SUM, 2 * _SUM
    lines = _lines(box, ends)
    widths = [1.07 * text_width(_name(box), NAME), *(text_width(line, LINE) for line in lines)]
    width = max(widths) + 2 * _MARGIN + (14 if box.kind is Kind.JOIN else 0)
    height = _ABOVE + _BELOW + _LEADING * (1 + len(lines)) + (_STRIP if _groups(box) else 0)
    if box.panel is None:
        return max(width, 40), height
    grid = Grid.of(box.panel)
    return max(width, grid.width + 2 * _MARGIN), height + grid.height


def items(box: Box, x: float, y: float, ends: bool, entries: Sequence[Point]) -> Iterator[Item]:
    """The box with its corner at a place, and the groups in it; shortcuts enter where they do."""
    width, height = size(box, ends)
    tooltip = box.facts.lines if box.facts else (box.key,)
    if box.kind is Kind.SUM:
        shapes = (
            Circle(box.kind.value, x + _SUM, y + _SUM, _SUM),
            Text("shortcut-text", x + _SUM, y + _SUM + 4.7, "+", 14),
        )
        yield Item("box", shapes, box.key, tooltip)
        return
    yield Item("box", tuple(_shapes(box, x, y, width, height, ends)), box.key, tooltip)
    if box.panel is not None:
        grid = Grid.of(box.panel)
        left = x + (width - grid.width) / 2
        ways = [_way(entry, x, y) for entry in entries]
        yield from panels.items(box.panel, left, y + height - grid.height, ways)


def _way(entry: Point, x: float, y: float) -> tuple[Point, ...]:
    """From where a shortcut enters a box to its upper rim, on the inside."""
    rim = y + _RIM
    if entry[0] <= x + 1:
        return entry, (x + _RIM, entry[1]), (x + _RIM, rim)
    return entry, (entry[0], rim)


def _shapes(
    box: Box, x: float, y: float, width: float, height: float, ends: bool
) -> Iterator[Shape]:
    radius = min(_RADII.get(box.kind, _RADIUS), height / 2)
    style = box.kind.value if box.panel is None else "panel"
    yield Rect(style, x, y, width, height, radius)
    middle, level = x + width / 2, y + _ABOVE + 9.5
    yield Text("text", middle, level, _name(box), NAME, bold=True)
    for number, line in enumerate(_lines(box, ends), 1):
        yield Text("text", middle, level + number * _LEADING, line, LINE)
    groups = _groups(box)
    if groups:
        cell = (width - 2 * _MARGIN) / groups
        for number in range(groups):
            left, top = x + _MARGIN + number * cell, y + height - _STRIP - 3
            yield Rect(group_style(number, groups), left, top, cell, _STRIP)


def _name(box: Box) -> str:
    return shown(box.name)


def _lines(box: Box, ends: bool) -> tuple[str, ...]:
    lines = tuple(shown(line) for line in box.lines)
    return (*lines, f"→ {shown(box.shape)}") if ends else lines


def _groups(box: Box) -> int:
    """How many groups its output is shown to have."""
    if box.panel is not None or box.facts is None or box.kind is Kind.STAGE:
        return 0
    count = len(box.facts.output.groups)
    return count if 1 < count <= _MOST else 0
