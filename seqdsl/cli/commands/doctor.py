"""``seqdsl doctor``"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from seqdsl.cli.streams import as_json
from seqdsl.cli.tables import Table, write_tables
from seqdsl.source.render_text import printable

if TYPE_CHECKING:
    from seqdsl.backends.parts import Part


@click.command("doctor")
@click.option("--format", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(format: str) -> None:
    """Show what seqdsl runs on: versions, engines, CUDA, drawing.

    Exit code 1 where something is broken, and not merely absent.
    """
    from seqdsl.backends.doctor.doctor import examine
    from seqdsl.backends.parts import Verdict

    parts = list(examine())
    click.echo(_json(parts) if format == "json" else _text(parts))
    sys.exit(1 if any(part.verdict is Verdict.BROKEN for part in parts) else 0)


def _json(parts: list[Part]) -> str:
    rows = [
        {"part": p.name, "found": p.found, "verdict": p.verdict.value, "help": p.help}
        for p in parts
    ]
    return as_json(json.dumps(rows, indent=2, ensure_ascii=False), sys.stdout)


def _text(parts: list[Part]) -> str:
    """The table, and the ways on: whole lines, to be copied."""
    rows = tuple((p.name, printable(p.found), p.verdict.value) for p in parts)
    styles = tuple(_STYLES.get(p.verdict.value, "") for p in parts)
    table = Table("What seqdsl stands on", ("part", "found", "verdict"), rows, styles=styles)
    ways = [f"{p.name}: {printable(p.help)}" for p in parts if p.help]
    return "\n".join([write_tables([table], "table"), *([""] if ways else []), *ways])


_STYLES = {"note": "dim", "BROKEN": "bold red"}
