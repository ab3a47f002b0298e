"""Tables of what differs between networks, for the commands that print them."""

from __future__ import annotations

from seqdsl.cli.tables import Cell, Number, Table, whole
from seqdsl.graph.conventions import MACS, Convention
from seqdsl.graph.costs import ZERO, Cost, spell_count
from seqdsl.graph.network import Network
from seqdsl.graph.statistics import Part
from seqdsl.graph.tensor import spell_shape
from seqdsl.passes.difference.compare import Change, Kind, NetworkDiff, StageDiff

_HEADINGS = ("stage", "layer", "before", "after", "params")
_EXACT_HEADINGS = (
    "stage", "change", "layer", "count", "before", "after", "params before", "params after",
)  # fmt: skip
_MARKS = {Kind.ADDED: "+", Kind.REMOVED: "-"}
_STYLES = {"+": "green", "-": "red", "~": "yellow"}


def difference_table(
    title: str, difference: NetworkDiff, convention: Convention = MACS, *, exact: bool = False
) -> Table:
    """Return the table of what differs between two networks, by stage: for readers, or with exact
    numbers, for programs.
    """
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


def absent_table(title: str, networks: list[tuple[Network, str]], convention: Convention) -> Table:
    """Return the table of networks that only one file has, each with what became of it."""
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
