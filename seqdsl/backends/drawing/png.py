"""A scene as PNG, by resvg, in the font that comes with the package."""

from __future__ import annotations

import resvg_py

from seqdsl.backends.drawing.fonts import font_files
from seqdsl.backends.drawing.format_limits import png_scale
from seqdsl.backends.drawing.scene import Scene
from seqdsl.backends.drawing.svg import write_svg
from seqdsl.backends.drawing.theme import Theme


def write_png(scene: Scene, theme: Theme) -> bytes:
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=write_svg(scene, [theme]), dpi=72, zoom=png_scale(scene),
            skip_system_fonts=True, font_files=font_files(), sans_serif_family="Inter",
        )
    )  # fmt: skip
