"""``seqdsl stats``"""

from __future__ import annotations

from dataclasses import dataclass

import click

from seqdsl.cli.common import load_or_exit, network_options
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, write_tables
from seqdsl.graph.costs import CONVENTIONS, Convention, Cost
from seqdsl.graph.network import Network
from seqdsl.graph.statistics import Level
from seqdsl.source.timing import stage

MACS = CONVENTIONS["macs"]  # its units, powers of 1000, serve for parameters and activations, too


@click.command("stats")
@click.argument("file")
@network_options
@click.option(
    "--by", "level", type=click.Choice([level.value for level in Level]), default="stage",
    show_default=True, help="What a row is.",
)  # fmt: skip
@click.option(
    "--convention", type=click.Choice(list(CONVENTIONS)), default="macs", show_default=True,
    help="How operations are counted.",
)  # fmt: skip
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    level: str,
    convention: str,
    format: str,
) -> None:
    """Count parameters, operations and activations of a network of FILE, for one sample."""
    network = load_or_exit(file, network_name, defines, claims=False)
    table = statistics_table(network, Level(level), CONVENTIONS[convention])
    with stage("print"):
        click.echo(write_tables([table], format))


def statistics_table(network: Network, level: Level, convention: Convention) -> Table:
    """A row for each part and one for the whole; each column of counts has one unit."""
    counted = {"macs": "MACs", "flops": "FLOPs", "paper": "FLOPs (paper)"}[convention.name]
    total = network.cost
    units = (
        _fitting(total.params, MACS),
        _fitting(convention.count(total), convention),
        _fitting(total.activations, MACS),
    )
    rows = [
        _row(part.name, "x".join(map(str, part.shape)), part.cost, total, convention, units)
        for part in network.stats(level)
        if part.cost.params or convention.count(part.cost)
    ]
    if level is not Level.NETWORK:
        rows.append(_row("total", "", total, total, convention, units))
    headings = (
        level.value, "output", "params", "% params", counted, "% ops", "activations",
    )  # fmt: skip
    note = f"{counted} for one sample: {convention.description}"
    return Table(network.name, headings, tuple(rows), frozenset(headings[2:]), note)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What a column is counted in: ``M`` and 10^6."""

    suffix: str
    scale: int

    def of(self, count: int) -> Number:
        text = f"{count / self.scale:.3f}{self.suffix}" if self.suffix else str(count)
        return Number(count, text)


def _fitting(largest: int, convention: Convention) -> _Unit:
    """The largest unit that a column's largest count is at least one of."""
    units = [_Unit(suffix, convention.scale(suffix)) for suffix in ("", "K", "M", "G", "T")]
    return max((unit for unit in units if unit.scale <= max(largest, 1)), key=lambda u: u.scale)


def _row(
    name: str,
    shape: str,
    cost: Cost,
    total: Cost,
    convention: Convention,
    units: tuple[_Unit, _Unit, _Unit],
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
