"""Puts operations on feature maps into the graph, joining groups only where one needs them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import takewhile

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.builder import Builder
from seqdsl.graph.calls import Call
from seqdsl.graph.inference import infer
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.segment import Segment, joined
from seqdsl.graph.tensor import TensorType
from seqdsl.semantic.primitives.resizing import resizers
from seqdsl.semantic.values.foreign_order import of_kernel
from seqdsl.semantic.values.locate import diagnostic, origin
from seqdsl.semantic.values.value import Feature, Group
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.fix import Fix, inserting
from seqdsl.source.frozen import frozen
from seqdsl.source.meter import current
from seqdsl.source.text import Span


@frozen
class Joined:
    """An entry of the log: channels that an operation needed as one node."""

    segments: Group
    scope: Scope
    span: Span
    result: int


@frozen
class Placed:
    """An entry of the log: where the source joins these channels, should they be needed as one."""

    segments: Group
    scope: Scope
    span: Span


@frozen
class Added:
    """An entry of the log: an operation."""

    operands: Sequence[int]
    scope: Scope
    result: int


@frozen
class Aggregated:
    """An entry of the log: an aggregation that is complete."""

    aggregation: Aggregation

    @property
    def scope(self) -> Scope:
        """The scope of its last group: the deepest that it makes itself."""
        return self.aggregation.turns[-1].scope


@frozen
class Made:
    """Where a join stands, and its type where it is known."""

    scope: Scope
    span: Span
    type: TensorType | None


class Dataflow:
    """The graph under construction. A concatenation or slice that two readers need is made once.

    ``log`` tells all that was done to it, for replays; ``leaving`` the type of what each block and
    stage gives, and ``calls`` with what each block was called.
    """

    def __init__(self) -> None:
        self.builder = Builder()
        self.diagnostics: list[Diagnostic] = []
        self.log: list[Joined | Placed | Added | Aggregated] = []
        self.leaving: dict[Scope, TensorType] = {}
        self.calls: dict[Scope, Call] = {}
        self.aggregations: list[Aggregation] = []  # those in a group before the one around it
        self._meter = current()
        self._joined: dict[Group, int] = {}
        self._places: dict[Group, tuple[Scope, Span]] = {}

    def input(self, channels: int, spatial: tuple[int, ...], scope: Scope, span: Span) -> Feature:
        index = self.builder.input(TensorType(channels, spatial, (channels,)), scope, span)
        return self._feature(index)

    def apply(
        self, operation: ops.Operation, operands: Sequence[Feature], scope: Scope, span: Span
    ) -> Feature:
        """One node over whole feature maps. Raises `Failure` where there is no way to go on."""
        try:
            type = infer(operation, [operand.type for operand in operands])
        except ops.TypeProblem as problem:
            type = self._report(problem, operands, scope, span)
        nodes = [self.join(operand.segments, scope, span) for operand in operands]
        return self._feature(self.add(operation, nodes, type, scope, span))

    def each(self, operation: ops.Operation, operand: Feature, scope: Scope, span: Span) -> Feature:
        """An elementwise operation; on a map in several tensors, one node for each of them."""
        whole = [self._is_whole(segment) for segment in operand.segments]
        if not all(whole):
            result = self.apply(operation, [operand], scope, span)
            return Feature(self._regroup(result, operand), operand.spatial, operand.raw)
        done: dict[Segment, Segment] = {}
        for segment in operand.segments:
            type = self.builder.type_of(segment.node)
            node = self.add(operation, [segment.node], type, scope, span)
            done[segment] = Segment(node, segment.start, segment.stop)
        groups = tuple(tuple(done[segment] for segment in group) for group in operand.groups)
        return Feature(groups, operand.spatial, operand.raw)

    def join(self, segments: Group, scope: Scope, span: Span, like: Made | None = None) -> int:
        """The node whose output is these channels in this order; ``like`` one that is known."""
        self._meter.spend_on(len(segments))
        index = self._joined.get(segments)
        if index is None:
            runs = joined(segments)
            if len(runs) == 1 and self._is_whole(runs[0]):
                return runs[0].node
            if like is None:
                home, where = self._places.get(segments) or (self._home(runs, scope), span)
                like = Made(home, where, None)
            index = self._joined[segments] = self._join(runs, like)
        self.log.append(Joined(segments, scope, span, index))
        return index

    def place(self, segments: Group, scope: Scope, span: Span) -> None:
        """Says where a join belongs, which is made when an operation needs it."""
        self._meter.spend_on(len(segments))
        self._places.setdefault(segments, (scope, span))
        self.log.append(Placed(segments, scope, span))

    def aggregated(self, aggregation: Aggregation) -> None:
        """Records an aggregation whose groups are all made."""
        self._meter.spend_on(sum(len(group.segments) for group in aggregation.inputs))
        self.aggregations.append(aggregation)
        self.log.append(Aggregated(aggregation))

    def add(
        self,
        operation: ops.Operation,
        operands: Sequence[int],
        type: TensorType,
        scope: Scope,
        span: Span,
    ) -> int:
        """One node of a known type."""
        index = self._add(operation, operands, type, scope, span)
        self.log.append(Added(operands, scope, index))
        return index

    def copy(self, node: Node, operands: tuple[int, ...], scope: Scope) -> int:
        """The like of a node on other operands, in a scope like its own."""
        self._meter.node(len(operands))
        index = self.builder.copy(node, operands, scope)
        self.log.append(Added(operands, scope, index))
        return index

    def _join(self, runs: Sequence[Segment], made: Made) -> int:
        pieces = [self._piece(run, made.scope, made.span) for run in runs]
        if len(pieces) == 1:
            return pieces[0]
        types = [self.builder.type_of(piece) for piece in pieces]
        type = made.type or infer(ops.Concat(), types)
        return self._add(ops.Concat(), pieces, type, made.scope, made.span)

    def _home(self, runs: Sequence[Segment], scope: Scope) -> Scope:
        """Where a join belongs: in the layer around a group, whose window it is, or else around
        the block that asks for it; but not outside of what it joins.
        """
        around = scope.ancestry()
        home = next((s.parent for s in around if s.kind is ScopeKind.GROUP), None)
        if home is None and scope.kind is ScopeKind.BLOCK:
            home = scope.parent
        if home is None:
            return scope
        makers = {self.builder.nodes[self._known(run)].scope for run in runs}
        inside = set(_below(scope, home))
        if any(_has_one_of(maker, inside, home.depth) for maker in makers):
            return scope
        return home

    def _known(self, run: Segment) -> int:
        """The node that a piece is taken from: a slice that was made before, or what is sliced."""
        return self._joined.get((run,), run.node)

    def _piece(self, run: Segment, scope: Scope, span: Span) -> int:
        if self._is_whole(run):
            return run.node
        known = self._joined.get((run,))
        if known is None:
            operation = ops.Slice(run.start, run.stop)
            type = infer(operation, [self.builder.type_of(run.node)])
            known = self._add(operation, [run.node], type, scope, span)
            self._joined[run,] = known
        return known

    def _is_whole(self, segment: Segment) -> bool:
        channels = self.builder.type_of(segment.node).channels
        return segment.start == 0 and segment.stop == channels

    def _add(
        self,
        operation: ops.Operation,
        operands: Sequence[int],
        type: TensorType,
        scope: Scope,
        span: Span,
    ) -> int:
        self._meter.node(len(operands))
        return self.builder.add(operation, operands, type, scope, span)

    def _feature(self, index: int) -> Feature:
        type = self.builder.type_of(index)
        return Feature(_split(index, type.groups), type.spatial)

    @staticmethod
    def _regroup(result: Feature, like: Feature) -> tuple[Group, ...]:
        return _split(result.groups[0][0].node, like.sizes)

    def _report(
        self, problem: ops.TypeProblem, operands: Sequence[Feature], scope: Scope, span: Span
    ) -> TensorType:
        """Reports a problem and gives the type to go on with; raises it where there is none."""
        secondary: tuple[Label, ...] = ()
        if problem.operand is not None:
            involved = {0, problem.operand} if len(operands) > 1 else {problem.operand}
            secondary = self.origins([operands[position] for position in sorted(involved)])
        found = diagnostic(
            problem.code, problem.message, span, scope, secondary=secondary, help=problem.help
        )
        if problem.code == "cuts-hierarchy" and found.primary is not None:
            found = replace(found, fix=_regrouping(found.primary.span))
        if found.primary is not None:
            found = in_order_here(found, found.primary.span)
        if problem.recovery is None:
            raise Failure(found)
        self.diagnostics.append(found)
        return problem.recovery

    def origins(self, operands: Sequence[Feature]) -> tuple[Label, ...]:
        """Where feature maps come from and, of two of different sizes, what made them differ."""
        labels = [Label(self.origin(o), f"{o.type} comes from here") for o in operands]
        if len(operands) == 2 and operands[0].spatial != operands[1].spatial:
            nodes = [max(segment.node for segment in o.segments) for o in operands]
            for node in resizers(self.builder.nodes, *nodes):
                before = self.builder.nodes[node.operands[0]].type
                change = f"{_sides(before)} becomes {_sides(node.type)} here"
                where = origin(node)
                known = next((i for i, each in enumerate(labels) if each.span == where), None)
                if known is None:
                    labels.append(Label(where, change))
                else:
                    labels[known] = Label(where, f"{labels[known].text}: {change}")
        return tuple(labels)

    def origin(self, feature: Feature) -> Span:
        """Where the user wrote what made a feature map: its latest piece counts."""
        latest = max(segment.node for segment in feature.segments)
        return origin(self.builder.nodes[latest])


def in_order_here(found: Diagnostic, call: Span) -> Diagnostic:
    """A finding about a kernel, with the way on where numbers are in another framework's order."""
    known = of_kernel(call) if found.code.kernel else None
    return found if known is None else replace(found, help=known[0], fix=known[1])


def _sides(type: TensorType) -> str:
    return "x".join(map(str, type.spatial))


def _regrouping(span: Span) -> Fix | None:
    """Merges all groups on a line before a statement; None where the statement shares its line."""
    source = span.source
    before = source.text[source.line_start(span.line) : span.start]
    return None if before.strip() else inserting(source, span.start, f"regroup it.width\n{before}")


def _below(scope: Scope, home: Scope) -> list[Scope]:
    """The scopes from one up to, not including, one around it."""
    return list(takewhile(lambda s: s is not home, scope.ancestry()))


def _has_one_of(scope: Scope, scopes: Set[Scope], depth: int) -> bool:
    """Whether a scope is one of some, or in one; all are deeper than ``depth``."""
    each: Scope | None = scope
    while each is not None and each.depth > depth:
        if each in scopes:
            return True
        each = each.parent
    return False


def _split(index: int, sizes: tuple[int, ...]) -> tuple[Group, ...]:
    groups: list[Group] = []
    start = 0
    for size in sizes:
        groups.append((Segment(index, start, start + size),))
        start += size
    return tuple(groups)
