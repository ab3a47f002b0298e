"""``seqdsl check``"""

from __future__ import annotations

import sys

import click

from seqdsl.cli.common import exit_code, output_format_option, use_color
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.render import OutputFormat, render


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@output_format_option
def command(files: tuple[str, ...], output_format: str) -> None:
    """Check FILES: syntax, names, shapes, channels, groups and claims.

    Every model of a file is built, and every network that needs no arguments. `-` is standard
    input. Exit code 1 where there are findings, warnings included.
    """
    from seqdsl.api import check_file

    diagnostics: list[Diagnostic] = []
    networks = 0
    for file in files:
        built, found = check_file(file)
        networks += len(built)
        diagnostics.extend(found)
    format = OutputFormat(output_format)
    machine = format in (OutputFormat.JSON, OutputFormat.SARIF)
    if diagnostics or machine:
        text = render(diagnostics, format, color=use_color(sys.stdout if machine else sys.stderr))
        click.echo(text, err=not machine, color=True)
    else:
        count = f"{networks} network{'' if networks == 1 else 's'}"
        click.echo(f"{count} checked: shapes, groups and claims hold", err=True)
    sys.exit(exit_code(diagnostics))
