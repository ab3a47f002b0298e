"""Colours: of kinds of operation, of groups, and of what is around them, in four themes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from seqdsl.passes.drawing.labels import Kind
from seqdsl.source.frozen import frozen

STEPS = 8  # shades of the groups of a layer, from the first to the last
WINDOW = 0.45  # how much of a group's shade its window has


@frozen
class Style:
    """None is no fill, or no line; widths and dashes are in points."""

    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    dash: tuple[float, ...] = ()


@frozen
class Theme:
    name: str
    background: str
    styles: Mapping[str, Style]


def group_style(number: int, count: int, inputs: bool = False) -> str:
    """The style of a group by its place among ``count``, from 0 on: later is darker."""
    step = round(number / (count - 1) * (STEPS - 1)) if count > 1 else STEPS // 2
    return f"{'input' if inputs else 'group'}{step}"


@frozen
class _Palette:
    """What a theme is made of; a kind has a fill and a border."""

    background: str
    text: str
    faint: str  # text that can be done without
    line: str
    shortcut: str
    dot: str
    frames: tuple[str, str]  # fills, by turns
    frame_border: str
    kinds: Mapping[Kind, tuple[str, str]]
    inputs: tuple[str, str]  # the first shade and the last
    groups: tuple[str, str]
    light_text: str  # on dark fills
    dark_text: str


# Tints of the Okabe-Ito palette, which the colour-blind tell apart; borders and shapes differ too.
_LIGHT = _Palette(
    background="#FFFFFF", text="#1B2026", faint="#55606A", line="#55606A", shortcut="#C44E00",
    dot="#1B2026", frames=("#FAFAF8", "#F1F3F4"), frame_border="#B8C0C6",
    kinds={
        Kind.STAGE: ("#F4F4F2", "#55606A"),
        Kind.AGGREGATION: ("#E4F0F9", "#0072B2"),
        Kind.CONVOLUTION: ("#FBEBCB", "#B87A00"),
        Kind.LINEAR: ("#F3DFEA", "#A84B83"),
        Kind.POOL: ("#D6EFE6", "#00785A"),
        Kind.SUM: ("#FFFFFF", "#C44E00"),
        Kind.JOIN: ("#FFFFFF", "#55606A"),
        Kind.OTHER: ("#FFFFFF", "#8A949C"),
    },
    inputs=("#F0EDE6", "#B9B09E"), groups=("#BFDDF2", "#0A5A91"),
    light_text="#FFFFFF", dark_text="#000000",
)  # fmt: skip
_DARK = _Palette(
    background="#14181D", text="#E8ECF0", faint="#A4AFB9", line="#A4AFB9", shortcut="#FF9A57",
    dot="#FFFFFF", frames=("#191E24", "#20262D"), frame_border="#48535E",
    kinds={
        Kind.STAGE: ("#232A31", "#93A0AC"),
        Kind.AGGREGATION: ("#12293B", "#56B4E9"),
        Kind.CONVOLUTION: ("#3A2D10", "#E3AC37"),
        Kind.LINEAR: ("#3A2232", "#E093C0"),
        Kind.POOL: ("#0F3429", "#45C79F"),
        Kind.SUM: ("#14181D", "#FF9A57"),
        Kind.JOIN: ("#14181D", "#A4AFB9"),
        Kind.OTHER: ("#14181D", "#7D8994"),
    },
    inputs=("#3A3833", "#8C8473"), groups=("#1C4766", "#8CCBF2"),
    light_text="#FFFFFF", dark_text="#000000",
)  # fmt: skip
_GRAY = _Palette(
    background="#FFFFFF", text="#000000", faint="#4D4D4D", line="#4D4D4D", shortcut="#000000",
    dot="#000000", frames=("#FAFAFA", "#F1F1F1"), frame_border="#B5B5B5",
    kinds={
        Kind.STAGE: ("#F5F5F5", "#4D4D4D"),
        Kind.AGGREGATION: ("#DEDEDE", "#000000"),
        Kind.CONVOLUTION: ("#F2F2F2", "#000000"),
        Kind.LINEAR: ("#CFCFCF", "#000000"),
        Kind.POOL: ("#FFFFFF", "#000000"),
        Kind.SUM: ("#FFFFFF", "#000000"),
        Kind.JOIN: ("#FFFFFF", "#4D4D4D"),
        Kind.OTHER: ("#FFFFFF", "#8A8A8A"),
    },
    inputs=("#F7F7F7", "#D0D0D0"), groups=("#D9D9D9", "#3A3A3A"),
    light_text="#FFFFFF", dark_text="#000000",
)  # fmt: skip


def _theme(name: str, palette: _Palette) -> Theme:
    styles = {
        "text": Style(fill=palette.text),
        "faint": Style(fill=palette.faint),
        "shortcut-text": Style(fill=palette.shortcut),
        "background": Style(fill=palette.background),
        "arrow": Style(stroke=palette.line, width=1.1),
        "head": Style(fill=palette.line),
        "shortcut": Style(stroke=palette.shortcut, width=1.2, dash=(4, 3)),
        "shortcut-head": Style(fill=palette.shortcut),
        "shortcut-line": Style(stroke=palette.shortcut, width=1),
        "plus": Style(fill=palette.background, stroke=palette.shortcut, width=1.1),
        "wire": Style(stroke=palette.frame_border, width=0.8),
        "dot": Style(fill=palette.dot),
        "frame0-title": Style(fill=palette.frames[0]),
        "frame1-title": Style(fill=palette.frames[1]),
        "frame0": Style(fill=palette.frames[0], stroke=palette.frame_border, width=0.9),
        "frame1": Style(fill=palette.frames[1], stroke=palette.frame_border, width=0.9),
    }
    for kind, (fill, border) in palette.kinds.items():
        styles[kind.value] = Style(fill=fill, stroke=border, width=1.1)
    fill_of, border = palette.kinds[Kind.AGGREGATION]
    styles["panel"] = Style(
        fill=_between(palette.background, fill_of, 0.35), stroke=border, width=1.1
    )
    for name_of, ends in (("input", palette.inputs), ("group", palette.groups)):
        for step in range(STEPS):
            fill = _between(*ends, step / (STEPS - 1))
            edge = palette.line if name_of == "input" else border
            styles[f"{name_of}{step}"] = Style(fill=fill, stroke=edge, width=0.7)
            styles[f"{name_of}{step}-text"] = Style(
                fill=max((palette.light_text, palette.dark_text), key=lambda c: _contrast(c, fill))
            )
            styles[f"window{step}"] = Style(fill=_between(palette.background, fill, WINDOW))
    return Theme(name, palette.background, styles)


def _between(first: str, last: str, share: float) -> str:
    pairs = zip(_channels(first), _channels(last), strict=True)
    return "#" + "".join(f"{round(a + share * (b - a)):02X}" for a, b in pairs)


def _channels(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def _contrast(one: str, other: str) -> float:
    """The ratio of the Web Content Accessibility Guidelines: 4.5 and more can be read."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = (channel / 255 for channel in _channels(color))
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


ThemeName: TypeAlias = Literal["auto", "light", "dark", "gray"]  # as in THEMES, and `write.AUTO`

THEMES = {
    name: _theme(name, palette)
    for name, palette in (("light", _LIGHT), ("dark", _DARK), ("gray", _GRAY))
}
