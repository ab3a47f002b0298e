"""What a value consists of once concatenations and slices are seen through."""

from __future__ import annotations

from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Concat, Dropout, Slice
from seqdsl.graph.segment import Segment, cut, joined


class Pieces:
    """The pieces of every value of a network; in ``training`` dropout computes something."""

    def __init__(self, network: Network, *, training: bool = False) -> None:
        self._network = network
        self._training = training
        self._of: list[tuple[Segment, ...]] = []
        for node in network.nodes:
            self._of.append(self._find(node))

    def of(self, index: int) -> tuple[Segment, ...]:
        """All of a node's value, in the order of its channels."""
        return self._of[index]

    def within(self, index: int, start: int, stop: int) -> tuple[Segment, ...]:
        """Channels ``start`` up to ``stop`` of a node's value."""
        pieces = self._of[index]
        if start == 0 and stop == self._network.nodes[index].type.channels:
            return pieces
        return cut(pieces, start, stop)

    def _find(self, node: Node) -> tuple[Segment, ...]:
        match node.operation:
            case Concat():
                return joined(piece for i in node.operands for piece in self._of[i])
            case Slice(start=start, stop=stop):
                return self.within(node.operands[0], start, stop)
            case Dropout() if not self._training:
                return self._of[node.operands[0]]
            case _:
                return (Segment(node.index, 0, node.type.channels),)
