"""Drawings of networks, in a notebook and in files."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from seqdsl.api.arguments import require_word
from seqdsl.source.diagnostic import CompileError, Failure
from seqdsl.source.frozen import frozen

if TYPE_CHECKING:
    from seqdsl.graph.network import Network
    from seqdsl.passes.drawing.picture import Picture

Direction: TypeAlias = Literal["TB", "LR"]  # top to bottom, left to right

MOST_NODES = 20_000  # of a network that a notebook draws without being asked to
MOST_CHARACTERS = 500_000  # of its SVG


@frozen
class Drawing:
    """An SVG, which a notebook shows: ``svg`` is its text."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Drawing: an SVG of {len(self.svg):,} characters>"


def pictured(network: Network, depth: str, only: str | None, fold: bool | None) -> Picture:
    """Return the picture of a network. Raises ValueError for another depth and for no part."""
    from seqdsl.passes.drawing.picture import NoSuchPart, picture
    from seqdsl.passes.drawing.placing import Depth

    require_word("depth", depth, [each.value for each in Depth])
    try:
        return picture(network, Depth(depth), only and only.strip("/"), fold=fold)
    except NoSuchPart as problem:
        raise ValueError(str(problem)) from None


def svg_of(picture: Picture, direction: str, theme: str, heading: bool) -> str:
    """Return the text of an SVG. Raises `CompileError`, and ValueError for another word."""
    from seqdsl.backends.drawing.formats import FORMATS, Laid
    from seqdsl.backends.drawing.write import lay_out

    _require_words(direction, theme)
    try:
        scene, _ = lay_out(picture, direction, picture.title, heading)
        row = FORMATS[".svg"]
        assert isinstance(row, Laid)
        return row.write(scene, theme).decode()
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None


def write_drawing(picture: Picture, path: Path, direction: str, theme: str, heading: bool) -> Path:
    """Write a picture by the path's suffix; what the format loses is a warning.

    Raises `CompileError`, and ValueError for another word or suffix.
    """
    from seqdsl.backends.drawing.formats import FORMATS
    from seqdsl.backends.drawing.write import draw

    _require_words(direction, theme)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: the suffix is one of {', '.join(FORMATS)}")
    try:
        written = draw(picture, path, direction, theme, heading)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None
    if written.note is not None:
        warnings.warn(f"{path}: {written.note}", stacklevel=3)
    return path


def stages_svg(network: Network) -> str | None:
    """Return the SVG of a network's stages; None where it can't be had at once, or is large."""
    from seqdsl.backends.drawing.formats import AUTO
    from seqdsl.backends.drawing.write import is_slow

    if len(network.nodes) > MOST_NODES:
        return None
    found = pictured(network, "network", None, None)
    if is_slow(found):
        return None
    try:
        text = svg_of(found, "TB", AUTO, True)
    except CompileError:  # no Graphviz, or a picture that it can't lay out
        return None
    return text if len(text) <= MOST_CHARACTERS else None


def _require_words(direction: str, theme: str) -> None:
    from seqdsl.backends.drawing.formats import AUTO
    from seqdsl.backends.drawing.theme import THEMES

    require_word("direction", direction, get_args(Direction))
    require_word("theme", theme, (AUTO, *THEMES))
