"""Writes pictures to files, by their extensions."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from seqdsl.backends.drawing.compose import compose
from seqdsl.backends.drawing.format_limits import mermaid_note, scene_note
from seqdsl.backends.drawing.graphviz import dot_text, engines, run
from seqdsl.backends.drawing.layout import read_layout
from seqdsl.backends.drawing.mermaid import mermaid_text
from seqdsl.backends.drawing.panel import MAX_BANDS, band_count
from seqdsl.backends.drawing.scene import Scene
from seqdsl.backends.drawing.svg import write_svg
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.backends.files import write_whole
from seqdsl.passes.drawing.picture import Picture
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen_value

AUTO = "auto"  # light, and dark where the viewer is: of SVG alone
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
    suffix = path.suffix.lower()
    if suffix in TEXTS:
        text = TEXTS[suffix](picture, direction, theme)
        write_whole(path, text.encode())
        return Drawn(suffix[1:], mermaid_note(picture, text) if suffix == ".mmd" else None)
    scene, engine = lay_out(picture, direction, str(path), headed)
    write_whole(path, PICTURES[suffix](scene, theme))
    return Drawn(engine, scene_note(scene, suffix))


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


def _dot(picture: Picture, direction: str, theme: str) -> str:
    return dot_text(picture, direction, THEMES[_one(theme)])


def _mermaid(picture: Picture, direction: str, theme: str) -> str:
    return mermaid_text(picture, direction, THEMES[_one(theme)])


def _svg(scene: Scene, theme: str) -> bytes:
    names = ("light", "dark") if theme == AUTO else (theme,)
    return write_svg(scene, [THEMES[name] for name in names]).encode()


def _png(scene: Scene, theme: str) -> bytes:
    from seqdsl.backends.drawing.png import write_png

    return write_png(scene, THEMES[_one(theme)])


def _pdf(scene: Scene, theme: str) -> bytes:
    from seqdsl.backends.drawing.pdf import write_pdf

    return write_pdf(scene, THEMES[_one(theme)])


def _one(theme: str) -> str:
    return "light" if theme == AUTO else theme


PICTURES: dict[str, Callable[[Scene, str], bytes]] = {".svg": _svg, ".png": _png, ".pdf": _pdf}
TEXTS: dict[str, Callable[[Picture, str, str], str]] = {".dot": _dot, ".mmd": _mermaid}
FORMATS = (*PICTURES, *TEXTS)
