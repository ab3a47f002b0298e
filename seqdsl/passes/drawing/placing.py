"""Decides which box of a drawing each operation is in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.segment import Segment
from seqdsl.graph.tensor import TensorType, chained
from seqdsl.graph.tracing import Tracing
from seqdsl.passes.drawing.copies import Copies, find_copies
from seqdsl.passes.drawing.shortcuts import shortcuts
from seqdsl.passes.structure import (
    Outline,
    Subject,
    group_of,
    path_within,
    scope_of,
)

DepthName: TypeAlias = Literal["network", "block", "layer", "group"]  # as in `Depth`


class Depth(Enum):
    """The smallest thing that is shown."""

    NETWORK = "network"  # a stage
    BLOCK = "block"  # a layer, framed by its block (Figures 2 and 3)
    LAYER = "layer"  # a layer, each of several copies
    GROUP = "group"  # a group of a layer, with the window that it sees (Figure 1)

    @property
    def folds(self) -> bool:
        """Whether one of several copies stands for all, unless a drawing asks for another way."""
        return self is not Depth.LAYER


@dataclass(slots=True)
class Unit:
    """A box to be: what it is of, and the operations in it, in dataflow order."""

    key: str  # its path: unique, and stable from one drawing to the next
    subject: Subject
    nodes: list[Node] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        """The scope that it is, or stands in."""
        return scope_of(self.subject)

    @property
    def around(self) -> Scope:
        """The scope that it stands in."""
        match self.subject:
            case Scope() | Aggregation(whole=True):
                return self.scope.parent or self.scope
            case _:
                return self.scope


class Placement:
    """The boxes of a network at a depth.

    ``of`` has the key of each node's box, by index; None for what is passed through: slices, and
    concatenations that only gather what a layer reads.
    """

    def __init__(self, network: Network, depth: Depth, only: str | None, fold: bool) -> None:
        self.network = network
        self.depth = depth
        self.outline = Outline(network)
        self.copies = find_copies(network, self.outline, only) if fold else Copies()
        self.shortcuts = shortcuts(network)
        self.units: dict[str, Unit] = {}
        self.of: list[str | None] = []
        self._counts: dict[tuple[Scope, str], int] = {}
        self._scopes = {scope.path for scope in network.leaving}  # no operation is called so
        self._inputs = self._find_inputs()
        for node in network.nodes:
            self.of.append(self._place(node))
        self._boxed = Tracing(
            network,
            is_identity=self._is_unseen_copy,
            is_source=lambda node: self.of[node.index] is not None,
        )

    def output(self, unit: Unit) -> TensorType:
        """The type of what leaves a box."""
        last, leaving = unit.nodes[-1], self.network.leaving
        match unit.subject:
            case Scope() | Aggregation(whole=True):
                return leaving[unit.scope]
            case Aggregation() as layer if not isinstance(last.operation, ops.Concat):
                return chained([leaving[turn.scope] for turn in layer.read.values()])
            case Node():  # perhaps on each of several tensors
                return chained([node.type for node in unit.nodes])
            case _:
                return last.type

    def reads(self, reader: Node | None, operand: int) -> list[Segment]:
        """The channels of nodes in boxes that an operand consists of.

        An output of the network has no reader.
        """
        found = list(self._boxed.of(operand))
        layer = None if reader is None else self._gathering_layer(reader, operand)
        if layer in self._inputs:
            found = [self._within(self._inputs[layer], segment) for segment in found]
        return found

    def _is_unseen_copy(self, node: Node) -> bool:
        """Whether an operation is in no box because another stands for it."""
        return self.of[node.index] is None and not isinstance(
            node.operation, ops.Concat | ops.Slice
        )

    def _gathering_layer(self, reader: Node, operand: int) -> Aggregation | None:
        """The aggregation whose window an operand is, or whose result reads it."""
        if isinstance(reader.operation, ops.Concat):
            return self.outline.result_of(reader)
        is_gathered = isinstance(self.network.nodes[operand].operation, ops.Concat)
        passed = self.of[operand] is None
        return self.outline.aggregation_of(reader) if is_gathered and passed else None

    def _within(self, join: int, read: Segment) -> Segment:
        """Channels as those of a concatenation that they went into, if they did."""
        before = 0
        for each in self.outline.tracing.of(join):
            if each.node == read.node and each.start <= read.start and read.stop <= each.stop:
                return Segment(
                    join, before + read.start - each.start, before + read.stop - each.start
                )
            before += each.width
        return read

    def _find_inputs(self) -> dict[Aggregation, int]:
        """The concatenation that each aggregation gets, where it gets a stated one: its first
        group sees that as it is, and the windows of others are gathered from the parts.
        """
        found: dict[Aggregation, int] = {}
        first: dict[Aggregation, Scope | None] = {}  # its first group that computes something
        for node in self.network.nodes:
            layer = self.outline.aggregation_of(node)
            if layer is None or group_of(node) is not first.setdefault(layer, group_of(node)):
                continue
            for operand in node.operands:
                join = self.network.nodes[operand]
                is_stated = isinstance(join.operation, ops.Concat) and self.outline.is_stated(join)
                if is_stated and self.outline.aggregation_of(join) is not layer:
                    found.setdefault(layer, operand)
        return found

    def _place(self, node: Node) -> str | None:
        if self._is_passed_through(node):
            return None
        subject = self._subject(node)
        key = self._key(subject, node)
        unit = Unit(key, subject)
        if self.copies.stands(unit.scope):
            self.units.setdefault(key, unit).nodes.append(node)
        # The copies of a concatenation may have no need of it as one tensor.
        return key if key in self.units else None

    def _is_passed_through(self, node: Node) -> bool:
        match node.operation:
            case ops.Slice():
                return True
            case ops.Concat():
                stated = group_of(node) is not None or self.outline.is_stated(node)
                return not stated and not self._mixes(node)
            case _:
                return False

    def _mixes(self, join: Node) -> bool:
        """Whether a concatenation joins what several boxes or layers give, and is no window."""
        if self.depth is Depth.NETWORK:
            result = self.outline.result_of(join)
            return result is not None and result.scope is self.network.root
        readers = self.outline.readers(join.index)
        windows = {self.outline.aggregation_of(reader) for reader in readers}
        if len(windows) == 1 and None not in windows:
            return False
        sources = [self.network.nodes[s.node] for s in self.outline.tracing.of(join.index)]
        makers = {self.outline.aggregation_of(node) or self.of[node.index] for node in sources}
        return len(makers) > 1

    def _subject(self, node: Node) -> Subject:
        is_join = isinstance(node.operation, ops.Concat)
        result = self.outline.result_of(node) if is_join else None
        scopes = list(node.scope.ancestry())
        if self.depth is Depth.NETWORK and len(scopes) > 1 and scopes[-2].kind != ScopeKind.GROUP:
            return scopes[-2]
        return result or self.outline.layer_of(node)

    def _key(self, subject: Subject, node: Node) -> str:
        path = self.copies.path
        match subject:
            case Scope():
                return path(subject)
            case Aggregation():
                return subject.path_in(path(subject.scope))
        return self._operation_key(node)

    def _operation_key(self, node: Node) -> str:
        """By its place among its kind; an operation on each of several tensors has one."""
        call = (node.scope, node.kind)
        before = self.network.nodes[node.index - 1] if node.index else node
        goes_on = (
            node.operation.elementwise
            and (before.scope, before.span, before.operation)
            == (node.scope, node.span, node.operation)
            and before.index not in node.operands
        )
        count = self._counts.get(call, 0) + (not goes_on)
        path = self.copies.path(node.scope)
        while (key := path_within(path, _numbered(node.kind, count))) in self._scopes:
            count += 1
        self._counts[call] = count
        return key


def _numbered(kind: str, count: int) -> str:
    return kind if count == 1 else f"{kind}{count}"
