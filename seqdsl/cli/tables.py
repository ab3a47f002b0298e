"""Tables on standard output, in the formats that people paste them into."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import isfinite
from typing import TypeAlias

from seqdsl.cli.common import use_color
from seqdsl.cli.latex import escape_latex, latex_comment, latex_number
from seqdsl.cli.streams import as_json, holds_all, spelled
from seqdsl.source.render_data import write_json
from seqdsl.source.render_text import printable


@dataclass(frozen=True, slots=True)
class Number:
    """A number for programs, None where there is none, beside its text for readers."""

    value: int | float | None
    text: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A cell of several lines, as each format has it."""

    lines: tuple[str, ...]  # on a terminal
    markdown: str
    latex: str
    csv: str
    json: object


Cell: TypeAlias = str | Number | Stack


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    ``right`` names the headings of columns of numbers, ``prose`` those of columns that wrap.
    Formats for programs (json, csv) have the values of numbers, the others their texts. Rules
    set rows apart in which a cell has several lines.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[str] = frozenset()
    note: str = ""  # the convention of its numbers, for one
    prose: frozenset[str] = frozenset()
    styles: tuple[str, ...] = ()  # of its rows, on a terminal
    legend: str = ""  # what marks in its cells mean, for readers


def write_tables(tables: list[Table], format: str) -> str:
    """The tables as text in one of `FORMATS`."""
    if format == "json":
        return as_json(write_json([_object(table) for table in tables]), sys.stdout)
    return "\n\n".join(_WRITERS[format](table).rstrip("\n") for table in map(_shown, tables))


def _shown(table: Table) -> Table:
    """The table with texts that are of one line, and steer no terminal."""
    rows = tuple(
        tuple(printable(cell) if isinstance(cell, str) else cell for cell in row)
        for row in table.rows
    )
    right, prose = (frozenset(map(printable, names)) for names in (table.right, table.prose))
    return replace(
        table, title=printable(table.title), headings=tuple(map(printable, table.headings)),
        rows=rows, right=right, prose=prose,
    )  # fmt: skip


def whole(value: int) -> Number:
    """A count, as it is."""
    return Number(value, f"{value}")


def figure(value: float | None) -> Number:
    """What was measured: three digits for readers, or all those before the point."""
    return Number(value, "-" if value is None else spell_figure(value))


def spell_figure(value: float) -> str:
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def _object(table: Table) -> dict[str, object]:
    rows = [dict(zip(table.headings, map(_value, row), strict=True)) for row in table.rows]
    return {"title": table.title, "note": table.note, "rows": rows}


def _value(cell: Cell) -> object:
    """A cell for programs; neither JSON nor a spreadsheet knows NaN."""
    match cell:
        case Number(value=value):
            return None if isinstance(value, float) and not isfinite(value) else value
        case Stack(json=json):
            return json
        case text:
            return text


@dataclass(frozen=True, slots=True)
class _Printed:
    """A line of a row on a terminal."""

    cells: tuple[str, ...]
    style: str
    ends: bool  # the last of its row, with a rule behind it


def _printed(table: Table) -> list[_Printed]:
    """The rows of a table, line by line."""
    stacked = [any(isinstance(cell, Stack) for cell in row) for row in table.rows]
    found: list[_Printed] = []
    for index, (row, style) in enumerate(zip_longest(table.rows, table.styles)):
        lines = list(zip_longest(*map(_lines, row), fillvalue=""))
        apart = any(stacked[index : index + 2]) and index + 1 < len(stacked)
        found += (
            _Printed(line, style or "", apart and at == len(lines))
            for at, line in enumerate(lines, 1)
        )
    return found


def _lines(cell: Cell) -> Sequence[str]:
    match cell:
        case Number(text=text):
            return [text]
        case Stack(lines=lines):
            return lines or [""]
        case text:
            return [text]


def _terminal(table: Table) -> str:
    color = use_color(sys.stdout)
    if not holds_all(sys.stdout):
        table = _spelled(table)
    if not color and not table.prose:
        return _plain(table)
    return _rich(table, color)


def _spelled(table: Table) -> Table:
    """The table in the characters that standard output has."""

    def text(text: str) -> str:
        return spelled(text, sys.stdout)

    def cell(cell: Cell) -> Cell:
        match cell:
            case Number(text=shown):
                return replace(cell, text=text(shown))
            case Stack(lines=lines):
                return replace(cell, lines=tuple(map(text, lines)))
            case shown:
                return text(shown)

    return replace(
        table, title=text(table.title), headings=tuple(map(text, table.headings)),
        rows=tuple(tuple(map(cell, row)) for row in table.rows),
        right=frozenset(map(text, table.right)), prose=frozenset(map(text, table.prose)),
        note=text(table.note), legend=text(table.legend),
    )  # fmt: skip


def _plain(table: Table) -> str:
    """What `_rich` makes where nothing is coloured or wraps, for tables of 100,000 rows."""
    rows = _printed(table)
    columns = zip(table.headings, *(row.cells for row in rows), strict=True)
    widths = [max(map(len, column)) for column in columns]
    right = [heading in table.right for heading in table.headings]

    def line(row: tuple[str, ...]) -> str:
        cells = zip(row, widths, right, strict=True)
        return "   ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip()

    rule = "─" * (sum(widths) + 3 * (len(widths) - 1))
    lines = [table.title, line(table.headings), rule]
    for row in rows:
        lines += [line(row.cells), rule] if row.ends else [line(row.cells)]
    return "\n".join([*lines, *_notes(table)])


