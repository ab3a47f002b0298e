"""One operation of a network."""

from __future__ import annotations

from seqdsl.graph.operations import Operation, operation_name
from seqdsl.graph.scope import Scope
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span


@frozen
class Node:
    """An operation, the nodes it reads, and where it came from."""

    index: int  # position in dataflow order; the node's key in the graph
    name: str  # unique within its scope: `conv2d`, `add2`
    operation: Operation
    operands: tuple[int, ...]  # indices of the nodes it reads, in operand order
    type: TensorType  # of its output
    scope: Scope
    span: Span  # the statement that made it

    @property
    def path(self) -> str:
        """Unique in the network: ``conv4/residual2/wseqconv1/group3/conv1/conv2d``."""
        return f"{self.scope.path}/{self.name}" if self.scope.path else self.name

    @property
    def kind(self) -> str:
        """The operation's word: ``conv2d``, ``relu``."""
        return operation_name(self.operation)
