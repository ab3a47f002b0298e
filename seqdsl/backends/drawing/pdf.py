"""A scene as PDF, by ReportLab: vectors and text, with the font that comes with the package."""

from __future__ import annotations

import io

from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from seqdsl.backends.drawing.fonts import font_files
from seqdsl.backends.drawing.scene import Circle, Curve, Rect, Scene, Shape, Text
from seqdsl.backends.drawing.theme import Theme

_REGULAR, _BOLD = "Inter", "Inter-SemiBold"


def write_pdf(scene: Scene, theme: Theme) -> bytes:
    """One page of the drawing's size; the same scene is the same bytes."""
    for name, path in zip((_REGULAR, _BOLD), font_files(), strict=True):
        pdfmetrics.registerFont(TTFont(name, path))
    stream = io.BytesIO()
    canvas = Canvas(
        stream, pagesize=(scene.width, scene.height), invariant=1, pageCompression=1,
        # or a page would name Helvetica, which is not in the file
        initialFontName=_REGULAR,  # type: ignore[arg-type]
    )  # fmt: skip
    canvas.setTitle(scene.title)
    canvas.setCreator("seqdsl")
    canvas.transform(1, 0, 0, -1, 0, scene.height)  # y downwards, as in the scene
    if theme.background != "#FFFFFF":
        canvas.setFillColor(HexColor(theme.background))
        canvas.rect(0, 0, scene.width, scene.height, stroke=0, fill=1)
    for item in scene.items:
        for shape in item.shapes:
            _draw(canvas, shape, theme)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _draw(canvas: Canvas, shape: Shape, theme: Theme) -> None:
    style = theme.styles[shape.style]
    fill, stroke = int(style.fill is not None), int(style.stroke is not None)
    if style.fill is not None:
        canvas.setFillColor(HexColor(style.fill))
    if style.stroke is not None:
        canvas.setStrokeColor(HexColor(style.stroke))
        canvas.setLineWidth(style.width)
        canvas.setDash(list(style.dash), 0)
    match shape:
        case Rect(_, x, y, width, height, radius) if radius:
            canvas.roundRect(x, y, width, height, min(radius, height / 2), stroke, fill)
        case Rect(_, x, y, width, height):
            canvas.rect(x, y, width, height, stroke, fill)
        case Circle(_, x, y, radius):
            canvas.circle(x, y, radius, stroke, fill)
        case Curve(points=points, bezier=bezier, closed=closed):
            path = canvas.beginPath()
            path.moveTo(*points[0])
            if bezier:
                for at in range(1, len(points) - 2, 3):
                    path.curveTo(*points[at], *points[at + 1], *points[at + 2])
            else:
                for point in points[1:]:
                    path.lineTo(*point)
            if closed:
                path.close()
            canvas.drawPath(path, stroke, fill)
        case Text():
            _write(canvas, shape)


def _write(canvas: Canvas, text: Text) -> None:
    font = _BOLD if text.bold else _REGULAR
    small = 0.7 * text.size
    width = canvas.stringWidth(text.text, font, text.size)
    whole = width + canvas.stringWidth(text.index, font, small)
    start = 0.0 if text.anchor == "start" else whole / 2
    canvas.saveState()
    canvas.translate(text.x - start, text.y)
    canvas.scale(1, -1)
    canvas.setFont(font, text.size)
    canvas.drawString(0, 0, text.text)
    if text.index:
        canvas.setFont(font, small)
        canvas.drawString(width, -0.25 * text.size, text.index)
    canvas.restoreState()
