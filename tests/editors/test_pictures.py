"""The pictures of highlighted code: up to date, whole, and to be read on either ground."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

import pytest
from networks import ROOT
from pygments.token import Error

sys.path.insert(0, str(ROOT / "editors"))
import render

from seqdsl.highlighting import SeqLexer

SVG = "{http://www.w3.org/2000/svg}"


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of ``#rrggbb``."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", render.PICTURES)
def test_every_colour_is_to_be_read(name: str) -> None:
    """WCAG 2 AA asks for 4.5 to 1."""
    palette = render.PICTURES[name]
    for kind, colour in palette.colours.items():
        assert contrast(colour, palette.ground) >= 4.5, f"{kind} {colour}"


@pytest.mark.parametrize("name", render.PICTURES)
def test_picture_is_what_the_code_looks_like(name: str) -> None:
    path = ROOT / "docs" / name
    assert path.read_text() == render.svg(render.shown(), render.PICTURES[name])
    root = ET.fromstring(path.read_text())
    texts = root.findall(f".//{SVG}text")
    drawn = "".join(text.text or "" for text in texts)
    assert drawn.replace(" ", "") == "".join(render.shown().split())
    for text in texts:
        end = float(text.attrib["x"]) + float(text.attrib["textLength"])
        assert end <= float(root.attrib["width"]) - render.MARGIN + 1


def test_code_of_the_picture_has_no_errors() -> None:
    assert Error not in {kind for kind, _ in SeqLexer().get_tokens(render.shown())}
