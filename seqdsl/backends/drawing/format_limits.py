"""What formats of drawings, or the programs that show them, can't hold."""

from __future__ import annotations

from seqdsl.backends.drawing.scene import Scene
from seqdsl.passes.drawing.picture import Picture

PNG_SCALE = 2.0  # dots a point, for screens of today
PNG_SIDE = 16_000  # dots of the longer side: a larger picture is scaled down
# ISO 32000-1, annex C: a page of PDF is at most 14,400 units long in readers before 1.6, and in
# Acrobat.
PDF_SIDE = 14_400
# Mermaid's defaults, `maxEdges` and `maxTextSize` of its configuration, which a page sets and a
# diagram can't.
MERMAID_EDGES = 500
MERMAID_TEXT = 50_000


def png_scale(scene: Scene) -> float:
    """Dots a point of a scene as PNG."""
    return min(PNG_SCALE, PNG_SIDE / max(scene.width, scene.height))


def scene_note(scene: Scene, suffix: str) -> str | None:
    """What a scene loses in a format, and which format has room for it."""
    side = max(scene.width, scene.height)
    if suffix == ".png" and png_scale(scene) < PNG_SCALE:
        other = ".pdf or .svg" if side <= PDF_SIDE else ".svg"
        return (
            f"the PNG is shrunk to {png_scale(scene):.2g} dots a point, so that no side is longer "
            f"than {PNG_SIDE:,} dots; {other} keeps every detail"
        )
    if suffix == ".pdf" and side > PDF_SIDE:
        return (
            f"the page is {side:,.0f} points long, and many readers show {PDF_SIDE:,} at most; "
            "write .svg, or a part with --only"
        )
    return None


def mermaid_note(picture: Picture, text: str) -> str | None:
    """What Mermaid's defaults refuse of a flowchart."""
    over = []
    if len(picture.arrows) > MERMAID_EDGES:
        over.append(f"{len(picture.arrows):,} arrows, past {MERMAID_EDGES} (maxEdges)")
    length = len(text.encode("utf-16-le")) // 2  # as JavaScript counts
    if length > MERMAID_TEXT:
        over.append(f"{length:,} characters, past {MERMAID_TEXT:,} (maxTextSize)")
    if not over:
        return None
    return (
        f"by default Mermaid won't draw it: {' and '.join(over)}; "
        "draw a part with --only, use a shallower --depth, or write .svg"
    )
