"""Writes the table of conventions in `counting.md`. `python docs/counting.py`"""

from __future__ import annotations

import re
from pathlib import Path

from seqdsl.graph.conventions import CONVENTIONS

PAGE = Path(__file__).parent / "counting.md"
_TABLE = re.compile(r"^\| name \|.*?\n(?!\|)", re.MULTILINE | re.DOTALL)


def table() -> str:
    """Return a row of Markdown for each convention, under headings."""
    rows = [("name", "counts", "G", "who counts so", "found in"), ("---",) * 5]
    rows += (
        (f"`{c.name}`", c.counts, c.unit, c.used_by, c.found_in or "by definition")
        for c in CONVENTIONS.values()
    )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page() -> str:
    """Return the page with the table as it should be."""
    return _TABLE.sub(lambda _: table(), PAGE.read_text(), count=1)


if __name__ == "__main__":
    PAGE.write_text(page())
