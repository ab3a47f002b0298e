"""``seqdsl stats``"""

from __future__ import annotations

import click

from seqdsl.cli.common import load_or_exit, network_options
from seqdsl.cli.counting_options import convention_option
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, write_tables
from seqdsl.cli.units import Unit, fitting_unit
from seqdsl.cli.which import answer, which_option
from seqdsl.graph.claims import Quantity
from seqdsl.graph.conventions import MACS, Convention
from seqdsl.graph.costs import Cost
from seqdsl.graph.network import Network
from seqdsl.graph.statistics import Level
from seqdsl.graph.tensor import spell_shape
from seqdsl.source.timing import stage


@click.command("stats")
@click.argument("file")
@network_options
@click.option(
    "--by", "level", type=click.Choice([level.value for level in Level]), default="stage",
    show_default=True, help="What a row is.",
)  # fmt: skip
@convention_option
@which_option
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    level: str,
    convention: Convention,
    figure: Quantity | None,
    format: str,
) -> None:
    """Count parameters, operations and activations of a network of FILE, for one sample.

    With --which, of every network of FILE, unless --network names one: the conventions by which
    FIGURE is met within one unit of its last digit. Exit code 1 where there is none.
    """
    if figure is not None:
        answer(file, network_name, defines, figure, format)
        return
    network = load_or_exit(file, network_name, defines, claims=False)
    table = statistics_table(network, Level(level), convention)
    with stage("print"):
        click.echo(write_tables([table], format))


def statistics_table(network: Network, level: Level, convention: Convention) -> Table:
    """A row for each part and one for the whole; each column of counts has one unit."""
    counted = convention.heading
    total = network.cost
    units = (
        fitting_unit(total.params, MACS),
        fitting_unit(convention.count(total), convention),
        fitting_unit(total.activations, MACS),
    )
    rows = [
        _row(part.name, spell_shape(part.shape), part.cost, total, convention, units)
        for part in network.stats(level)
        if part.cost.params or convention.count(part.cost)
    ]
    if level is not Level.NETWORK:
        rows.append(_row("total", "", total, total, convention, units))
    headings = (
        level.value, "output", "params", "% params", counted, "% ops", "activations",
    )  # fmt: skip
    right = frozenset(headings[2:])
    return Table(network.name, headings, tuple(rows), right, convention.note)


def _row(
    name: str,
    shape: str,
    cost: Cost,
    total: Cost,
    convention: Convention,
    units: tuple[Unit, Unit, Unit],
) -> tuple[Cell, ...]:
    count, whole = convention.count(cost), convention.count(total)
    params, operations, activations = units
    return (
        name,
        shape,
        params.of(cost.params),
        _percent(cost.params, total.params),
        operations.of(count),
        _percent(count, whole),
        activations.of(cost.activations),
    )


def _percent(part: int, whole: int) -> Number:
    if not whole:
        return Number(None, "-")
    return Number(100 * part / whole, f"{100 * part / whole:.1f}")
