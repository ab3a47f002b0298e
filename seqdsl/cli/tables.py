"""Tables on standard output, in the formats that people paste them into."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import isfinite
from typing import TypeAlias

from seqdsl.cli.common import use_color
from seqdsl.source.render_data import write_json
from seqdsl.source.render_text import printable


@dataclass(frozen=True, slots=True)
class Number:
    """A number for programs, None where there is none, beside its text for readers."""

    value: int | float | None
    text: str


Cell: TypeAlias = str | Number


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    ``right`` names the headings of columns of numbers, ``prose`` those of columns that wrap.
    Formats for programs (json, csv) have the values of numbers, the others their texts.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[str] = frozenset()
    note: str = ""  # the convention of its numbers, for one
    prose: frozenset[str] = frozenset()
    styles: tuple[str, ...] = ()  # of its rows, on a terminal


def write_tables(tables: list[Table], format: str) -> str:
    """The tables as text in one of `FORMATS`."""
    if format == "json":
        return write_json([_object(table) for table in tables])
    return "\n\n".join(_WRITERS[format](table).rstrip("\n") for table in map(_shown, tables))


def _shown(table: Table) -> Table:
    """The table with texts that are of one line, and steer no terminal."""
    rows = tuple(
        tuple(printable(cell) if isinstance(cell, str) else cell for cell in row)
        for row in table.rows
    )
    return replace(table, title=printable(table.title), rows=rows)


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


def _value(cell: Cell) -> str | int | float | None:
    """A cell for programs; neither JSON nor a spreadsheet knows NaN."""
    value = cell.value if isinstance(cell, Number) else cell
    return None if isinstance(value, float) and not isfinite(value) else value


def _texts(table: Table) -> Iterator[tuple[str, ...]]:
    for row in table.rows:
        yield tuple(cell.text if isinstance(cell, Number) else cell for cell in row)


def _terminal(table: Table) -> str:
    color = use_color(sys.stdout)
    if not color and not table.prose:
        return _plain(table)
    return _rich(table, color)


def _plain(table: Table) -> str:
    """What `_rich` makes where nothing is coloured or wraps, for tables of 100,000 rows."""
    rows = [table.headings, *_texts(table)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [heading in table.right for heading in table.headings]

    def line(row: tuple[str, ...]) -> str:
        cells = zip(row, widths, right, strict=True)
        return "   ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip()

    heading, *body = map(line, rows)
    rule = "─" * (sum(widths) + 3 * (len(widths) - 1))
    lines = [table.title, heading, rule, *body]
    return "\n".join([*lines, table.note] if table.note else lines)


def _rich(table: Table, color: bool) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    stream = io.StringIO()
    console = Console(
        file=stream, width=max(160, _width(table)), force_terminal=color, no_color=not color,
        highlight=False,
    )  # fmt: skip
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in table.headings:
        justify = "right" if heading in table.right else "left"
        no_wrap = heading not in table.prose
        grid.add_column(Text(heading), justify=justify, no_wrap=no_wrap)  # type: ignore[arg-type]
    for row, style in zip_longest(_texts(table), table.styles):
        grid.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row), style=style)
    console.print(Text(table.title, style="bold"))
    console.print(grid)
    if table.note:
        console.print(Text(table.note, style="dim"))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _width(table: Table) -> int:
    """The characters that a table needs, so that no cell is cut short; prose can wrap."""
    columns = zip(table.headings, *_texts(table), strict=True)
    widths = (40 if c[0] in table.prose else max(map(len, c)) for c in columns)
    return sum(width + 3 for width in widths)


_STYLES = {"met": "green", "NOT MET": "bold red", "agrees": "green", "DIFFERS": "bold red"}


def _csv(table: Table) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.headings)
    writer.writerows(map(_csv_cell, row) for row in table.rows)
    return stream.getvalue()


def _csv_cell(cell: Cell) -> str | int | float | None:
    """A cell that no spreadsheet takes for a formula."""
    value = _value(cell)
    is_formula = isinstance(value, str) and value.startswith(_FORMULA) and value != "-"
    return f"'{value}" if is_formula else value


_FORMULA = ("=", "+", "-", "@")


def _markdown(table: Table) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return f"| {' | '.join(_MARKUP.sub(_BACKSLASHED, cell) for cell in cells)} |"

    rule = tuple("---:" if heading in table.right else "---" for heading in table.headings)
    lines = [f"**{table.title}**", "", line(table.headings), line(rule), *map(line, _texts(table))]
    return "\n".join([*lines, "", table.note] if table.note else lines)


_MARKUP, _BACKSLASHED = re.compile(r"[\\|<`\[]"), r"\\\g<0>"


def _latex(table: Table) -> str:
    columns = "".join("r" if heading in table.right else "l" for heading in table.headings)

    def row(cells: tuple[str, ...]) -> str:
        return " & ".join(map(_escape_latex, cells)) + r" \\"

    return "\n".join(
        [
            *(f"% {line}" for line in [table.title, *table.note.splitlines()]),
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            row(table.headings),
            r"\midrule",
            *map(row, _texts(table)),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "→": r"$\to$",
}

_WRITERS: dict[str, Callable[[Table], str]] = {
    "table": _terminal,
    "csv": _csv,
    "md": _markdown,
    "latex": _latex,
}
FORMATS = (*_WRITERS, "json")
