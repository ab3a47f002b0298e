"""Writes pictures to files, by their extensions."""

from __future__ import annotations

import subprocess
from pathlib import Path

from seqdsl.backends.drawing.compose import compose
from seqdsl.backends.drawing.format_limits import scene_note
from seqdsl.backends.drawing.formats import AUTO, FORMATS, Text
from seqdsl.backends.drawing.graphviz import dot_text, engines, run
from seqdsl.backends.drawing.layout import read_layout
from seqdsl.backends.drawing.panel import MAX_BANDS, band_count
from seqdsl.backends.drawing.scene import Scene
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.backends.files import write_whole
from seqdsl.passes.drawing.picture import Picture
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen_value

# The reach of a picture, by the seconds that a layout took on one core of a small machine: a chain
# of n layers that are all concatenated is the worst of what was tried (n = 60: 1,891, 0.6 s; 100:
# 5,151, 9 s; 120: 7,381, 31 s), a deep ResNet is what occurs (1,001 layers: 3,996, 1.2 s).
MAX_REACH = 5_000
SLOW_REACH = 1_500


@frozen_value
class Drawn:
    """How a picture was written."""

    engine: str  # that laid it out, or the format of a text
    note: str | None  # what the file lacks, or who can't show it


def draw(
    picture: Picture, path: Path, direction: str = "TB", theme: str = AUTO, headed: bool = True
) -> Drawn:
    """Writes a picture by the path's extension. What is not ``headed`` has no title and no legend.

    Raises `Failure` where no engine is there, or the picture is too large for one.
    """
    row = FORMATS[path.suffix.lower()]
    if isinstance(row, Text):
        text = row.write(picture, direction, theme)
        write_whole(path, text.encode())
        return Drawn(row.suffix[1:], row.note(picture, text))
    scene, engine = lay_out(picture, direction, str(path), headed)
    write_whole(path, row.write(scene, theme))
    return Drawn(engine, scene_note(scene, row.suffix))


def lay_out(picture: Picture, direction: str, name: str, headed: bool = True) -> tuple[Scene, str]:
    """The picture with everything in its place, and which engine placed it.

    Raises `Failure` about the file of that name.
    """
    bands = sum(band_count(box.panel) for box in picture.boxes if box.panel is not None)
    if picture.reach > MAX_REACH or bands > MAX_BANDS:
        raise _too_large(picture, name)
    text = dot_text(picture, direction, THEMES["light"])
    for engine, program in engines():
        try:
            data = run(program, text)
        except subprocess.TimeoutExpired:
            raise _too_large(picture, name) from None
        if data is not None:
            return compose(picture, read_layout(data), headed), engine
    raise unlocated(
        "no-graphviz", "no Graphviz here can lay a picture out", name,
        "install Graphviz (its `dot` program) or graphviz-pure, or write .dot or .mmd",
    )  # fmt: skip


def is_slow(picture: Picture) -> bool:
    """Whether a layout may take more than a few seconds."""
    return SLOW_REACH < picture.reach <= MAX_REACH


def _too_large(picture: Picture, name: str) -> Failure:
    return unlocated(
        "picture-too-large",
        f"{len(picture.boxes):,} boxes and {len(picture.arrows):,} arrows are more than can be "
        "laid out in seconds, or read",
        name,
        "draw a part with `--only PATH`, or use a shallower `--depth`, or write .dot",
    )
