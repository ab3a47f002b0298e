"""A scene as PNG, by resvg, in the font that comes with the package."""

from __future__ import annotations

import resvg_py

from seqdsl.backends.drawing.fonts import font_files
from seqdsl.backends.drawing.scene import Scene
from seqdsl.backends.drawing.svg import write_svg
from seqdsl.backends.drawing.theme import Theme

_SCALE = 2.0  # dots a point, for screens of today
MAX_SIDE = 16_000  # dots of the longer side: a larger picture is scaled down


def write_png(scene: Scene, theme: Theme) -> bytes:
    points = max(scene.width, scene.height)
    scale = min(_SCALE, MAX_SIDE / points)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=write_svg(scene, [theme]), dpi=72, zoom=scale,
            skip_system_fonts=True, font_files=font_files(), sans_serif_family="Inter",
        )
    )  # fmt: skip
