"""Builds a network node by node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.tensor import TensorType
from seqdsl.source.text import Span

Numbered: TypeAlias = Callable[[str, int], str]


def node_name(label: str, count: int) -> str:
    """``conv2d``, ``conv2d2``"""
    return label if count == 1 else f"{label}{count}"


def block_name(label: str, count: int) -> str:
    """``conv1``, ``conv2``"""
    return f"{label}{count}"


def stage_name(label: str, count: int) -> str:
    """``conv4``, ``conv4_2``"""
    return label if count == 1 else f"{label}_{count}"


class Builder:
    """Appends nodes in dataflow order, naming and typing each.

    Names are unique within a scope: the first ``conv2d`` is called so, the next ``conv2d2``.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._counts: dict[tuple[Scope, str], int] = {}
        self._taken: dict[Scope, set[str]] = {}

    def input(self, type: TensorType, scope: Scope, span: Span) -> int:
        return self._append(ops.Input(), (), type, scope, span)

    def add(
        self,
        operation: ops.Operation,
        operands: Sequence[int],
        type: TensorType,
        scope: Scope,
        span: Span,
        name: str | None = None,
    ) -> int:
        """Appends an operation of a known type and returns its index. A name is kept as it is."""
        return self._append(operation, tuple(operands), type, scope, span, name)

    def copy(self, node: Node, operands: tuple[int, ...], scope: Scope) -> int:
        """Appends the like of a node on other operands, under its name."""
        index = len(self.nodes)
        self.nodes.append(
            Node(index, node.name, node.operation, operands, node.type, scope, node.span)
        )
        taken = self._taken.get(scope)
        if taken is None:
            taken = self._taken[scope] = set()
        taken.add(node.name)
        return index

    def type_of(self, index: int) -> TensorType:
        return self.nodes[index].type

    def unique(self, scope: Scope, label: str, numbered: Numbered) -> str:
        """A name for the next of a label in a scope that nothing in the scope has."""
        taken = self._taken.setdefault(scope, set())
        count = self._counts.get((scope, label), 0) + 1
        while (name := numbered(label, count)) in taken:
            count += 1
        self._counts[scope, label] = count
        taken.add(name)
        return name

    def take(self, scope: Scope, name: str) -> None:
        """Marks a name of a scope that was made elsewhere."""
        self._taken.setdefault(scope, set()).add(name)

    def _append(
        self,
        operation: ops.Operation,
        operands: tuple[int, ...],
        type: TensorType,
        scope: Scope,
        span: Span,
        name: str | None = None,
    ) -> int:
        index = len(self.nodes)
        name = name or self.unique(scope, operation.word, node_name)
        self.nodes.append(Node(index, name, operation, operands, type, scope, span))
        return index
