"""What differs between two networks: layers added, removed, changed, repeated or read anew.

Two networks are the same where they compute the same from equally many weights: names, spelling
and comments are no difference. Layers correspond by what they are, in their order, stage by
stage, so a layer that is inserted leaves those after it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile

from seqdsl.graph.costs import ZERO, Cost, total
from seqdsl.graph.network import Network
from seqdsl.graph.statistics import Level, Part
from seqdsl.passes.difference.correspondence import Match, Matcher, stage_pairs
from seqdsl.passes.difference.outline import Item, Outline, outline, same, without_stages
from seqdsl.passes.difference.traits import Attribute, contents, describe, differences
from seqdsl.passes.difference.wiring import Wire, rewired


class Kind(Enum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"  # attributes of a layer
    REPEATED = "repeated"  # a block or layer stands there more often, or less
    REWIRED = "rewired"  # a layer reads from elsewhere
    RESIZED = "resized"  # layers are the same, and work at another height and width


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, and what all layers that share it cost.

    Params and MACs of the changes of a stage, after less before, add up to those of the stage.
    """

    kind: Kind
    path: str  # labels from the stage down, `residual / wseqconv`; empty where resized
    description: str  # what goes without change: `3x3, 64`, `{ conv 3x3, 64; conv 3x3, 64 }`
    attributes: tuple[Attribute, ...]
    count: int  # layers with this difference, or blocks
    before: Cost
    after: Cost


@dataclass(frozen=True, slots=True)
class StageDiff:
    """A stage of both networks, or of one of them, and its changes in dataflow order.

    What stands outside of stages is in one without a name.
    """

    before: Part | None
    after: Part | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class NetworkDiff:
    """Two networks as wholes, and those of their stages that differ, in dataflow order."""

    differ: bool
    before: Part
    after: Part
    stages: tuple[StageDiff, ...]


def diff(before: Network, after: Network) -> NetworkDiff:
    """Compares two networks; ``diff(b, a)`` is ``diff(a, b)`` turned around."""
    (whole_before,), (whole_after,) = before.stats(Level.NETWORK), after.stats(Level.NETWORK)
    a, b = outline(before), outline(after)
    differ = not same(a, b)
    stages: list[StageDiff] = []
    if differ:
        left, right = _parts(before), _parts(after)
        stages = [
            StageDiff(left(x) if x else None, right(y) if y else None, changes)
            for x, y, changes in _by_stage(a, b)
            if changes
        ]
    return NetworkDiff(differ, whole_before, whole_after, tuple(stages))


def _parts(network: Network) -> Callable[[Item], Part]:
    """The part of a network that a stage is, or all that stands outside of stages."""
    (whole,), stages = network.stats(Level.NETWORK), {p.name: p for p in network.stats()}
    return lambda item: stages[item.stage] if item.stage else Part("", whole.shape, item.cost)


def _by_stage(
    a: Outline, b: Outline
) -> Iterator[tuple[Item | None, Item | None, tuple[Change, ...]]]:
    """What stands outside of stages, then the stages, each with its changes."""
    for x, y, matches, wires in matched(a, b):
        changes = [change for match in matches for change in _of_match(match)]
        changes += map(_of_wire, wires)
        yield x, y, tuple(_merged(changes))


def matched(
    a: Outline, b: Outline
) -> Iterator[tuple[Item | None, Item | None, list[Match], list[Wire]]]:
    """What stands outside of stages, then the stages, each with what of it corresponds, and what
    reads from elsewhere.
    """
    if not (a.stages and b.stages):
        a, b = without_stages(a), without_stages(b)
    matcher = Matcher()
    pairs = [(a.loose, b.loose), *stage_pairs(a.stages, b.stages)]
    found = [list(matcher.matches(x.items if x else (), y.items if y else ())) for x, y in pairs]
    wires = rewired(a, b, [match for matches in found for match in matches])
    for (x, y), matches in zip(pairs, found, strict=True):
        held: set[Item | None] = {*x.layers} if x else set()
        if x is a.loose:
            held.add(None)
        yield x, y, matches, [wire for wire in wires if wire.before in held]


def _of_match(match: Match) -> Iterator[Change]:
    x, y = match.before, match.after
    if x is not None and y is not None:
        unlike = () if x.key == y.key else differences(x, y)
        if unlike:
            shared = describe(x, y)
            yield Change(Kind.CHANGED, _path(x, y), shared, unlike, 1, x.cost, y.cost)
        elif x.cost.macs != y.cost.macs:
            yield Change(Kind.RESIZED, "", "", (), _resized(x, y), x.cost, y.cost)
    elif x is not None:
        yield _of_one(x, Kind.REMOVED, match.times)
    elif y is not None:
        change = _of_one(y, Kind.ADDED, match.times)
        yield replace(change, before=change.after, after=change.before)


def _of_one(item: Item, kind: Kind, times: tuple[int, int] | None) -> Change:
    """What only one network has, as if that were the first."""
    if times is None:
        return Change(kind, item.name, contents(item), (), 1, item.cost, ZERO)
    told = "" if item.items else describe(item)  # the block stands in both networks
    repeats = (Attribute("times", *map(str, times)),)
    return Change(Kind.REPEATED, item.name, told, repeats, 1, item.cost, ZERO)


def _of_wire(wire: Wire) -> Change:
    path = _path(wire.before, wire.after) if wire.before and wire.after else wire.output
    return Change(Kind.REWIRED, path, "", (wire.reads,), 1, ZERO, ZERO)


def _path(x: Item, y: Item) -> str:
    """The labels of both: ``residual / wseqconv → seqconv``."""
    pairs = [*zip(x.path, y.path, strict=False)]
    if len(x.path) == len(y.path):
        return " / ".join(a if a == b else f"{a} → {b}" for a, b in pairs)
    around = [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    unlike = (" / ".join(item.path[len(around) :]) for item in (x, y))
    return " / ".join([*around, " → ".join(unlike)])


def _resized(x: Item, y: Item) -> int:
    """How many layers of two items of one structure differ in MACs."""
    pairs = zip(x.cells, y.cells, strict=True)
    places = [place for place, (a, b) in enumerate(pairs) if a.cost.macs != b.cost.macs]
    counts: list[int] = []
    for item in (x, y):
        changed = {item.cells[place].index for place in places}
        layers = ({cell.index for cell in layer.cells} for layer in item.layers)
        counts.append(sum(not changed.isdisjoint(layer) for layer in layers))
    return min(counts)


def _merged(changes: Iterable[Change]) -> Iterator[Change]:
    """Each difference once, with the layers that share it counted and their costs added up."""
    alike: dict[object, list[Change]] = {}
    for c in changes:
        alike.setdefault((c.kind, c.path, c.description, c.attributes), []).append(c)
    for shared in alike.values():
        yield replace(
            shared[0],
            count=sum(c.count for c in shared),
            before=total([c.before for c in shared]),
            after=total([c.after for c in shared]),
        )
