"""What a network is made of, as a reader sees it: its scopes in order, and its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from seqdsl.graph.aggregations import Aggregation, is_stated, outermost
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.segment import joined
from seqdsl.graph.tracing import Tracing
from seqdsl.source.text import Span

Subject: TypeAlias = Scope | Aggregation | Node


def scope_of(subject: Subject) -> Scope:
    """The scope that a subject is, or stands in."""
    return subject if isinstance(subject, Scope) else subject.scope


def span_of(subject: Subject) -> Span:
    """Where the source says it."""
    return subject.place if isinstance(subject, Aggregation) else subject.span


class Outline:
    """The scopes and layers of a network.

    A layer is an aggregation with all its groups, a block that holds operations alone, or an
    operation that stands in neither.
    """

    def __init__(self, network: Network) -> None:
        self.children: dict[Scope, list[Scope]] = {}
        self._plain: dict[Scope, list[Node]] = {}  # the operations that stand in a scope itself
        self.given = {output.index for output in network.further}  # what the network gives besides
        self._readers: dict[int, list[Node]] = {}
        self._network = network
        self.tracing = Tracing(network)
        self._aggregations = outermost(network.aggregations)  # by group
        self._results = {
            joined(each.result): each
            for each in self._aggregations.values()
            if each.keep or not self._makes_all(each)
        }
        known: set[Scope] = set()
        for node in network.nodes:
            self._plain.setdefault(node.scope, []).append(node)
            for operand in node.operands:
                self._readers.setdefault(operand, []).append(node)
            for scope in node.scope.ancestry():
                if scope in known:
                    break
                known.add(scope)
                if scope.parent is not None:
                    self.children.setdefault(scope.parent, []).append(scope)

    @property
    def aggregations(self) -> list[Aggregation]:
        """Those that are in no group of another, in dataflow order."""
        return list(dict.fromkeys(self._aggregations.values()))

    def aggregation_of(self, node: Node) -> Aggregation | None:
        """The outermost aggregation that a node is in a group of."""
        found = group_of(node)
        return None if found is None else self._aggregations.get(found)

    def aggregation_in(self, group: Scope) -> Aggregation:
        """The aggregation that an outermost group is of."""
        return self._aggregations[group]

    def layer_of(self, node: Node) -> Subject:
        aggregation = self.aggregation_of(node)
        if aggregation is not None:
            return aggregation
        scope = node.scope
        return scope if scope.kind is ScopeKind.BLOCK and scope not in self.children else node

    def readers(self, index: int) -> Sequence[Node]:
        return self._readers.get(index, ())

    def is_stated(self, join: Node) -> bool:
        """Whether the source says a concatenation, and no reader caused it."""
        return is_stated(join, self.readers(join.index))

    def result_of(self, join: Node) -> Aggregation | None:
        """The aggregation that a concatenation is the result of, where that holds more than what
        its groups make: their input (``keep=input``), or groups that they hand on.
        """
        return self._results.get(self.tracing.of(join.index))

    def _makes_all(self, aggregation: Aggregation) -> bool:
        """Whether all that leaves an aggregation is made in its groups."""
        makers = (self._network.nodes[segment.node] for segment in aggregation.result)
        return all(self.aggregation_of(maker) is aggregation for maker in makers)


def path_within(path: str, name: str) -> str:
    """The path of what stands under a name in a scope."""
    return f"{path}/{name}" if path else name


def group_of(node: Node) -> Scope | None:
    """The outermost group around a node."""
    found = None
    for scope in node.scope.ancestry():
        if scope.kind is ScopeKind.GROUP:
            found = scope
    return found
