"""Builds a network node by node."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph import operations as ops
from seqdsl.graph.inference import infer
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.tensor import TensorType
from seqdsl.source.text import Span


class Builder:
    """Appends nodes in dataflow order, naming and typing each.

    Names are unique within a scope: the first ``conv2d`` is called so, the next ``conv2d2``.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._used: dict[tuple[Scope, str], int] = {}

    def input(self, type: TensorType, scope: Scope, span: Span) -> int:
        return self._append(ops.Input(), (), type, scope, span)

    def add(
        self, operation: ops.Operation, operands: Sequence[int], scope: Scope, span: Span
    ) -> int:
        """Appends an operation and returns its index. Raises `TypeProblem`."""
        type = infer(operation, [self.nodes[index].type for index in operands])
        return self._append(operation, tuple(operands), type, scope, span)

    def add_typed(
        self,
        operation: ops.Operation,
        operands: Sequence[int],
        type: TensorType,
        scope: Scope,
        span: Span,
    ) -> int:
        """Appends an operation whose type is known: to go on after a `TypeProblem`."""
        return self._append(operation, tuple(operands), type, scope, span)

    def type_of(self, index: int) -> TensorType:
        return self.nodes[index].type

    def unique(self, scope: Scope, label: str) -> int:
        """How many times a label has been taken in a scope, this time included."""
        count = self._used.get((scope, label), 0) + 1
        self._used[scope, label] = count
        return count

    def _append(
        self,
        operation: ops.Operation,
        operands: tuple[int, ...],
        type: TensorType,
        scope: Scope,
        span: Span,
    ) -> int:
        index = len(self.nodes)
        label = ops.operation_name(operation)
        count = self.unique(scope, label)
        name = label if count == 1 else f"{label}{count}"
        self.nodes.append(Node(index, name, operation, operands, type, scope, span))
        return index
