"""``seqdsl expand``"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seqdsl.cli.common import exit_code, fail_with, network_options, show
from seqdsl.cli.streams import print_source
from seqdsl.source.diagnostic import Failure


@click.command("expand")
@click.argument("file")
@network_options
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A .seq file.")
def command(
    file: str, network_name: str | None, defines: dict[str, str], output: Path | None
) -> None:
    """Write a network of FILE as a plain source: every parameter bound, every repeat and condition
    worked out, a derived network's layers in their places. It compiles to the same graph.
    """
    from seqdsl.api import expand_plainly

    text, diagnostics = expand_plainly(file, network_name, defines)
    if text is None:
        show(diagnostics)
        sys.exit(exit_code(diagnostics))
    if output is None:
        print_source(text)
        return
    from seqdsl.backends.files import write_whole

    try:
        write_whole(output, text.encode())
    except Failure as failure:
        fail_with(failure)
