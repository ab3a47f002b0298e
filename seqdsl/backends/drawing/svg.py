"""A scene as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from html import escape

from seqdsl.backends.drawing.scene import Circle, Curve, Rect, Scene, Shape, Text
from seqdsl.backends.drawing.theme import Style, Theme
from seqdsl.source.render_text import printable

FONT = "Inter, Helvetica, Arial, 'Liberation Sans', sans-serif"


def write_svg(scene: Scene, themes: Sequence[Theme]) -> str:
    """SVG in one theme, or in the first of two and the second where a viewer is dark."""
    used = {"background"} | {shape.style for item in scene.items for shape in item.shapes}
    style, *dark = (css(theme, used) for theme in themes)
    style += "".join(f"\n@media (prefers-color-scheme: dark) {{\n{rules}\n}}" for rules in dark)
    body = "\n".join([f"<style>\n{style}\n</style>", *_items(scene, "id")])
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_open(scene)}\n{body}\n</svg>\n'


def page_svg(scene: Scene) -> str:
    """SVG within a page that has the styles of `css`, and perhaps other drawings."""
    return "\n".join([_open(scene), *_items(scene, "data-path"), "</svg>"])


def css(theme: Theme, used: Set[str] | None = None, within: str = "svg.seqdsl") -> str:
    """The style sheet of a theme, or what of it is used."""
    rules = [f"{within} {{ font-family: {FONT}; background: {theme.background} }}"]
    rules += [
        f"{within} .{name} {{ {_style(style)} }}"
        for name, style in theme.styles.items()
        if used is None or name in used
    ]
    return "\n".join(rules)


def _style(style: Style) -> str:
    parts = [f"fill: {style.fill or 'none'}"]
    if style.stroke:
        parts += [f"stroke: {style.stroke}", f"stroke-width: {style.width:g}"]
    if style.dash:
        parts.append(f"stroke-dasharray: {' '.join(f'{length:g}' for length in style.dash)}")
    return "; ".join(parts)


def _open(scene: Scene) -> str:
    width, height = _number(scene.width), _number(scene.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="seqdsl" width="{width}pt" '
        f'height="{height}pt" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(scene.title)}">\n'
        f'<rect class="background" width="{width}" height="{height}"/>'
    )


def _items(scene: Scene, key: str) -> Iterator[str]:
    for item in scene.items:
        named = f' {key}="{escape(printable(item.key))}"' if item.key else ""
        title = escape("\n".join(map(printable, item.tooltip)))
        tooltip = f"<title>{title}</title>" if title else ""
        shapes = "".join(map(_shape, item.shapes))
        yield f'<g class="{item.role}"{named}>{tooltip}{shapes}</g>'


def _shape(shape: Shape) -> str:
    match shape:
        case Rect(style, x, y, width, height, radius):
            round_ = f' rx="{_number(radius)}"' if radius else ""
            return (
                f'<rect class="{style}" x="{_number(x)}" y="{_number(y)}" '
                f'width="{_number(width)}" height="{_number(height)}"{round_}/>'
            )
        case Circle(style, x, y, radius):
            return (
                f'<circle class="{style}" cx="{_number(x)}" cy="{_number(y)}" '
                f'r="{_number(radius)}"/>'
            )
        case Curve():
            return f'<path class="{shape.style}" d="{_path(shape)}"/>'
        case Text():
            return _text(shape)


def _path(curve: Curve) -> str:
    first, *rest = (f"{_number(x)} {_number(y)}" for x, y in curve.points)
    return f"M{first}{'C' if curve.bezier else 'L'}{' '.join(rest)}{'Z' if curve.closed else ''}"


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    bold = ' font-weight="600"' if text.bold else ""
    index = ""
    if text.index:
        size, down = _number(0.7 * text.size), _number(0.25 * text.size)
        index = f'<tspan dy="{down}" font-size="{size}">{escape(text.index)}</tspan>'
    return (
        f'<text class="{text.style}" x="{_number(text.x)}" y="{_number(text.y)}" '
        f'font-size="{_number(text.size)}"{anchor}{bold}>{escape(text.text)}{index}</text>'
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
