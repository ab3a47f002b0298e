"""A picture with its layout, as shapes: heading, frames, arrows, boxes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from seqdsl.backends.drawing import boxes
from seqdsl.backends.drawing.graphviz import FRAME_TEXT, LABEL_TEXT
from seqdsl.backends.drawing.layout import Layout
from seqdsl.backends.drawing.scene import Curve, Item, Point, Rect, Scene, Shape, Text, shown
from seqdsl.backends.drawing.text_width import text_width
from seqdsl.passes.drawing.picture import Arrow, Picture

_MARGIN = 12
_TITLE, _LEGEND = 14, 9.5
_HEAD = 6.0  # the length of an arrow's head


def compose(picture: Picture, layout: Layout, headed: bool = True) -> Scene:
    """A scene; what is not ``headed`` leaves its title and legend to a caption."""
    rows = list(_heading(picture)) if headed else []
    heading = sum(size + 6 for _, _, size in rows) + 6 * headed
    wide = max((text_width(text, size) * 1.07 for _, text, size in rows), default=0)
    width = max(layout.width, wide) + 2 * _MARGIN
    dx, dy = (width - layout.width) / 2, heading + _MARGIN
    frames, titles = (
        zip(*_frames(picture, layout, dx, dy), strict=True) if layout.frames else ((), ())
    )
    items = [
        Item("heading", tuple(_texts(rows))),
        *frames,
        *_arrows(picture, layout, dx, dy),
        *titles,
        *_boxes(picture, layout, dx, dy),
    ]
    title = shown(picture.title)
    return Scene(title, width, layout.height + heading + 2 * _MARGIN, tuple(items))


def _heading(picture: Picture) -> Iterator[tuple[str, str, float]]:
    """The title, and what the eye can't know: a style, a text, and its size."""
    yield "text", shown(picture.title), _TITLE
    if any(arrow.shortcut for arrow in picture.arrows):
        yield "shortcut-text", "dashed: a shortcut, added where it ends", _LEGEND
    if any(box.panel is not None for box in picture.boxes):
        yield "faint", "a row is a group, and its band the window that it sees", _LEGEND


def _texts(rows: list[tuple[str, str, float]]) -> Iterator[Text]:
    y = float(_MARGIN)
    for style, text, size in rows:
        y += size
        yield Text(style, _MARGIN, y, text, size, anchor="start", bold=size == _TITLE)
        y += 6


def _frames(picture: Picture, layout: Layout, dx: float, dy: float) -> Iterator[tuple[Item, Item]]:
    """Each frame, and its title, which no arrow may cross."""
    levels = {key: level for box in picture.boxes for level, key in enumerate(box.frames)}
    for number, frame in enumerate(picture.frames.values()):
        left, top, width, height = layout.frames[number]
        x, y, style = left + dx, top + dy, f"frame{levels[frame.key] % 2}"
        text = shown(frame.title)
        room = min(0.9 * text_width(text, FRAME_TEXT), width - 14)
        title = (
            Rect(f"{style}-title", x + 7, y + 3, room, FRAME_TEXT + 6),
            Text("text", x + 10, y + FRAME_TEXT + 5, text, FRAME_TEXT, anchor="start", bold=True),
        )
        yield (
            Item("frame", (Rect(style, x, y, width, height, 7),), frame.key, frame.facts.lines),
            Item("title", title),
        )


def _boxes(picture: Picture, layout: Layout, dx: float, dy: float) -> Iterator[Item]:
    sources = {arrow.source for arrow in picture.arrows}
    entries: dict[str, list[Point]] = {}
    for arrow, (x, y) in zip(picture.arrows, layout.tips, strict=True):
        if arrow.shortcut:
            entries.setdefault(arrow.target, []).append((x + dx, y + dy))
    for box, (x, y) in zip(picture.boxes, layout.centers, strict=True):
        ends = box.key not in sources
        width, height = boxes.size(box, ends)
        corner = (x + dx - width / 2, y + dy - height / 2)
        yield from boxes.items(box, *corner, ends, entries.get(box.key, []))


def _arrows(picture: Picture, layout: Layout, dx: float, dy: float) -> Iterator[Item]:
    found = zip(picture.arrows, layout.arrows, layout.tips, layout.labels, strict=True)
    for arrow, points, tip, label in found:
        moved = tuple((x + dx, y + dy) for x, y in points)
        shapes = [*_arrow(arrow, moved, (tip[0] + dx, tip[1] + dy))]
        if label is not None:
            x, y = label[0] + dx, label[1] + dy + LABEL_TEXT / 3
            shapes.append(Text("faint", x, y, shown(arrow.shape), LABEL_TEXT))
        said = f" ({arrow.shape})" if arrow.shape else ""
        tooltip = (f"{arrow.source} → {arrow.target}{said}",)
        yield Item("edge", tuple(shapes), "", tooltip)


def _arrow(arrow: Arrow, points: tuple[Point, ...], tip: Point) -> Iterator[Shape]:
    line, head = ("shortcut", "shortcut-head") if arrow.shortcut else ("arrow", "head")
    yield Curve(line, points, bezier=True)
    x, y = points[-1]
    way = math.hypot(tip[0] - x, tip[1] - y) or 1.0
    ux, uy = (tip[0] - x) / way, (tip[1] - y) / way
    back, half = (tip[0] - _HEAD * ux, tip[1] - _HEAD * uy), 0.42 * _HEAD
    left = (back[0] - half * uy, back[1] + half * ux)
    right = (back[0] + half * uy, back[1] - half * ux)
    yield Curve(head, (tip, left, right), closed=True)
