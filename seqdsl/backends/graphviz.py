"""Draws pictures with Graphviz: the DOT text, and whichever engine is there to lay it out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import graphviz as dot

from seqdsl.backends.files import write_whole
from seqdsl.passes.labels import Kind
from seqdsl.passes.picture import Box, Picture
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure

FORMATS = (".svg", ".png", ".pdf", ".dot")
MAX_SIDE = 200  # inches at 96 dots an inch: what a PNG's longer side is scaled down to
TIMEOUT = 300  # seconds for a layout

# Fill and border of each kind: tints of the Okabe-Ito palette, told apart by the colour-blind
# and, by their borders and shapes, in grey.
_COLORS = {
    Kind.STAGE: ("#F4F4F2", "#55606A"),
    Kind.AGGREGATION: ("#D6E8F5", "#0072B2"),
    Kind.CONVOLUTION: ("#FBE9C6", "#C98500"),
    Kind.LINEAR: ("#F3DFEA", "#B0578C"),
    Kind.POOL: ("#D3EEE4", "#00845F"),
    Kind.JOIN: ("#FFFFFF", "#55606A"),
    Kind.OTHER: ("#FFFFFF", "#8A949C"),
}
_FONT = "Helvetica,Arial,sans-serif"


def dot_text(picture: Picture, direction: str = "TB") -> str:
    """A picture in the DOT language. Every label is escaped: no text becomes markup."""
    graph = dot.Digraph(comment=None)
    graph.attr(
        rankdir=direction, label=_text(picture.title), labelloc="t", fontname=_FONT,
        fontsize="16", nodesep="0.25", ranksep="0.35", compound="true", tooltip=" ",
        bgcolor="white",
    )  # fmt: skip
    graph.attr(
        "node", shape="box", style="filled,rounded", fontname=_FONT, fontsize="11",
        margin="0.12,0.06", height="0.3", penwidth="1.2",
    )  # fmt: skip
    graph.attr("edge", fontname=_FONT, fontsize="9", color="#55606A", arrowsize="0.6")
    names = {box.key: f"n{position}" for position, box in enumerate(picture.boxes)}
    _nest(graph, picture, list(picture.boxes), 0, names)
    for arrow in picture.arrows:
        style = {"style": "dashed", "color": "#D55E00"} if arrow.shortcut else {}
        graph.edge(
            names[arrow.source], names[arrow.target], label=_text(arrow.text),
            tooltip=_text(f"{arrow.source} → {arrow.target}"), **style,
        )  # fmt: skip
    return str(graph.source)


def _nest(
    graph: dot.Digraph, picture: Picture, boxes: list[Box], level: int, names: dict[str, str]
) -> None:
    """Boxes with the frames around them, one level of frames at a time."""
    for frame_key, inside in _runs(boxes, level):
        if frame_key is None:
            for box in inside:
                _add_box(graph, box, names[box.key])
            continue
        frame = picture.frames[frame_key]
        with graph.subgraph(name=f"cluster_{names[inside[0].key]}_{level}") as cluster:
            cluster.attr(
                label=_text(frame.title), tooltip=_text(frame.tooltip), style="rounded,filled",
                fillcolor="#FAFAF8" if level % 2 == 0 else "#F1F3F4", color="#B8C0C6",
                fontname=_FONT, fontsize="12", labeljust="l", margin="10",
            )  # fmt: skip
            _nest(cluster, picture, inside, level + 1, names)


def _runs(boxes: list[Box], level: int) -> Iterator[tuple[str | None, list[Box]]]:
    """The boxes by the frame of a level, in order of first appearance."""
    found: dict[str | None, list[Box]] = {}
    for box in boxes:
        key = box.frames[level] if len(box.frames) > level else None
        found.setdefault(key, []).append(box)
    yield from found.items()


def _add_box(graph: dot.Digraph, box: Box, name: str) -> None:
    fill, border = _COLORS[box.kind]
    graph.node(
        name, label=_text("\n".join(box.lines)), fillcolor=fill, color=border, id=_text(box.key),
        tooltip=_text(box.tooltip), shape="ellipse" if box.kind is Kind.JOIN else "box",
    )  # fmt: skip


def _text(text: str) -> str:
    """Text as itself: neither an escape of DOT, nor an entity, nor HTML in angle brackets."""
    escaped: str = dot.escape(text.replace("&", "&amp;").replace("\r", " "))
    plain: str = dot.nohtml(escaped.replace("\n", "\\n"))
    return plain


def draw(picture: Picture, path: Path, direction: str = "TB") -> str:
    """Writes a picture by the path's extension and says which engine drew it.

    Raises `Failure` where no engine is there for the format.
    """
    text = dot_text(picture, direction)
    if path.suffix == ".dot":
        write_whole(path, text.encode())
        return "DOT"
    for name, command in engines(path.suffix):
        data = _run([*command, f"-T{path.suffix[1:]}", *_scaling(path)], text)
        if data is not None:
            write_whole(path, data)
            return name
    raise Failure(
        Diagnostic(
            BY_NAME["no-graphviz"],
            f"no Graphviz here can draw {path.suffix[1:].upper()}",
            None,
            help="install Graphviz (its `dot` program), or write .svg, .png or .dot",
            name=str(path),
        )
    )


def engines(suffix: str) -> Iterator[tuple[str, list[str]]]:
    """The layout programs for a format: the system's Graphviz first, then the packaged one."""
    system = shutil.which("dot")
    if system is not None:
        yield "Graphviz", [system]
    beside = str(Path(sys.executable).parent)
    packaged = shutil.which("graphviz-pure", path=beside) or shutil.which("graphviz-pure")
    if packaged is not None and suffix != ".pdf":  # it writes no PDF
        yield "graphviz-pure", [packaged]


def _scaling(path: Path) -> list[str]:
    return [f"-Gsize={MAX_SIDE},{MAX_SIDE}", "-Gdpi=96"] if path.suffix == ".png" else []


def _run(command: list[str], text: str) -> bytes | None:
    """What a layout program writes; None where it fails."""
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None