def _notes(table: Table) -> list[str]:
    """What stands below a table."""
    return [*filter(None, (table.note, table.legend))]


def _rich(table: Table, color: bool) -> str:
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    stream = io.StringIO()
    console = Console(
        file=stream, width=max(160, _width(table)), force_terminal=color, no_color=not color,
        highlight=False,
    )  # fmt: skip
    grid = RichTable(box=Box(_RULES), pad_edge=False, show_edge=False)
    for heading in table.headings:
        justify = "right" if heading in table.right else "left"
        no_wrap = heading not in table.prose
        grid.add_column(Text(heading), justify=justify, no_wrap=no_wrap)  # type: ignore[arg-type]
    for row in _printed(table):
        cells = (Text(cell, style=_STYLES.get(cell, "")) for cell in row.cells)
        grid.add_row(*cells, style=row.style, end_section=row.ends)
    console.print(Text(table.title, style="bold"))
    console.print(grid)
    for note in _notes(table):
        console.print(Text(note, style="dim"))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _width(table: Table) -> int:
    """The characters that a table needs, so that no cell is cut short; prose can wrap."""
    columns = zip(table.headings, *(row.cells for row in _printed(table)), strict=True)
    widths = (40 if c[0] in table.prose else max(map(len, c)) for c in columns)
    return sum(width + 3 for width in widths)


# rich's SIMPLE_HEAD, with a rule between rows, too
_RULES = "    \n    \n ── \n    \n ── \n    \n    \n    \n"
_STYLES = {"met": "green", "NOT MET": "bold red", "agrees": "green", "DIFFERS": "bold red"}


def _csv(table: Table) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.headings)
    writer.writerows(map(_csv_cell, row) for row in table.rows)
    return stream.getvalue()


def _csv_cell(cell: Cell) -> object:
    """A cell that no spreadsheet takes for a formula."""
    value = cell.csv if isinstance(cell, Stack) else _value(cell)
    is_formula = isinstance(value, str) and value.startswith(_FORMULA) and value != "-"
    return f"'{value}" if is_formula else value


_FORMULA = ("=", "+", "-", "@")


def _markdown(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rule = ["---:" if heading in table.right else "---" for heading in table.headings]
    headings = [escape_markdown(heading) for heading in table.headings]
    rows = [line([_markdown_cell(cell) for cell in row]) for row in table.rows]
    lines = [f"**{escape_markdown(table.title)}**", "", line(headings), line(rule), *rows]
    if table.note:
        lines += ["", table.note]
    if table.legend:
        lines += ["", escape_markdown(table.legend)]
    return "\n".join(lines)


def _markdown_cell(cell: Cell) -> str:
    match cell:
        case Number(text=text):
            return escape_markdown(text)
        case Stack(markdown=markdown):
            return markdown
        case text:
            return escape_markdown(text)


def escape_markdown(text: str) -> str:
    """Text that a reader of Markdown sees as it is; underscores within words are no markup."""
    return _MARKUP.sub(r"\\\g<0>", text)


_MARKUP = re.compile(r"[\\|<`\[*]|&(?=#?\w+;)|~(?=\S)|(?<![^\W_])_|_(?![^\W_])")


def _latex(table: Table) -> str:
    def row(cells: Sequence[str]) -> str:
        text = " & ".join(cells)  # a row that begins so would be an argument of the one before
        return f"{'{}' if text.startswith(('*', '[')) else ''}{text} \\tabularnewline"

    aligned = [
        _PROSE if heading in table.prose else "r" if heading in table.right else "l"
        for heading in table.headings
    ]
    lines = [f"% {table.title}", *latex_comment(table.note)]
    lines += [rf"\begin{{tabular}}{{{''.join(aligned)}}}", r"\toprule"]
    lines += [row([escape_latex(heading) for heading in table.headings]), r"\midrule"]
    stacked = [any(isinstance(cell, Stack) for cell in cells) for cells in table.rows]
    for index, cells in enumerate(table.rows):
        if index and any(stacked[index - 1 : index + 1]):
            lines.append(r"\midrule")
        is_prose = (heading in table.prose for heading in table.headings)
        lines.append(row(list(map(_latex_cell, cells, is_prose))))
    lines.append(r"\bottomrule")
    if table.legend:
        legend = rf"\footnotesize {escape_latex(table.legend)}"
        lines.append(row([rf"\multicolumn{{{len(aligned)}}}{{@{{}}l}}{{{legend}}}"]))
    return "\n".join([*lines, r"\end{tabular}"])


_PROSE = "p{6cm}"


def _latex_cell(cell: Cell, is_prose: bool) -> str:
    match cell:
        case Number(text=text):
            return latex_number(text)
        case Stack(latex=latex):
            return latex
        case text:
            return rf"\raggedright {escape_latex(text)}" if is_prose else escape_latex(text)


_WRITERS: dict[str, Callable[[Table], str]] = {
    "table": _terminal,
    "csv": _csv,
    "md": _markdown,
    "latex": _latex,
}
FORMATS = (*_WRITERS, "json")
