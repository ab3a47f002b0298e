"""Which batch norms an inference backend can fold into the convolution before them."""

from __future__ import annotations

from seqdsl.graph.network import Network
from seqdsl.graph.operations import BatchNorm, Conv2d


def foldable(network: Network) -> dict[int, int]:
    """The batch norm to fold into each convolution, both by index.

    A convolution takes the batch norm that reads its output, if nothing else does.
    """
    folded: dict[int, int] = {}
    for node in network.nodes:
        if isinstance(node.operation, BatchNorm):
            source = network.nodes[node.operands[0]]
            if isinstance(source.operation, Conv2d) and network.readers[source.index] == 1:
                folded[source.index] = node.index
    return folded
