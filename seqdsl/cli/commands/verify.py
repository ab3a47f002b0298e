"""``seqdsl verify``"""

from __future__ import annotations

import sys

import click

from seqdsl.cli.common import claims_option, fail_with, load_or_exit, network_options
from seqdsl.cli.progress import progress_bar
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, whole, write_tables
from seqdsl.source.diagnostic import Failure


@click.command("verify")
@click.argument("file")
@network_options
@claims_option
@click.option("--batch", "batches", type=click.IntRange(min=1), multiple=True, default=(1, 3),
              show_default=True, help="Batch sizes to try.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(
    file: str,
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    batches: tuple[int, ...],
    seed: int,
    format: str,
) -> None:
    """Compare every backend of a network of FILE with its graph, evaluated in float64.

    Weights, batch norm statistics and inputs are random. Exit code 1 where a backend differs
    by more than 1e-5 of the largest value of an output; then the first node that differs is
    named.
    """
    network = load_or_exit(file, network_name, defines, claims=claims)
    from seqdsl.backends.verify import TOLERANCE, verify

    try:
        with progress_bar() as report:
            found = verify(network, batches, seed, report)
    except Failure as failure:
        fail_with(failure)
    rows: list[tuple[Cell, ...]] = [
        (
            c.backend,
            whole(c.batch),
            Number(c.error, f"{c.error:.1e}"),
            "agrees" if c.agrees else "DIFFERS",
            c.divergence or "",
        )
        for c in found
    ]
    headings: tuple[str, ...] = ("backend", "batch", "relative error", "verdict")
    if all(c.agrees for c in found):
        rows = [row[:-1] for row in rows]
    else:
        headings = (*headings, "first node that differs")
    named = "".join(f", {output.name}" for output in network.further)
    note = f"max |difference| / max |value| of logits{named}, at most {TOLERANCE:.0e}; the "
    note += "reference is the graph evaluated node by node with torch's operators in float64"
    title = f"{network.name}, {len(network.nodes)} nodes"
    table = Table(title, headings, tuple(rows), frozenset({"batch", "relative error"}), note)
    click.echo(write_tables([table], format))
    sys.exit(0 if all(c.agrees for c in found) else 1)
