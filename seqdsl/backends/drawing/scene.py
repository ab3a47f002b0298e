"""A drawing as shapes in their places, before it is written in any format."""

from __future__ import annotations

import re
from typing import TypeAlias

from seqdsl.source.frozen import frozen
from seqdsl.source.render_text import printable

Point: TypeAlias = tuple[float, float]  # points of 1/72 inch; y grows downwards


@frozen
class Rect:
    style: str  # a key of `Theme.styles`, as of every shape
    x: float
    y: float
    width: float
    height: float
    radius: float = 0


@frozen
class Circle:
    style: str
    x: float
    y: float
    radius: float


@frozen
class Curve:
    """A line through points; ``bezier``: a start, then three points for each piece."""

    style: str
    points: tuple[Point, ...]
    bezier: bool = False
    closed: bool = False


@frozen
class Text:
    """A line of text; x is its middle or its start, y its baseline."""

    style: str
    x: float
    y: float
    text: str
    size: float
    anchor: str = "middle"  # as SVG has it: start, middle
    bold: bool = False
    index: str = ""  # below the line, behind the text: `x` and `1`


Shape: TypeAlias = Rect | Circle | Curve | Text


@frozen
class Item:
    """Shapes that are of one thing: a box, a group in it, a frame, an arrow."""

    role: str  # box, group, input, inside, frame, title, edge, heading
    shapes: tuple[Shape, ...]
    key: str = ""  # stable, and unique among those of its role; empty where nothing refers to it
    tooltip: tuple[str, ...] = ()


@frozen
class Scene:
    title: str
    width: float
    height: float
    items: tuple[Item, ...]  # from the back to the front


def shown(text: str) -> str:
    """Text of one line that steers no reader, with the signs of print: ``3x3`` as ``3×3``."""
    return printable(_BETWEEN_DIGITS.sub("×", text))


_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])x(?=[0-9])")
