"""Draws pictures with Graphviz: the DOT text, and whichever engine is there to lay it out."""

from __future__ import annotations

import html
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import graphviz as dot

from seqdsl.backends.files import write_whole
from seqdsl.backends.text_width import text_width
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Box, Picture
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.source.render_text import printable

FORMATS = (".svg", ".png", ".pdf", ".dot")
MAX_SIDE = 200  # inches at 96 dots an inch: what a PNG's longer side is scaled down to
TIMEOUT = 300  # seconds for a layout
# The reach of a picture, by the seconds that a layout took on one core of a small machine, with
# either engine: whole networks and windows of every size, worst of all one of 40 groups over all
# groups before them (821 arrows, a reach of 11,481, 18 s; at 35 groups 7,771 and 7 to 12 s).
MAX_REACH = 10_000  # 15 s at worst, and 2 s for most
SLOW_REACH = 4_000  # 1 s at worst

# Fill and border of each kind: tints of the Okabe-Ito palette, told apart by the colour-blind
# and, by their borders and shapes, in grey.
_COLORS = {
    Kind.STAGE: ("#F4F4F2", "#55606A"),
    Kind.AGGREGATION: ("#D6E8F5", "#0072B2"),
    Kind.CONVOLUTION: ("#FBE9C6", "#C98500"),
    Kind.LINEAR: ("#F3DFEA", "#B0578C"),
    Kind.POOL: ("#D3EEE4", "#00845F"),
    Kind.SUM: ("#FFFFFF", "#D55E00"),
    Kind.JOIN: ("#FFFFFF", "#55606A"),
    Kind.OTHER: ("#FFFFFF", "#8A949C"),
}
_SHAPES = {Kind.SUM: "circle", Kind.JOIN: "ellipse"}
_ARROW, _SHORTCUT = "#55606A", "#D55E00"
_FONT = "Helvetica,Arial,sans-serif"
# Points: the size of text in boxes, frames, the title and the legend; a box's side margin.
_BOX_TEXT, _FRAME_TEXT, _TITLE_TEXT, _LEGEND_TEXT, _MARGIN = 11, 12, 16, 10, 8


def dot_text(picture: Picture, direction: str = "TB") -> str:
    """A picture in the DOT language. Every label is escaped: no text becomes markup."""
    graph = dot.Digraph(comment=None)
    graph.attr(
        rankdir=direction, label=_heading(picture), labelloc="t", fontname=_FONT,
        nodesep="0.25", ranksep="0.35", compound="true", tooltip=" ", bgcolor="white",
    )  # fmt: skip
    graph.attr(
        "node", shape="box", style="filled,rounded", fontname=_FONT, fontsize=str(_BOX_TEXT),
        margin=f"{_MARGIN / 72:.3f},0.06", height="0.3", penwidth="1.2",
    )  # fmt: skip
    graph.attr("edge", color=_ARROW, arrowsize="0.6")
    names = {box.key: f"n{position}" for position, box in enumerate(picture.boxes)}
    _nest(graph, picture, list(picture.boxes), 0, names, direction)
    for arrow in picture.arrows:
        style = {"style": "dashed", "color": _SHORTCUT} if arrow.shortcut else {}
        port = "" if arrow.part is None else f":p{arrow.part}"
        graph.edge(
            f"{names[arrow.source]}{port}", names[arrow.target],
            tooltip=_text(f"{arrow.source} → {arrow.target}"), **style,
        )  # fmt: skip
    return str(graph.source)


def _nest(
    graph: dot.Digraph, picture: Picture, boxes: list[Box], level: int, names: dict[str, str],
    direction: str,
) -> None:  # fmt: skip
    """Boxes with the frames around them, one level of frames at a time."""
    for frame_key, inside in _runs(boxes, level):
        if frame_key is None:
            for box in inside:
                _add_box(graph, box, names[box.key], direction)
            continue
        frame = picture.frames[frame_key]
        with graph.subgraph(name=f"cluster_{names[inside[0].key]}_{level}") as cluster:
            cluster.attr(
                label=_table([_cell(frame.title, _FRAME_TEXT)]), tooltip=_text(frame.tooltip),
                style="rounded,filled", fillcolor="#FAFAF8" if level % 2 == 0 else "#F1F3F4",
                color="#B8C0C6", fontname=_FONT, labeljust="l", margin="10",
            )  # fmt: skip
            _nest(cluster, picture, inside, level + 1, names, direction)


def _runs(boxes: list[Box], level: int) -> Iterator[tuple[str | None, list[Box]]]:
    """The boxes by the frame of a level, in order of first appearance."""
    found: dict[str | None, list[Box]] = {}
    for box in boxes:
        key = box.frames[level] if len(box.frames) > level else None
        found.setdefault(key, []).append(box)
    yield from found.items()


