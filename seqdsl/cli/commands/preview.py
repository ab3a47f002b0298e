"""``seqdsl preview``"""

from __future__ import annotations

import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import fail_with, network_options, say
from seqdsl.cli.sides import read_sides
from seqdsl.cli.watch import Watched, changes, listed
from seqdsl.graph.network import Network
from seqdsl.source.codes import Severity
from seqdsl.source.diagnostic import Failure, has_errors
from seqdsl.source.project import project_path
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.timing import stage

if TYPE_CHECKING:
    from seqdsl.page.contents import Page


@click.command("preview")
@click.argument("side", metavar="FILE[:NETWORK]")
@network_options
@click.option("--port", type=click.IntRange(0, 65535), default=0,
              help="Of the server; 0 takes one that is free.  [default: 0]")  # fmt: skip
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
def command(
    side: str, network_name: str | None, defines: dict[str, str], port: int, opens: bool
) -> None:
    """Show the page of `report` on a network of FILE in a browser, and follow FILE as it is saved.

    The server listens on this machine alone, and gives its page to who has the address that is
    printed, which is new each time. Where FILE has errors, the page says so, with the network as
    it was before. Ctrl-C ends it.
    """
    (read,) = read_sides((side,), network_name)
    if read.file == "-" or read.revision is not None:
        raise click.UsageError("a preview follows a file: neither - nor a revision of git")
    file = read.file
    with stage("import"):
        from seqdsl.api import read_program
        from seqdsl.page.server import Preview

    shown = Shown(project_path(file))
    watched = Watched((file,), partial(shown.page, network=read.network, defines=defines))
    try:
        if not Path(file).is_file():
            read_program(file)
        watched.look()
    except Failure as failure:
        fail_with(failure)
    try:
        preview = Preview(watched.checked[0], port)
    except OSError as error:
        raise click.UsageError(f"port {port} can't be had: {error.strerror}") from None
    preview.start()
    click.echo(preview.address)
    say(f"showing {file} (Ctrl-C ends)")
    if opens:
        webbrowser.open(preview.address)
    try:
        for changed in changes(watched):
            for page in watched.checked:
                preview.show(page)
            say(f"{listed(changed)} changed: {shown.said}")
    finally:
        preview.stop()


class Shown:
    """A file's page; while the file has errors, with the network that it last was of."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._network: Network | None = None
        self.said = ""

    def page(self, file: str, network: str | None, defines: dict[str, str]) -> Page:
        from seqdsl.api import load_instance
        from seqdsl.page.contents import Diagnostics
        from seqdsl.page.describe import page_of

        instance, found = load_instance(file, network, defines)
        built = None if instance is None else instance.network
        others = [d for d in found if d.code.claim is None]
        stale = built is None or has_errors(others)
        if not stale:
            self._network = built
        errors = sum(d.severity is Severity.ERROR for d in found)
        self.said = _counts(errors, len(found) - errors)
        text = render(found, OutputFormat.FULL, color=False)
        told = Diagnostics(text, errors, len(found) - errors, stale) if found else None
        networks = [self._network] if self._network else []
        return page_of(self._file, networks, diagnostics=told)


def _counts(errors: int, warnings: int) -> str:
    counts = ((errors, "error"), (warnings, "warning"))
    told = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n]
    return ", ".join(told) or "shown"
