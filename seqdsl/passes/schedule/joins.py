"""Places concatenations and slices so that few values pass from scope to scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqdsl.graph import operations as ops
from seqdsl.graph.builder import Builder
from seqdsl.graph.contract import rewrite
from seqdsl.graph.network import Network, Output
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.segment import Segment, cut, joined
from seqdsl.graph.tensor import TensorType
from seqdsl.graph.tracing import Tracing
from seqdsl.passes.schedule.widen import WIDENED


def place_joins(network: Network) -> Network:
    """The same operations on the same channels, with concatenations and slices placed anew.

    What leaves a scope in pieces that readers put together leaves it as one value. A reader's
    concatenation is in the innermost scope that holds the reader and makes one of its pieces, and
    a slice that a group of an aggregation reads is outside of the group.
    """
    return PLACE_JOINS(network)


@dataclass(slots=True, eq=False)
class _Join:
    """Channels that are one value, or will be when somebody reads them.

    ``leaves`` is for what leaves its scope: only readers outside of it use that.
    """

    scope: Scope
    segments: tuple[Segment, ...]  # of the definition
    leaves: bool
    value: tuple[Segment, ...] = ()  # of the new network, once it is made


class _Placing:
    def __init__(self, network: Network) -> None:
        self._network = network
        self._tracing = Tracing(network)
        self._builder = Builder()
        self._new: dict[int, int] = {}  # operations, without concatenations and slices
        self._last: dict[Scope, int] = {}  # the last node inside of each scope
        self._joins: dict[int, list[_Join]] = {}  # by the nodes that they join
        self._made: dict[tuple[Segment, ...], list[tuple[Scope, int]]] = {}
        for node in network.nodes:
            for scope in node.scope.ancestry():
                self._last[scope] = node.index
        for join in self._leaving():
            self._know(join)

    def run(self) -> Network:
        network = self._network
        for node in network.nodes:
            if isinstance(node.operation, ops.Concat | ops.Slice):
                continue
            if isinstance(node.operation, ops.Input):
                self._new[node.index] = self._builder.input(node.type, node.scope, node.span)
                continue
            operands = [self._read(self._tracing.of(i), node.scope, node.index)
                        for i in node.operands]  # fmt: skip
            self._new[node.index] = self._builder.add(
                node.operation, operands, node.type, node.scope, node.span, node.name
            )
        end = len(network.nodes)
        further = tuple(
            Output(o.name, self._read(self._tracing.of(o.index), network.root, end))
            for o in network.further
        )
        output = self._read(self._tracing.of(network.output), network.root, end)
        return Network(
            network.name, tuple(self._builder.nodes), output, network.root, network.leaving,
            parameters=network.parameters, doc=network.doc, further=further,
            calls=network.calls,
        )  # fmt: skip

    # --- what leaves each scope as one value

    def _reads(self) -> Iterator[tuple[tuple[Segment, ...], Scope]]:
        """Every value that is read, and the scope of its reader."""
        for node in self._network.nodes:
            if not isinstance(node.operation, ops.Concat | ops.Slice):
                for operand in node.operands:
                    yield self._tracing.of(operand), node.scope
        for output in self._network.returned:
            yield self._tracing.of(output.index), self._network.root

    def _leaving(self) -> Iterator[_Join]:
        after: dict[Scope, dict[Segment, set[Segment | None]]] = {}
        before: dict[Scope, dict[Segment, set[Segment | None]]] = {}
        wanted: set[tuple[Segment, ...]] = set()
        left: dict[Scope, set[int]] = {}  # the nodes of each group that leave its aggregation
        for read, reader in self._reads():
            for segment in read:
                self._leave(segment.node, reader, left)
            if len(read) == 1:
                continue
            wanted.add(read)
            around = set(reader.ancestry())
            for scope, run in self._runs(read, around):
                for one, other in zip((None, *run), (*run, None), strict=True):
                    if one is not None:
                        after.setdefault(scope, {}).setdefault(one, set()).add(other)
                    if other is not None:
                        before.setdefault(scope, {}).setdefault(other, set()).add(one)
        for aggregation in self._network.aggregations:
            result = joined(p for s in aggregation.result for p in self._tracing.within(*s))
            if result in wanted and aggregation.scope is not self._network.root:
                yield _Join(aggregation.scope, result, leaves=True)
            groups = [sorted(left[g]) for g in aggregation.groups if g in left]
            if len(groups) > 1 and len(set(map(len, groups))) == 1:
                for column in zip(*groups, strict=True):
                    yield _Join(aggregation.scope, tuple(map(self._whole, column)), leaves=True)
        for scope, following in after.items():
            preceding = before[scope]
            starts = [s for s in following if _only(preceding[s], following) is None]
            for start in starts:
                chain = [start]
                while (following_one := _only(following[chain[-1]], preceding)) is not None:
                    chain.append(following_one)
                if len(chain) > 1:
                    yield _Join(scope, tuple(chain), leaves=True)

    def _runs(
        self, read: Sequence[Segment], around: set[Scope]
    ) -> Iterator[tuple[Scope, list[Segment]]]:
        """The runs of a value that are made in one scope which its reader is not in."""
        open: dict[Scope, list[Segment]] = {}
        for segment in read:
            scopes = [
                s for s in self._network.nodes[segment.node].scope.ancestry() if s not in around
            ]
            for scope in [s for s in open if s not in scopes]:
                yield scope, open.pop(scope)
            for scope in scopes:
                open.setdefault(scope, []).append(segment)
        yield from open.items()

    def _leave(self, node: int, reader: Scope, left: dict[Scope, set[int]]) -> None:
        """Adds a node to those that leave the groups around it for a reader."""
        around = set(reader.ancestry())
        for scope in self._network.nodes[node].scope.ancestry():
            if scope.kind is ScopeKind.GROUP and scope.parent not in around:
                left.setdefault(scope, set()).add(node)

    def _whole(self, node: int) -> Segment:
        return Segment(node, 0, self._network.nodes[node].type.channels)

    def _know(self, join: _Join) -> None:
        for segment in join.segments:
            self._joins.setdefault(segment.node, []).append(join)

    # --- what a reader gets

    def _read(self, pieces: tuple[Segment, ...], reader: Scope, at: int) -> int:
        """One value with these channels, for a node ``at`` an index of the definition."""
        segments = self._expressed(pieces, reader, at)
        made = self._builder.nodes
        scope = max((_common(reader, made[s.node].scope) for s in segments), key=lambda s: s.depth)
        if len(segments) == 1:
            return self._part(segments[0], _outside_of_group(reader, scope))
        for home, index in self._made.get(segments, ()):
            if home in reader.ancestry():
                return index
        index = self._join(segments, scope)
        self._made.setdefault(segments, []).append((scope, index))
        join = _Join(scope, pieces, leaves=False)
        join.value = (Segment(index, 0, made[index].type.channels),)
        self._know(join)
        return index

    def _expressed(self, pieces: Sequence[Segment], reader: Scope, at: int) -> tuple[Segment, ...]:
        """The channels as segments of the new network, of what is joined already where that is."""
        nodes = self._network.nodes
        inner = max((_common(reader, nodes[p.node].scope).depth for p in pieces), default=0)
        found: list[Segment] = []
        rest = list(pieces)
        while rest:
            first = rest[0]
            best: tuple[int, int, _Join] | None = None
            for join in self._joins.get(first.node, ()):
                if not self._can_use(join, reader, at, inner):
                    continue
                offset, width = _match(join.segments, rest)
                if width and (best is None or width > best[1]):
                    best = (offset, width, join)
            if best is None or (best[1] <= first.width and not best[2].leaves
                                and not _in_group(reader, best[2].scope)):  # fmt: skip
                found.append(Segment(self._new[first.node], first.start, first.stop))
                del rest[0]
                continue
            offset, width, join = best
            if not join.value:
                join.value = self._value_of(join)
            found += cut(join.value, offset, offset + width)
            rest = list(cut(rest, width, sum(s.width for s in rest)))
        return joined(found)

    def _can_use(self, join: _Join, reader: Scope, at: int, inner: int) -> bool:
        inside = join.scope in reader.ancestry()
        if join.leaves:
            return not inside and self._last[join.scope] < at
        return inside and join.scope.depth < inner

    def _value_of(self, join: _Join) -> tuple[Segment, ...]:
        segments = self._expressed(join.segments, join.scope, self._last[join.scope])
        if len(segments) == 1:
            return segments
        index = self._join(segments, join.scope)
        return (Segment(index, 0, self._builder.type_of(index).channels),)

    def _join(self, segments: Sequence[Segment], scope: Scope) -> int:
        values = [self._part(segment, scope) for segment in segments]
        types = [self._builder.type_of(value) for value in values]
        widths = tuple(type.channels for type in types)
        type = TensorType(sum(widths), types[0].spatial, widths)
        return self._builder.add(ops.Concat(), values, type, scope, scope.span)

    def _part(self, segment: Segment, scope: Scope) -> int:
        type = self._builder.type_of(segment.node)
        if segment.width == type.channels:
            return segment.node
        part = TensorType(segment.width, type.spatial, (segment.width,))
        operation = ops.Slice(segment.start, segment.stop)
        return self._builder.add(operation, [segment.node], part, scope, scope.span)


def _only(found: set[Segment | None], of: dict[Segment, set[Segment | None]]) -> Segment | None:
    """The single neighbour of a segment, where it is the only one of that neighbour as well."""
    named = [s for s in found if s is not None]
    if len(named) != 1:
        return None
    back = [s for s in of[named[0]] if s is not None]
    return named[0] if len(back) == 1 else None


def _match(segments: Sequence[Segment], read: Sequence[Segment]) -> tuple[int, int]:
    """Where in some channels the first of others are, and how many of these are there."""
    first, offset = read[0], 0
    for position, segment in enumerate(segments):
        if segment.node == first.node and segment.start <= first.start < segment.stop:
            start = offset + first.start - segment.start
            width = 0
            for have, want in zip(
                cut(segments[position:], first.start - segment.start, _END), read, strict=False
            ):
                if (have.node, have.start) != (want.node, want.start):
                    break
                width += min(have.width, want.width)
                if have.stop != want.stop:
                    break
            return start, width
        offset += segment.width
    return 0, 0


_END = 1 << 62


def _common(one: Scope, other: Scope) -> Scope:
    """The innermost scope around both."""
    while one is not other:
        if one.depth >= other.depth:
            assert one.parent is not None
            one = one.parent
        else:
            assert other.parent is not None
            other = other.parent
    return one


def _outside_of_group(reader: Scope, around: Scope) -> Scope:
    """The scope of the outermost aggregation between a reader and a scope around it."""
    found = around
    scope = reader
    while scope is not around:
        assert scope.parent is not None
        if scope.kind is ScopeKind.GROUP:
            found = scope.parent
        scope = scope.parent
    return found


def _in_group(reader: Scope, around: Scope) -> bool:
    return _outside_of_group(reader, around) is not around or any(
        s.kind is ScopeKind.GROUP and s.parent is around for s in reader.ancestry()
    )


PLACE_JOINS = rewrite(
    "placing joins",
    lambda network: _Placing(network).run(),
    needs=WIDENED,
    keeps=WIDENED,
)
