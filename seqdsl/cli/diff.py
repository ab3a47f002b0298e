"""``seqdsl diff``"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import network_options, parse_defines, show
from seqdsl.cli.counting_options import convention_option
from seqdsl.cli.sides import Side, paths_of, read_sides
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, whole, write_tables
from seqdsl.graph.conventions import MACS, Convention
from seqdsl.graph.costs import ZERO, Cost, spell_count
from seqdsl.graph.network import Network
from seqdsl.graph.statistics import Part
from seqdsl.graph.tensor import spell_shape
from seqdsl.passes.difference.compare import Change, Kind, NetworkDiff, StageDiff, diff
from seqdsl.source.codes import Severity
from seqdsl.source.diagnostic import Diagnostic

if TYPE_CHECKING:
    from seqdsl.semantic.compile import Instance

_HEADINGS = ("stage", "layer", "before", "after", "params")
_EXACT_HEADINGS = (
    "stage", "change", "layer", "count", "before", "after", "params before", "params after",
)  # fmt: skip
_MARKS = {Kind.ADDED: "+", Kind.REMOVED: "-"}
_STYLES = {"+": "green", "-": "red", "~": "yellow"}


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
    """Tell what differs between networks A and B, each [REVISION:]FILE[:NETWORK].

    \b
      seqdsl diff old.seq new.seq
      seqdsl diff nets.seq:S1 nets.seq:S3
      seqdsl diff HEAD~1:nets.seq nets.seq
      seqdsl diff nets.seq:Net nets.seq:Net -A k=8 -B k=16

    Two files of several networks are compared network by network, as they are named. REVISION is
    a commit, branch or tag of git; what FILE uses is read there, too. Layers added, removed and
    changed are told by stage; names, spelling and comments make no difference. Exit code 0 where
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
        _table(
            _title(before, after, left, right), difference, convention, format in ("json", "csv")
        )
        for before, after, difference in (differing if absent or len(found) > 1 else found)
    ]
    if absent:
        tables.insert(0, _absent_table(" → ".join(paths_of([left, right])), absent, convention))
    if tables or format == "json":
        click.echo(write_tables(tables, format))
    if len(found) + len(absent) > 1:
        count = len(differing) + len(absent)
        click.echo(f"{count} of {len(found) + len(absent)} networks differ", err=True)
    sys.exit(1 if differing or absent else 0)


def difference_table(
    title: str, before: Network, after: Network, convention: Convention = MACS
) -> Table:
    """What differs between two networks, for readers."""
    return _table(title, diff(before, after), convention, exact=False)


# --- networks


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


# --- tables


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


def _table(title: str, difference: NetworkDiff, convention: Convention, exact: bool) -> Table:
    note, counted = convention.note, convention.heading
    if not difference.differ:
        note = f"no difference; {note}"
    headings: tuple[str, ...] = (*_HEADINGS, counted)
    if exact:
        headings = (*_EXACT_HEADINGS, f"{counted} before", f"{counted} after")
    rows, styles = (
        (_exact_rows(difference, convention), []) if exact else _rows(difference, convention)
    )
    right = frozenset(headings[-4:] if exact else headings[-2:])
    return Table(title, headings, tuple(rows), right, note, styles=tuple(styles))


def _rows(
    difference: NetworkDiff, convention: Convention
) -> tuple[list[tuple[Cell, ...]], list[str]]:
    """A row for each stage, each change and the totals; and the style of each."""
    rows: list[tuple[Cell, ...]] = []
    styles: list[str] = []
    for stage in difference.stages:
        name, mark, shapes = _name(stage), _mark(stage), _shapes(stage)
        only = stage.changes[0] if len(stage.changes) == 1 else None
        # a row that says all that the stage's own would say
        alone = only is not None and (only.kind is Kind.RESIZED or not any(shapes))
        if name and not alone:
            rows.append(
                (f"{mark} {name}".strip(), "", *shapes, *_growth(*_costs(stage), convention))
            )
            styles.append(_STYLES.get(mark, "bold"))
        for change in stage.changes:
            mark = _MARKS.get(change.kind, "~")
            told = f"{mark} {_layer(change)}{_times(change)}"
            values = shapes if alone and any(shapes) else _attributes(change)
            growth = _growth(change.before, change.after, convention)
            rows.append((name if alone else "", told, *values, *growth))
            styles.append(_STYLES[mark])
    before, after = difference.before.cost, difference.after.cost
    params, counted = _growth(before, after, convention)
    rows.append(("total", "params", _amount(before.params), _amount(after.params), params, ""))
    was, now = (_amount(convention.count(cost), convention) for cost in (before, after))
    rows.append(("", convention.heading, was, now, "", counted))
    return rows, [*styles, "bold", "bold"]


