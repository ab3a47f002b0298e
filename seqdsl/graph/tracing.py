"""Which channels of which nodes a value really is, once joins and slices are seen through."""

from __future__ import annotations

from collections.abc import Callable

from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.segment import Segment, cut


def never(_: Node) -> bool:
    """No node."""
    return False


def is_idle_at_inference(node: Node) -> bool:
    """Whether a node gives what it reads, unless a network is trained."""
    return node.operation.inert


class Tracing:
    """Every value of a network as the channels of the nodes that compute it.

    A trace also sees through each node that ``is_identity`` says gives its operand channel for
    channel, and ends at each join and slice that ``is_source`` names.
    """

    def __init__(
        self,
        network: Network,
        *,
        is_identity: Callable[[Node], bool] = never,
        is_source: Callable[[Node], bool] = never,
    ) -> None:
        self._network = network
        self._is_identity = is_identity
        self._is_source = is_source
        self._of: list[tuple[Segment, ...]] = []
        for node in network.nodes:  # every node comes after those that it reads
            self._of.append(self._trace(node))

    @classmethod
    def at_inference(cls, network: Network) -> Tracing:
        """The tracing that sees through dropout as well."""
        return cls(network, is_identity=is_idle_at_inference)

    def of(self, index: int) -> tuple[Segment, ...]:
        """All of a node's value, in the order of its channels."""
        return self._of[index]

    def is_computed(self, node: Node) -> bool:
        """Whether a node's value is its own, and no others' that it hands on."""
        return self._of[node.index][0].node == node.index

    def within(self, index: int, start: int, stop: int) -> tuple[Segment, ...]:
        """Channels ``start`` up to ``stop`` of a node's value."""
        segments = self._of[index]
        if start == 0 and stop == self._network.nodes[index].type.channels:
            return segments
        return cut(segments, start, stop)

    def _trace(self, node: Node) -> tuple[Segment, ...]:
        if self._is_identity(node):
            return self._of[node.operands[0]]
        found = None
        if not self._is_source(node):
            found = node.operation.routed([self._of[index] for index in node.operands])
        return (Segment(node.index, 0, node.type.channels),) if found is None else found
