"""Graphviz: a picture in the DOT language, and whichever engine is there to lay it out."""

from __future__ import annotations

import contextlib
import html
import math
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import graphviz as dot

from seqdsl.backends.drawing import boxes
from seqdsl.backends.drawing.scene import shown
from seqdsl.backends.drawing.text_width import text_width
from seqdsl.backends.drawing.theme import Theme
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Box, Frame, Picture, by_frame
from seqdsl.source.render_text import printable

WORK = 60  # seconds of the processor for a layout
TIMEOUT = 600  # seconds on the clock, where a busy machine takes longer
if sys.platform == "linux":
    import resource

    _ENDED = (signal.SIGXCPU, signal.SIGKILL)  # by the limit of work
else:
    _ENDED = ()
_FONT = "Helvetica,Arial,sans-serif"
FRAME_TEXT, LABEL_TEXT = 11, 9  # sizes of the text of frames, and on arrows


def dot_text(picture: Picture, direction: str, theme: Theme) -> str:
    """A picture in the DOT language. Every label is escaped: no text becomes markup.

    Boxes have the sizes of `boxes.size`; box number i is ``n{i}``, frame number i ``cluster_{i}``.
    """
    graph = dot.Digraph(comment=None)
    graph.attr(
        rankdir=direction, fontname=_FONT, nodesep="0.28", ranksep="0.32", compound="true",
        bgcolor=theme.background,
    )  # fmt: skip
    graph.attr(
        "node", shape="box", style="filled,rounded", fontname=_FONT, fixedsize="true",
        fontsize=str(boxes.LINE), fontcolor=_fill(theme, "text"), penwidth="1.1",
    )  # fmt: skip
    graph.attr(
        "edge", color=_line(theme, "arrow"), arrowsize="0.6", fontname=_FONT
    )  # fmt: skip
    names = {box.key: f"n{position}" for position, box in enumerate(picture.boxes)}
    numbers = {key: number for number, key in enumerate(picture.frames)}
    sources = {arrow.source for arrow in picture.arrows}
    _nest(graph, picture, picture.boxes, 0, names, numbers, sources, theme)
    for number, arrow in enumerate(picture.arrows):
        style = {"id": f"e{number}"}
        if arrow.shortcut:
            style |= {"style": "dashed", "color": _line(theme, "shortcut"), "weight": "0"}
        if arrow.shape:
            style["label"] = _cell(arrow.shape, LABEL_TEXT, _fill(theme, "faint"))
        graph.edge(names[arrow.source], names[arrow.target], **style)
    return str(graph.source)


def _nest(
    graph: dot.Digraph, picture: Picture, inside: Sequence[Box], level: int,
    names: Mapping[str, str], numbers: Mapping[str, int], sources: set[str], theme: Theme,
) -> None:  # fmt: skip
    """Boxes with the frames around them, one level of frames at a time."""
    for key, held in by_frame(inside, level).items():
        if key is None:
            for box in held:
                _add_box(graph, box, names[box.key], box.key not in sources, theme)
            continue
        with graph.subgraph(name=f"cluster_{numbers[key]}") as cluster:
            cluster.attr(
                label=_title(picture.frames[key], theme), labeljust="l", margin="11",
                style="rounded,filled", fillcolor=_fill(theme, f"frame{level % 2}"),
                color=_line(theme, "frame0"), fontname=_FONT,
            )  # fmt: skip
            _nest(cluster, picture, held, level + 1, names, numbers, sources, theme)


def _add_box(graph: dot.Digraph, box: Box, name: str, ends: bool, theme: Theme) -> None:
    width, height = boxes.size(box, ends)
    lines = [box.name, *box.lines, *([box.shape] if ends else [])]
    if box.panel is not None:
        lines += box.panel.rows
    graph.node(
        name, label="+" if box.kind is Kind.SUM else _text("\n".join(lines), shown),
        shape="circle" if box.kind is Kind.SUM else "box", id=_text(box.key),
        tooltip=_text("\n".join(box.facts.lines if box.facts else [box.key])),
        fillcolor=_fill(theme, box.kind.value), color=_line(theme, box.kind.value),
        width=f"{width / 72:.3f}", height=f"{height / 72:.3f}",
    )  # fmt: skip


def _title(frame: Frame, theme: Theme) -> str:
    return _cell(frame.title, FRAME_TEXT, _fill(theme, "text"))


def _cell(text: str, size: int, color: str) -> str:
    """Text with room around it that is wide enough for it, whatever font is drawn."""
    width = math.ceil(text_width(text, size)) + 6
    plain = html.escape(shown(text).replace("\\", "\\\\"))
    font = f'<FONT POINT-SIZE="{size}" COLOR="{color}">{plain}</FONT>'
    cell = f'<TD ALIGN="LEFT" WIDTH="{width}">{font}</TD>'
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1"><TR>{cell}</TR></TABLE>>'


def _text(text: str, written: Callable[[str], str] = printable) -> str:
    """Text as itself: neither an escape of DOT, nor an entity, nor HTML in angle brackets."""
    plain = "\n".join(map(written, text.split("\n")))
    escaped: str = dot.escape(plain.replace("&", "&amp;"))
    literal: str = dot.nohtml(escaped.replace("\n", "\\n"))  # a string of its own kind
    return literal


def _fill(theme: Theme, style: str) -> str:
    return theme.styles[style].fill or theme.background


def _line(theme: Theme, style: str) -> str:
    return theme.styles[style].stroke or theme.background


def engines() -> Iterator[tuple[str, str]]:
    """The layout programs by name: the system's Graphviz first, then the packaged one."""
    system = shutil.which("dot")
    if system is not None:
        yield "Graphviz", system
    beside = str(Path(sys.executable).parent)
    packaged = shutil.which("graphviz-pure", path=beside) or shutil.which("graphviz-pure")
    if packaged is not None:
        yield "graphviz-pure", packaged


def run(program: str, text: str) -> bytes | None:
    """What a layout program makes of a DOT text, as JSON; None where it fails.

    Raises subprocess.TimeoutExpired.
    """
    try:
        process = Popen([program, "-Tjson"], stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError:
        return None
    with process:
        timeout = TIMEOUT if _limit_work(process.pid) else WORK
        try:
            made, _ = process.communicate(text.encode(), timeout)
        except BaseException:
            process.kill()
            raise
    if -process.returncode in _ENDED:
        raise subprocess.TimeoutExpired(program, WORK)
    return made if process.returncode == 0 and made else None


def _limit_work(pid: int) -> bool:
    """Limit the processor's time of a process, where the system can."""
    if sys.platform != "linux":
        return False
    with contextlib.suppress(ProcessLookupError):  # it has ended
        resource.prlimit(pid, resource.RLIMIT_CPU, (WORK, WORK))
    return True
