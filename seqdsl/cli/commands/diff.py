"""``seqdsl diff``"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import network_options, parse_defines, show
from seqdsl.cli.counting_options import convention_option
from seqdsl.cli.differences import absent_table, difference_table
from seqdsl.cli.sides import Side, paths_of, read_sides
from seqdsl.cli.tables import FORMATS, write_tables
from seqdsl.graph.conventions import Convention
from seqdsl.graph.network import Network
from seqdsl.passes.difference.compare import diff
from seqdsl.source.codes import Severity
from seqdsl.source.diagnostic import Diagnostic

if TYPE_CHECKING:
    from seqdsl.semantic.compile import Instance


@click.command("diff")
@click.argument("a")
@click.argument("b")
@network_options
@click.option("-A", "defines_a", metavar="NAME=VALUE", multiple=True, callback=parse_defines,
              help="Set a parameter of A alone.")  # fmt: skip
@click.option("-B", "defines_b", metavar="NAME=VALUE", multiple=True, callback=parse_defines,
              help="Set a parameter of B alone.")  # fmt: skip
@convention_option
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(
    a: str,
    b: str,
    network_name: str | None,
    defines: dict[str, str],
    defines_a: dict[str, str],
    defines_b: dict[str, str],
    convention: Convention,
    format: str,
) -> None:
    """Show what differs between networks A and B, each [REVISION:]FILE[:NETWORK].

    \b
      seqdsl diff old.seq new.seq
      seqdsl diff nets.seq:S1 nets.seq:S3
      seqdsl diff HEAD~1:nets.seq nets.seq
      seqdsl diff nets.seq:Net nets.seq:Net -A k=8 -B k=16

    Two files of several networks are compared network by network, as they are named. REVISION is
    a commit, branch or tag of git; what FILE uses is read there, too. Layers added, removed and
    changed are listed by stage; names, spelling and comments make no difference. Exit code 0 where
    nothing differs, 1 where something does, 2 where there is nothing to compare.
    """
    left, right = read_sides((a, b), network_name)
    if left.network or right.network or defines or defines_a or defines_b:
        pairs = [(_one(left, {**defines, **defines_a}), _one(right, {**defines, **defines_b}))]
        absent: list[tuple[Network, str]] = []
    else:
        pairs, absent = _by_name(left, right)
    found = [(before, after, diff(before, after)) for before, after in pairs]
    differing = [each for each in found if each[2].differ]
    tables = [
        difference_table(
            _title(before, after, left, right),
            difference,
            convention,
            exact=format in ("json", "csv"),
        )
        for before, after, difference in (differing if absent or len(found) > 1 else found)
    ]
    if absent:
        tables.insert(0, absent_table(" → ".join(paths_of([left, right])), absent, convention))
    if tables or format == "json":
        click.echo(write_tables(tables, format))
    if len(found) + len(absent) > 1:
        count = len(differing) + len(absent)
        click.echo(f"{count} of {len(found) + len(absent)} networks differ", err=True)
    sys.exit(1 if differing or absent else 0)


def _one(side: Side, defines: dict[str, str]) -> Network:
    from seqdsl.api import load_instance

    instance, diagnostics = load_instance(side.file, side.network, defines, side.revision)
    return _built([instance] if instance else [], diagnostics)[0]


def _by_name(
    left: Side, right: Side
) -> tuple[list[tuple[Network, Network]], list[tuple[Network, str]]]:
    """The networks of two files, as they are named, or as each is the only one; and those that
    only one file has, with what became of them.
    """
    from seqdsl.api import check_file

    before, after = (_built(*check_file(side.file, side.revision)) for side in (left, right))
    if len(before) == len(after) == 1:
        return [(before[0], after[0])], []
    old, new = ({network.name: network for network in side} for side in (before, after))
    pairs = [(old[name], new[name]) for name in old if name in new]
    removed = [network for name, network in old.items() if name not in new]
    added = [network for name, network in new.items() if name not in old]
    for network in [*removed]:
        same = next((other for other in added if not diff(network, other).differ), None)
        if same is not None:  # it has another name now
            pairs.append((network, same))
            removed.remove(network)
            added.remove(same)
    if not pairs:
        raise click.UsageError(
            "no network of both files has the same name; name one of each, "
            f"as in {left.where}:{before[0].name}"
        )
    return pairs, [(n, "removed") for n in removed] + [(n, "added") for n in added]


def _built(instances: list[Instance], diagnostics: list[Diagnostic]) -> list[Network]:
    """The networks; exits with the errors that left any of them unbuilt. Claims don't matter."""
    errors = [
        d for d in diagnostics
        if d.severity is Severity.ERROR and d.code.claim is None
    ]  # fmt: skip
    networks = [instance.network for instance in instances if instance.network]
    if errors or not networks:
        show(errors)
        sys.exit(2)
    return networks


def _title(before: Network, after: Network, left: Side, right: Side) -> str:
    """What sets the two apart: their names, or else their files, or else their parameters."""
    if before.name != after.name:
        return f"{before.name} → {after.name}"
    if left.where != right.where:
        return f"{before.name}: {' → '.join(paths_of([left, right]))}"
    pairs = zip(before.parameters, after.parameters, strict=True)
    unlike = [(f"{x[0]}={x[1]}", f"{y[0]}={y[1]}") for x, y in pairs if x != y]
    if not unlike:
        return before.name
    return f"{before.name}: {' → '.join(', '.join(texts) for texts in zip(*unlike, strict=True))}"
