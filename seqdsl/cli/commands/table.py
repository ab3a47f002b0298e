"""``seqdsl table``"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from seqdsl.cli.common import load_or_exit, network_options
from seqdsl.cli.counting_options import convention_option
from seqdsl.cli.layer_cells import layer_cell, marks_of, size_cell
from seqdsl.cli.sides import Side, paths_of, read_sides
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, whole, write_tables
from seqdsl.cli.units import fitting_unit
from seqdsl.graph.conventions import MACS, Convention
from seqdsl.graph.costs import Cost
from seqdsl.graph.network import Network
from seqdsl.passes.architecture_table import Alignment, align, architecture
from seqdsl.source.timing import stage


@click.command("table")
@click.argument("sides", metavar="NET...", nargs=-1, required=True)
@network_options
@convention_option
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(
    sides: tuple[str, ...],
    network_name: str | None,
    defines: dict[str, str],
    convention: Convention,
    format: str,
) -> None:
    """Print networks side by side, stage by stage, each NET [REVISION:]FILE[:NETWORK].

    \b
      seqdsl table net.seq
      seqdsl table nets.seq:S1 nets.seq:S3 --format latex
      seqdsl table HEAD~1:nets.seq:S1 nets.seq:S1

    A row is a stage: its name, its height and width, and the layers of each network. Behind the
    stages stand parameters and operations. LaTeX needs the package booktabs. -D sets a parameter
    of every NET.
    """
    read = read_sides(sides, network_name)
    networks = [
        load_or_exit(side.file, side.network, defines, claims=False, revision=side.revision)
        for side in read
    ]
    names = _names(networks, read)
    with stage("print"):
        if format == "json":
            tables = [
                network_table(*each, convention) for each in zip(networks, names, strict=True)
            ]
        else:
            tables = [architecture_table(networks, names, convention, exact=format == "csv")]
        click.echo(write_tables(tables, format))


def network_table(network: Network, name: str, convention: Convention) -> Table:
    """A row for each stage of a network and one for the whole, with counts, for programs."""
    headings = ("stage", "output", "layers", "params", convention.heading)
    rows = architecture(network)
    marks = marks_of(rows)

    def counts(cost: Cost) -> tuple[Number, Number]:
        return whole(cost.params), whole(convention.count(cost))

    body: list[tuple[Cell, ...]] = [
        (row.stage, size_cell(row.output), layer_cell(row.layers, marks), *counts(row.cost))
        for row in rows
    ]
    body.append(("total", "", layer_cell((), marks), *counts(network.cost)))
    note = convention.note
    return Table(name, headings, tuple(body), frozenset(headings[3:]), note)


def architecture_table(
    networks: Sequence[Network], names: Sequence[str], convention: Convention, exact: bool = False
) -> Table:
    """Networks side by side, as in Tables 1 and 2 of the paper. Where a stage's outputs differ,
    each network has a column of its own for them; ``exact`` headings are then unlike.
    """
    rows = [architecture(network) for network in networks]
    marks = marks_of(row for each in rows for row in each)
    stages = align(rows)
    alike = all(stage.output is not None for stage in stages)
    headings = ["stage", "output"] if alike else ["stage"]
    for name in names:
        own = f"output of {name}" if exact else "output"
        headings += [name] if alike else [own, name]
    body = [_stage_row(each, marks, alike) for each in stages]
    params = [_amount(network.params, MACS) for network in networks]
    operations = [_amount(convention.count(network.cost), convention) for network in networks]
    for heading, amounts in (("params", params), (convention.heading, operations)):
        cells = amounts if alike else [cell for each in amounts for cell in ("", each)]
        body.append((heading, *([""] if alike else []), *cells))
    legend = ", ".join(f"{mark} {block}" for block, mark in marks.items())
    note = convention.note
    return Table(", ".join(names), tuple(headings), tuple(body), note=note, legend=legend)


def _stage_row(aligned: Alignment, marks: Mapping[str, str], alike: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = [aligned.stage]
    if alike:
        cells.append(size_cell(aligned.output or ()))
    for row in aligned.rows:
        if not alike:
            cells.append("" if row is None else size_cell(row.output))
        cells.append(layer_cell(() if row is None else row.layers, marks))
    return tuple(cells)


def _amount(count: int, convention: Convention) -> Number:
    return fitting_unit(count, convention).of(count, digits=2)


def _names(networks: Sequence[Network], sides: Sequence[Side]) -> list[str]:
    """What sets the networks apart: their names, or else their files, or else their places."""
    names = [network.name for network in networks]
    longer = [f"{path}:{name}" for path, name in zip(paths_of(sides), names, strict=True)]
    names = [
        name if names.count(name) == 1 else long for name, long in zip(names, longer, strict=True)
    ]
    return [
        name if names.count(name) == 1 else f"{name} ({at})" for at, name in enumerate(names, 1)
    ]
