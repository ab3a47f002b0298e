"""One operation of a network."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.costs import Cost
from seqdsl.graph.operations import Operation
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
        return self.operation.word


def node_cost(node: Node, operands: Sequence[TensorType]) -> Cost:
    """The cost of one operation on operands of these types."""
    return node.operation.cost(node.type, operands)


def node_costs(nodes: Sequence[Node]) -> list[Cost]:
    """The cost of every node of a network, in their order."""
    return [node_cost(node, [nodes[i].type for i in node.operands]) for node in nodes]
