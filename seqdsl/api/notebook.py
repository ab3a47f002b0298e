"""What a notebook shows: tables of parts as HTML, and a drawing beside them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from seqdsl.graph.conventions import MACS
from seqdsl.graph.costs import spell_count
from seqdsl.graph.statistics import Part
from seqdsl.graph.tensor import spell_shape

MAX_ROWS = 60
_RIGHT = ' style="text-align: right"'
_LEFT = ' style="text-align: left"'


def table(parts: Sequence[Part], *, total: Part | None = None) -> str:
    """Return the parts that cost something as a table of HTML, and below them the total."""
    shown = [part for part in parts if part.cost.params or part.cost.macs] or list(parts)
    rows = [_row(_cells(part), "td") for part in shown[:MAX_ROWS]]
    if len(shown) > MAX_ROWS:
        rows.append(_row((f"… and {len(shown) - MAX_ROWS:,} more", "", "", ""), "td"))
    if total is not None:
        rows.append(_row(("total", *_cells(total)[1:]), "th"))
    heading = _row(("part", "output", "params", MACS.heading), "th")
    body = "\n".join(rows)
    return f"<table>\n<thead>\n{heading}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def summary(title: str, facts: str, table: str, drawing: str | None) -> str:
    """Return a title, a line of facts, and a table with an SVG drawing beside it as HTML.

    The drawing is an image of its own, so that its names and styles stay out of the page.
    """
    heading = f"<p><strong>{escape(title)}</strong><br/>{escape(facts)}</p>"
    if drawing is None:
        return f"<div>\n{heading}\n{table}\n</div>"
    data = b64encode(drawing.encode()).decode()
    alt = escape(f"The stages of {title}", quote=True)
    image = f'<img alt="{alt}" style="max-height: 40em" src="data:image/svg+xml;base64,{data}"/>'
    sides = f'<div style="display: flex; gap: 2em; align-items: flex-start">\n{table}\n{image}\n'
    return f"<div>\n{heading}\n{sides}</div>\n</div>"


def _cells(part: Part) -> tuple[str, str, str, str]:
    params, macs = spell_count(part.cost.params, 4), spell_count(MACS.count(part.cost), 4)
    return part.name, spell_shape(part.shape), params, macs


def _row(cells: Iterable[str], tag: str) -> str:
    sides = (_LEFT, _LEFT, _RIGHT, _RIGHT)
    shown = (f"<{tag}{side}>{escape(c)}</{tag}>" for c, side in zip(cells, sides, strict=True))
    return f"<tr>{''.join(shown)}</tr>"
