"""Consecutive lines that say the same of different values stand in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from seqdsl.syntax.format.nodes import Element, flat, kind
from seqdsl.syntax.format.page import WIDTH, Line, Row

_TIMES = ("X", "CROSS")


def row_of(elements: Sequence[Element]) -> Row | None:
    """The row that a statement on one line is, in a table of its likes."""
    kinds = [kind(element) for element in elements]
    if kinds[0] == "MODEL":
        return Row(("model",), _cells(elements, _places(kinds, "EQUAL", "LBRACE")))
    if kinds[0] in ("STAGE", "HEAD") and "_ARROW" in kinds:
        return Row(("stage",), _cells(elements, _places(kinds, "_ARROW", "LBRACE")))
    if kinds[0] == "NAME" and kinds[1:2] != ["EQUAL"] and not {"VBAR", "LBRACE"} & set(kinds):
        return _call(elements, kinds)
    return None


def _call(elements: Sequence[Element], kinds: Sequence[str]) -> Row:
    """A layer with its arguments. Rows of one table have arguments of the same names."""
    commas = [i + 1 for i in _places(kinds, "COMMA")]
    times = _places(kinds, *_TIMES)
    begin = next((i for i in range(1, len(kinds)) if kinds[i] != "ATTRIBUTE"), len(kinds))
    names = [
        flat(elements[i : i + 1]).strip() if kinds[i + 1 : i + 2] == ["EQUAL"] else ""
        for i in (begin, *commas)
    ]
    callee = flat(elements[:begin])
    return Row((callee, *names, bool(times)), _cells(elements, [*commas, *times]))


def _places(kinds: Sequence[str], *wanted: str) -> list[int]:
    return [i for i, kind in enumerate(kinds) if kind in wanted]


def _cells(elements: Sequence[Element], cuts: Sequence[int]) -> tuple[str, ...]:
    ends = [*cuts, len(elements)]
    return tuple(flat(elements[i:j]).strip() for i, j in zip([0, *cuts], ends, strict=True))


def align(lines: Sequence[Line]) -> None:
    """Puts the cells of tables into columns, and then the comments behind lines."""
    for run in _runs(lines, _continues_table):
        _align_cells(run)
    for run in _runs(lines, _continues_text):
        _align_comments([line for line in run if line.text and line.comment])


def _runs(
    lines: Sequence[Line], continues: Callable[[Line, Line], bool]
) -> Iterator[Sequence[Line]]:
    start = 0
    for stop in range(1, len(lines) + 1):
        if stop == len(lines) or lines[stop].blank or not continues(lines[stop - 1], lines[stop]):
            yield lines[start:stop]
            start = stop


def _continues_table(above: Line, line: Line) -> bool:
    if above.row is None or line.row is None or above.indent != line.indent:
        return False
    return above.row.table == line.row.table


def _continues_text(above: Line, line: Line) -> bool:
    if above.indent != line.indent or not (above.text and line.text):
        return False
    return not (above.text.startswith("}") or line.text.startswith("}"))


def _align_cells(run: Sequence[Line]) -> None:
    rows = [line.row.cells for line in run if line.row is not None]
    widths = [
        max((len(cells[i]) for cells in rows if i + 1 < len(cells)), default=0)
        for i in range(max(map(len, rows), default=0))
    ]
    texts = [" ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows]
    if all(line.indent + len(text) <= WIDTH for line, text in zip(run, texts, strict=False)):
        for line, text in zip(run, texts, strict=False):
            line.text = text


def _align_comments(run: Sequence[Line]) -> None:
    """Puts comments two columns behind the longest line, unless that pushes one off the page."""
    width = max((len(line.text) for line in run), default=0)
    if all(_is_on_page(line, width) or not _is_on_page(line, len(line.text)) for line in run):
        for line in run:
            line.text = line.text.ljust(width)


def _is_on_page(line: Line, width: int) -> bool:
    return len(str(Line(line.indent, line.text.ljust(width), line.comment))) <= WIDTH
