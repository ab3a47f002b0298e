"""``seqdsl check``"""

from __future__ import annotations

import sys

import click

from seqdsl.cli.common import exit_code, network_options, output_format_option, use_color
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.timing import stage


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@network_options
@output_format_option
def command(
    files: tuple[str, ...], network_name: str | None, defines: dict[str, str], output_format: str
) -> None:
    """Check FILES: syntax, names, shapes, channels, groups and claims.

    Every model of a file is built, and every network that needs no arguments; or the one that
    --network and -D describe. `-` is standard input. Exit code 1 where there are findings,
    warnings included.
    """
    with stage("import"):
        from seqdsl.api import check_file, load_instance

    diagnostics: list[Diagnostic] = []
    networks = 0
    for file in files:
        if network_name is None and not defines:
            built, found = check_file(file)
            networks += len(built)
        else:
            _, found = load_instance(file, network_name, defines)
            networks += 1
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
