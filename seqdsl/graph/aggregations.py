"""What the source says of each aggregation, recorded once, where it was expanded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from seqdsl.graph.node import Node
from seqdsl.graph.operations import Concat, Slice
from seqdsl.graph.scope import Scope, ScopeKind, closure
from seqdsl.graph.segment import Segment
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen, frozen_value
from seqdsl.source.text import Span


@frozen_value
class Group:
    """A group x_j of the sequence that an aggregation sees and extends.

    ``segments`` are its channels in order, less those of nodes that no output reads.
    """

    width: int
    segments: tuple[Segment, ...]


@frozen
class Turn:
    """The body for one i: it maps the groups that a window shows to x_i."""

    scope: Scope  # of its operations, of which there may be none
    sees: tuple[int, ...]  # the offsets o of the groups x_{i-o}, the farthest first
    gives: Group  # x_i
    is_read: bool = True  # whether an output of the network reads anything of it


@frozen
class Aggregation:
    """One ``aggregate``, expanded: groups x_1 .. x_g over [x_{1-g'}, ..., x_0] (Eq. 1 and 2)."""

    scope: Scope  # the braces that it is in
    name: str  # unique in its scope: `aggregate1`
    whole: bool  # whether the block it is in holds nothing else, and lends it name and place
    span: Span
    window: str  # as written: `powers(2)`; an expression in i where the turns' windows differ
    keep: str  # as written; empty where the result is the new groups alone
    inputs: tuple[Group, ...]
    turns: tuple[Turn, ...]
    result: tuple[Segment, ...]  # the channels that leave it
    type: TensorType  # of the result

    @property
    def groups(self) -> tuple[Scope, ...]:
        """The scopes of x_1 .. x_g."""
        return tuple(turn.scope for turn in self.turns)

    @property
    def label(self) -> str:
        """The word of the source for it: its block's, `wseqconv`, or `aggregate`."""
        return self.scope.label if self.whole else "aggregate"

    @property
    def path(self) -> str:
        """Unique in the network: ``conv4/wseqconv1``, ``conv4/aggregate2``."""
        return self.path_in(self.scope.path)

    def path_in(self, around: str) -> str:
        """Its path where its scope has the path ``around``."""
        if self.whole:
            return around
        return f"{around}/{self.name}" if around else self.name

    @property
    def place(self) -> Span:
        """Where the source says it: the call of its block, or the statement itself."""
        return self.scope.span if self.whole else self.span

    @property
    def read(self) -> dict[int, Turn]:
        """The turns that are part of the network, by their i, counted from 1."""
        return {number: turn for number, turn in enumerate(self.turns, 1) if turn.is_read}

    @property
    def sees(self) -> tuple[tuple[int, ...], ...]:
        """The offsets that each group sees."""
        return tuple(turn.sees for turn in self.turns)

    def moved(
        self,
        scope: Callable[[Scope], Scope],
        segments: Callable[[tuple[Segment, ...]], tuple[Segment, ...]],
    ) -> Aggregation:
        """The same aggregation of other nodes, in other scopes."""

        def group(each: Group) -> Group:
            return Group(each.width, segments(each.segments))

        return replace(
            self,
            scope=scope(self.scope),
            inputs=tuple(map(group, self.inputs)),
            turns=tuple(
                Turn(scope(t.scope), t.sees, group(t.gives), t.is_read) for t in self.turns
            ),
            result=segments(self.result),
        )


def by_group(aggregations: Iterable[Aggregation]) -> dict[Scope, Aggregation]:
    """Aggregations by each of their groups."""
    return {group: each for each in aggregations for group in each.groups}


def outermost(aggregations: Iterable[Aggregation]) -> dict[Scope, Aggregation]:
    """The aggregations that are in no group of another, by each of their groups."""
    return {
        group: aggregation
        for aggregation in aggregations
        if all(scope.kind is not ScopeKind.GROUP for scope in aggregation.scope.ancestry())
        for group in aggregation.groups
    }


def settled(
    found: Sequence[Aggregation],
    made: Sequence[Node],
    nodes: Sequence[Node],
    index: Mapping[int, int],
) -> tuple[Aggregation, ...]:
    """The aggregations of a network that is complete: named, and on the nodes that are left.

    ``made`` are all nodes, ``nodes`` those that an output reads and ``index`` their new indices.
    One is left out where all that it computes is read by nothing.
    """
    if not found:
        return ()
    before, after = (set(closure(node.scope for node in each)) for each in (made, nodes))

    def is_read(aggregation: Aggregation) -> bool:
        if before.isdisjoint(aggregation.groups):  # it computes nothing
            return any(segment.node in index for segment in aggregation.result)
        return not after.isdisjoint(aggregation.groups)

    def kept(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        return tuple(s._replace(node=index[s.node]) for s in segments if s.node in index)

    def marked(turn: Turn) -> Turn:
        return replace(turn, is_read=bool(turn.gives.segments) or turn.scope in after)

    left = [each.moved(lambda scope: scope, kept) for each in found if is_read(each)]
    left = [replace(each, turns=tuple(map(marked, each.turns))) for each in left]
    alone = _alone(left, nodes, after)
    taken = {scope.path for scope in before}
    numbers: dict[Scope, Iterator[int]] = {}
    named: list[Aggregation] = []
    for each in left:
        number = numbers.setdefault(each.scope, count(1))
        names = (replace(each, name=f"aggregate{n}", whole=False) for n in number)
        free = next(name for name in names if name.path not in taken)
        named.append(replace(free, whole=each in alone))
    return tuple(named)


def _alone(
    aggregations: Sequence[Aggregation], nodes: Sequence[Node], scopes: Iterable[Scope]
) -> set[Aggregation]:
    """Those that are all that their blocks hold, but for what gathers windows and results."""
    by_scope: dict[Scope, list[Aggregation]] = {}
    for each in aggregations:
        by_scope.setdefault(each.scope, []).append(each)
    only = {
        scope: found[0]
        for scope, found in by_scope.items()
        if len(found) == 1 and scope.kind is ScopeKind.BLOCK
    }
    for scope in scopes:
        around = None if scope.parent is None else only.get(scope.parent)
        if around is not None and scope not in around.groups:
            del only[around.scope]
    readers: dict[int, list[Node]] = {}
    for node in nodes:
        for operand in node.operands:
            readers.setdefault(operand, []).append(node)
    for node in nodes:
        around = only.get(node.scope)
        if around is not None and not _gathers(node, around, readers.get(node.index, ())):
            del only[node.scope]
    return set(only.values())


def _gathers(node: Node, aggregation: Aggregation, readers: Sequence[Node]) -> bool:
    """Whether a node only gathers a window, or the result of an aggregation."""
    if isinstance(node.operation, Slice):
        return True
    return isinstance(node.operation, Concat) and (
        node.span == aggregation.span or not is_stated(node, readers)
    )


def is_stated(join: Node, readers: Sequence[Node]) -> bool:
    """Whether the source says a concatenation, and none of its readers caused it."""
    return bool(readers) and all(reader.span != join.span for reader in readers)
