"""What a network is made of, as a reader sees it: its scopes in order, and its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.source.text import Span

# What works on each channel by itself.
PER_CHANNEL = ops.BatchNorm | ops.Activation | ops.LeakyRelu | ops.Dropout


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation:
    """One ``aggregate``, expanded: the layer that its groups are."""

    parent: Scope  # what the groups stand in
    groups: tuple[Scope, ...]
    name: str  # tells it apart in its parent: `aggregate2`
    whole: bool  # its block holds nothing else, and so lends it name and place

    @property
    def label(self) -> str:
        return self.parent.label if self.whole else "aggregate"

    @property
    def span(self) -> Span:
        return self.parent.span if self.whole else self.groups[0].span

    def key(self, path: Callable[[Scope], str]) -> str:
        """The path of its box, where scopes have these."""
        around = path(self.parent)
        return around if self.whole else joined(around, self.name)


Subject: TypeAlias = Scope | Aggregation | Node


def scope_of(subject: Subject) -> Scope:
    """The scope that a subject is, or stands in."""
    match subject:
        case Scope():
            return subject
        case Aggregation(parent=scope) | Node(scope=scope):
            return scope


class Outline:
    """The scopes and layers of a network.

    A layer is an aggregation with all its groups, a block that holds operations alone, or an
    operation that stands in neither.
    """

    def __init__(self, network: Network) -> None:
        self._nodes = network.nodes
        self.children: dict[Scope, list[Scope]] = {}
        self._plain: dict[Scope, list[Node]] = {}  # the operations that stand in a scope itself
        self.given = {output.index for output in network.further}  # what the network gives besides
        self._readers: dict[int, list[Node]] = {}
        self._aggregations: dict[Scope, Aggregation] = {}  # by group
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
        for parent, children in self.children.items():
            self._find_aggregations(parent, children)

    @property
    def aggregations(self) -> list[Aggregation]:
        """Those that are in no group of another, in dataflow order."""
        return list(dict.fromkeys(self._aggregations.values()))

    def aggregation_of(self, node: Node) -> Aggregation | None:
        """The outermost aggregation that a node is in a group of."""
        found = group_of(node)
        return None if found is None else self._aggregations[found]

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
        readers = self.readers(join.index)
        return bool(readers) and all(reader.span != join.span for reader in readers)

    def result_of(self, join: Node) -> Aggregation | None:
        """The aggregation that a concatenation is the result of (``keep=input``)."""
        last = self._nodes[join.operands[-1]]
        found = self.aggregation_of(last)
        stated = found is not None and found.groups[0].span == join.span
        return found if stated else None

    def _find_aggregations(self, parent: Scope, children: Sequence[Scope]) -> None:
        runs: list[list[Scope]] = []
        for scope in children:
            if scope.kind is ScopeKind.GROUP:
                if not runs or not _follows(runs[-1][-1], scope):
                    runs.append([])
                runs[-1].append(scope)
        names = self._free_names(parent, "aggregate")
        for groups in runs:
            whole = (
                parent.kind is ScopeKind.BLOCK
                and len(groups) == len(children)
                and all(self._gathers(node, groups[0]) for node in self._plain.get(parent, ()))
            )
            aggregation = Aggregation(parent, tuple(groups), next(names), whole)
            self._aggregations.update(dict.fromkeys(groups, aggregation))

    def _free_names(self, parent: Scope, word: str) -> Iterator[str]:
        """``aggregate1``, ``aggregate2``, ... less what scopes there are called."""
        taken = {scope.name for scope in self.children.get(parent, ())}
        return (name for name in (f"{word}{n}" for n in count(1)) if name not in taken)

    def _gathers(self, node: Node, group: Scope) -> bool:
        """Whether a node only gathers a window, or the result of an aggregation."""
        match node.operation:
            case ops.Slice():
                return True
            case ops.Concat():
                return node.span == group.span or not self.is_stated(node)
            case _:
                return False


def _follows(group: Scope, next: Scope) -> bool:
    """Whether a group is of the same aggregation as the one before it."""
    if group.span != next.span or group.repeat is None or next.repeat is None:
        return False
    return group.repeat[0] < next.repeat[0]


def joined(path: str, name: str) -> str:
    """The path of what stands under a name in a scope."""
    return f"{path}/{name}" if path else name


def group_of(node: Node) -> Scope | None:
    """The outermost group around a node."""
    found = None
    for scope in node.scope.ancestry():
        if scope.kind is ScopeKind.GROUP:
            found = scope
    return found
