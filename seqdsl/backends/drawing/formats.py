"""Formats of drawings: a row each, by the suffix of a file.

A row is light: its writer, and the library of that, is imported when something is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from seqdsl.source.frozen import frozen_value

if TYPE_CHECKING:
    from seqdsl.backends.drawing.scene import Scene
    from seqdsl.passes.drawing.picture import Picture

AUTO = "auto"  # a theme: light, and dark where the viewer is, in SVG only


@frozen_value
class Text:
    """A format whose reader lays the picture out."""

    suffix: str
    write: Callable[[Picture, str, str], str]  # of a picture, a direction and a theme
    note: Callable[[Picture, str], str | None]  # what readers refuse of the text
    title: str = ""  # what reads it, where the suffix does not say


@frozen_value
class Laid:
    """A format of a picture that is laid out here."""

    suffix: str
    write: Callable[[Scene, str], bytes]  # of a scene and a theme


def _dot(picture: Picture, direction: str, theme: str) -> str:
    from seqdsl.backends.drawing.graphviz import dot_text
    from seqdsl.backends.drawing.theme import THEMES

    return dot_text(picture, direction, THEMES[_one(theme)])


def _mermaid(picture: Picture, direction: str, theme: str) -> str:
    from seqdsl.backends.drawing.mermaid import mermaid_text
    from seqdsl.backends.drawing.theme import THEMES

    return mermaid_text(picture, direction, THEMES[_one(theme)])


def _mermaid_note(picture: Picture, text: str) -> str | None:
    from seqdsl.backends.drawing.format_limits import mermaid_note

    return mermaid_note(picture, text)


def _svg(scene: Scene, theme: str) -> bytes:
    from seqdsl.backends.drawing.svg import write_svg
    from seqdsl.backends.drawing.theme import THEMES

    names = ("light", "dark") if theme == AUTO else (theme,)
    return write_svg(scene, [THEMES[name] for name in names]).encode()


def _png(scene: Scene, theme: str) -> bytes:
    from seqdsl.backends.drawing.png import write_png
    from seqdsl.backends.drawing.theme import THEMES

    return write_png(scene, THEMES[_one(theme)])


def _pdf(scene: Scene, theme: str) -> bytes:
    from seqdsl.backends.drawing.pdf import write_pdf
    from seqdsl.backends.drawing.theme import THEMES

    return write_pdf(scene, THEMES[_one(theme)])


def _one(theme: str) -> str:
    return "light" if theme == AUTO else theme


FORMATS: dict[str, Text | Laid] = {
    row.suffix: row
    for row in (
        Laid(".svg", _svg),
        Laid(".png", _png),
        Laid(".pdf", _pdf),
        Text(".dot", _dot, lambda *_: None),
        Text(".mmd", _mermaid, _mermaid_note, title="Mermaid"),
    )
}


def named_formats() -> str:
    """Return the formats as a phrase: ``.svg, .png or .mmd (Mermaid)``."""
    titles = {suffix: row.title for suffix, row in FORMATS.items() if isinstance(row, Text)}
    names = [f"{s} ({titles[s]})" if titles.get(s) else s for s in FORMATS]
    return f"{', '.join(names[:-1])} or {names[-1]}"
