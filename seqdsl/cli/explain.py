"""``seqdsl explain``"""

from __future__ import annotations

import click

from seqdsl.source.codes import BY_ID, BY_NAME, CODES
from seqdsl.source.suggest import nearest


@click.command("explain")
@click.argument("code", required=False)
@click.option("--list", "list_all", is_flag=True, help="Every code, one a line.")
def command(code: str | None, list_all: bool) -> None:
    """Explain a diagnostic CODE, such as SEQ309 or add-mismatch."""
    if list_all:
        for each in CODES:
            click.echo(f"{each.id}  {each.name:<22}{each.severity.value:<9}{each.description}")
        return
    if code is None:
        raise click.UsageError("Name a code, or use --list.")
    found = BY_ID.get(code.upper()) or BY_NAME.get(code.lower())
    if found is None:
        near = nearest(code.upper(), BY_ID) or nearest(code.lower(), BY_NAME)
        hint = f" Did you mean {near}?" if near else " See --list."
        raise click.UsageError(f"No code {code!r} exists.{hint}")
    click.echo(f"{found.id} ({found.name}), {found.severity.value}\n\n{found.description}")
