"""``seqdsl stats``"""

from __future__ import annotations

import click

from seqdsl.cli.common import load_or_exit, network_options
from seqdsl.cli.tables import FORMATS, Table, write_tables
from seqdsl.graph.costs import CONVENTIONS, Convention, Cost
from seqdsl.graph.network import Network
from seqdsl.graph.statistics import Level


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
    table = statistics_table(
        network, Level(level), CONVENTIONS[convention], exact=format != "table"
    )
    click.echo(write_tables([table], format))


def statistics_table(network: Network, level: Level, convention: Convention, exact: bool) -> Table:
    """A row for each part and one for the whole; exact counts, or the same in M and G."""
    counted = {"macs": "MACs", "flops": "FLOPs", "paper": "FLOPs (paper)"}[convention.name]
    total = network.cost
    rows = [
        _row(part.name, "x".join(map(str, part.shape)), part.cost, total, convention, exact)
        for part in network.stats(level)
        if part.cost.params or convention.count(part.cost)
    ]
    if level is not Level.NETWORK:
        rows.append(_row("total", "", total, total, convention, exact))
    headings = (
        level.value, "output", "params", "% params", counted, "% ops", "activations",
    )  # fmt: skip
    note = f"{counted} for one sample: {convention.description}"
    return Table(network.name, headings, tuple(rows), frozenset(headings[2:]), note)


def _row(
    name: str, shape: str, cost: Cost, total: Cost, convention: Convention, exact: bool
) -> tuple[str, ...]:
    count, whole = convention.count(cost), convention.count(total)
    numbers = (
        (str(cost.params), str(count), str(cost.activations))
        if exact
        else (
            f"{cost.params / 10**6:.3f}M",
            f"{count / convention.giga:.3f}G",
            f"{cost.activations / 10**6:.3f}M",
        )
    )
    return (
        name,
        shape,
        numbers[0],
        _percent(cost.params, total.params),
        numbers[1],
        _percent(count, whole),
        numbers[2],
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"