def _add_box(graph: dot.Digraph, box: Box, name: str, direction: str) -> None:
    fill, border = _COLORS[box.kind]
    label = _text("\n".join(box.lines))
    style = {"shape": _SHAPES.get(box.kind, "box"), "width": f"{_width(box, direction) / 72:.3f}"}
    if box.kind is Kind.SUM:
        style |= {"height": style["width"], "fixedsize": "true", "margin": "0", "fontsize": "14"}
    if box.parts:
        style["shape"] = "record"
        parts = "|".join(f"<p{at}> {_field(part)}" for at, part in enumerate(box.parts))
        label = f"{{{_field(label)}|{{{parts}}}}}"
    graph.node(
        name, label=label, fillcolor=fill, color=border, id=_text(box.key),
        tooltip=_text(box.tooltip), **style,
    )  # fmt: skip


def _width(box: Box, direction: str) -> float:
    """Points that hold a box's text, whatever the engine takes its width for."""
    if box.kind is Kind.SUM:
        return 20
    text = max(text_width(line, _BOX_TEXT) for line in box.lines)
    if box.kind is Kind.JOIN:
        text *= 1.3  # an ellipse is narrower above and below
    if box.parts and direction == "LR":
        # The parts stand beside the text, and get half of what the engine had not reckoned with.
        parts = max(text_width(part, _BOX_TEXT) for part in box.parts)
        return 1.25 * text + parts + 4 * _MARGIN
    return text + 2 * _MARGIN


def _heading(picture: Picture) -> str:
    """The title, and what the eye can't know."""
    rows = [_cell(picture.title, _TITLE_TEXT)]
    if any(arrow.shortcut for arrow in picture.arrows):
        rows.append(_cell("dashed: a shortcut, added where it ends", _LEGEND_TEXT, _SHORTCUT))
    if any(box.parts for box in picture.boxes):
        rows.append(_cell("divided box: groups of its channels", _LEGEND_TEXT, _ARROW))
    return _table(rows)


def _table(rows: list[str]) -> str:
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{body}</TABLE>>'


def _cell(text: str, size: int, color: str = "#000000") -> str:
    """A cell that is wide enough for its text."""
    width = math.ceil(text_width(text, size))
    plain = html.escape(printable(text).replace("\\", "\\\\"))
    font = f'<FONT POINT-SIZE="{size}" COLOR="{color}">{plain}</FONT>'
    return f'<TD ALIGN="LEFT" WIDTH="{width}">{font}</TD>'


def _field(text: str) -> str:
    """Text as itself in a field of a record."""
    return re.sub(r"([{}|<>])", r"\\\1", text)


def _text(text: str) -> str:
    """Text as itself: neither an escape of DOT, nor an entity, nor HTML in angle brackets."""
    shown = "\n".join(map(printable, text.split("\n")))
    escaped: str = dot.escape(shown.replace("&", "&amp;"))
    plain: str = dot.nohtml(escaped.replace("\n", "\\n"))
    return plain


def draw(picture: Picture, path: Path, direction: str = "TB") -> str:
    """Writes a picture by the path's extension and says which engine drew it.

    Raises `Failure` where no engine is there for the format, or the picture is too large for one.
    """
    text, suffix = dot_text(picture, direction), path.suffix.lower()
    if suffix == ".dot":
        write_whole(path, text.encode())
        return "DOT"
    if picture.reach > MAX_REACH:
        raise _too_large(picture, path)
    for name, command in engines(suffix):
        try:
            data = _run([*command, f"-T{suffix[1:]}", *_scaling(suffix)], text)
        except subprocess.TimeoutExpired:
            raise _too_large(picture, path) from None
        if data is not None:
            write_whole(path, data)
            return name
    raise Failure(
        _problem(
            "no-graphviz",
            f"no Graphviz here can draw {suffix[1:].upper()}",
            "install Graphviz (its `dot` program), or write .svg, .png or .dot",
            path,
        )
    )


def is_slow(picture: Picture) -> bool:
    """Whether a layout may take more than a few seconds."""
    return SLOW_REACH < picture.reach <= MAX_REACH


def _too_large(picture: Picture, path: Path) -> Failure:
    return Failure(
        _problem(
            "picture-too-large",
            f"{len(picture.boxes):,} boxes and {len(picture.arrows):,} arrows are more than can be "
            "laid out in seconds, or read",
            "draw a part with `--only PATH`, or use a shallower `--depth`; .dot has no limit",
            path,
        )
    )


def _problem(code: str, message: str, help: str, path: Path) -> Diagnostic:
    return Diagnostic(BY_NAME[code], message, None, help=help, name=str(path))


def engines(suffix: str) -> Iterator[tuple[str, list[str]]]:
    """The layout programs for a format: the system's Graphviz first, then the packaged one."""
    system = shutil.which("dot")
    if system is not None:
        yield "Graphviz", [system]
    beside = str(Path(sys.executable).parent)
    packaged = shutil.which("graphviz-pure", path=beside) or shutil.which("graphviz-pure")
    if packaged is not None and suffix != ".pdf":  # it writes no PDF
        yield "graphviz-pure", [packaged]


def _scaling(suffix: str) -> list[str]:
    return [f"-Gsize={MAX_SIDE},{MAX_SIDE}", "-Gdpi=96"] if suffix == ".png" else []


def _run(command: list[str], text: str) -> bytes | None:
    """What a layout program writes; None where it fails. Raises TimeoutExpired."""
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=TIMEOUT, check=False
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None