def _exact_rows(difference: NetworkDiff, convention: Convention) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for stage in difference.stages:
        name = _name(stage)
        if name:
            kind = {"+": "added", "-": "removed", "": "changed"}[_mark(stage)]
            counts = _counts(*_costs(stage), convention)
            rows.append((name, kind, "", whole(1), *_shapes(stage), *counts))
        for change in stage.changes:
            rows.append(
                (
                    name, change.kind.value, _layer(change), whole(change.count),
                    *_attributes(change), *_counts(change.before, change.after, convention),
                )
            )  # fmt: skip
    totals = _counts(difference.before.cost, difference.after.cost, convention)
    return [*rows, ("total", "", "", Number(None, ""), "", "", *totals)]


def _absent_table(title: str, networks: list[tuple[Network, str]], convention: Convention) -> Table:
    rows = tuple(
        (n.name, change, _amount(n.params), _amount(convention.count(n.cost), convention))
        for n, change in networks
    )
    styles = tuple(_STYLES["+" if change == "added" else "-"] for _, change in networks)
    headings = ("network", "change", "params", convention.heading)
    return Table(title, headings, rows, frozenset(headings[2:]), styles=styles)


def _name(stage: StageDiff) -> str:
    names = [part.name for part in (stage.before, stage.after) if part]
    return " → ".join(dict.fromkeys(names))


def _mark(stage: StageDiff) -> str:
    if stage.before is None:
        return "+"
    return "-" if stage.after is None else ""


def _costs(stage: StageDiff) -> tuple[Cost, Cost]:
    before, after = stage.before, stage.after
    return before.cost if before else ZERO, after.cost if after else ZERO


def _shapes(stage: StageDiff) -> tuple[str, str]:
    """What leaves a stage, where that is not the same."""
    before, after = (_shape(part) for part in (stage.before, stage.after))
    return ("", "") if before == after else (before, after)


def _shape(part: Part | None) -> str:
    return spell_shape(part.shape) if part else ""


def _layer(change: Change) -> str:
    if change.kind is Kind.RESIZED:
        return f"{change.count} layer{'s' if change.count > 1 else ''} at another size"
    return f"{change.path} {change.description}".strip()


def _times(change: Change) -> str:
    told = change.count > 1 and change.kind not in (Kind.RESIZED, Kind.REPEATED)
    return f"  × {change.count}" if told else ""


def _attributes(change: Change) -> tuple[str, str]:
    """What differs, as it is in the first network and in the second."""
    sides = [[(a.name, a.before, a.after), (a.name, a.after, a.before)] for a in change.attributes]
    before, after = (", ".join(filter(None, (_attribute(*s[i]) for s in sides))) for i in (0, 1))
    return before, after


def _attribute(name: str, value: str | None, other: str | None) -> str:
    if name == "":
        return value or f"no {other}"
    if value is None:
        return ""
    return f"× {value}" if name == "times" else f"{name}={value}"


def _counts(before: Cost, after: Cost, convention: Convention) -> tuple[Number, ...]:
    counts = (before.params, after.params, convention.count(before), convention.count(after))
    return tuple(map(whole, counts))


def _growth(before: Cost, after: Cost, convention: Convention) -> tuple[Number, Number]:
    params = after.params - before.params
    counted = convention.count(after) - convention.count(before)
    return _amount(params, sign="+"), _amount(counted, convention, "+")


def _amount(count: int, convention: Convention = MACS, sign: str = "") -> Number:
    return Number(count, spell_count(count, 4, sign, convention.scale("K")))
