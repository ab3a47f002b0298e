"""``seqdsl report``"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from seqdsl.cli.common import claims_option, fail_with, load_or_exit, network_options, say
from seqdsl.cli.counting_options import convention_option
from seqdsl.cli.differences import difference_table
from seqdsl.cli.sides import Side, paths_of, read_sides
from seqdsl.cli.tables import Number
from seqdsl.graph.conventions import Convention
from seqdsl.passes.difference.compare import diff
from seqdsl.source.diagnostic import Failure
from seqdsl.source.timing import stage


@click.command("report")
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK [OTHER]")
@network_options
@claims_option
@convention_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help="A .html file.")  # fmt: skip
def command(
    networks: tuple[str, ...],
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    convention: Convention,
    output: Path,
) -> None:
    """Write a page on a network, or on two beside each other, as one HTML file that needs no
    network connection.

    \b
      seqdsl report net.seq -o report.html
      seqdsl report nets.seq:S1 nets.seq:S3 -o report.html
      seqdsl report HEAD~1:net.seq net.seq -o report.html

    A NETWORK is [REVISION:]FILE[:NETWORK]. The page has drawings at all four depths, the source,
    costs by stage and layer, receptive fields, who sees whom in each layer of groups, and claims.
    """
    if output.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"{output}: the output is a .html file")
    if len(networks) > 2:
        raise click.UsageError("a page is on one network, or on two")
    sides = read_sides(networks, network_name)
    from seqdsl.backends.files import write_whole
    from seqdsl.page.contents import Difference
    from seqdsl.page.describe import page_of
    from seqdsl.page.html import write_html

    loaded = [
        load_or_exit(side.file, side.network, defines, claims=claims, revision=side.revision)
        for side in sides
    ]
    difference = None
    if len(loaded) == 2:
        before, after = loaded
        table = difference_table(f"{before.name} → {after.name}", diff(before, after), convention)
        rows = (
            tuple(cell.text if isinstance(cell, Number) else str(cell) for cell in row)
            for row in table.rows
        )
        difference = Difference(table.title, table.headings, tuple(rows))
    try:
        with stage("describe"):
            page = page_of(" ".join(_arguments(sides)), loaded, difference, convention=convention)
        write_whole(output, write_html(page).encode())
    except Failure as failure:
        fail_with(failure)
    say(f"{output}: {' and '.join(network.name for network in loaded)}")


def _arguments(sides: Sequence[Side]) -> Iterator[str]:
    """The networks of the page, as the command line names them, by paths within their projects."""
    for path, side in zip(paths_of(sides), sides, strict=True):
        yield f"{path}:{side.network}" if side.network else path
