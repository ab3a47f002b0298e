"""Which operands of an addition are shortcuts."""

from __future__ import annotations

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network


def shortcuts(network: Network) -> frozenset[tuple[int, int]]:
    """The shortcuts of a network: each the index of an addition and an operand's position.

    An operand is a shortcut where another operand of the same addition comes through more
    convolutions. Of branches that are equally deep, none is one.
    """
    depths: list[int] = []  # convolutions and linear layers on the longest way to each node
    found: set[tuple[int, int]] = set()
    for node in network.nodes:
        ways = [depths[operand] for operand in node.operands]
        deepest = max(ways, default=0)
        if isinstance(node.operation, ops.Add):
            found.update((node.index, at) for at, way in enumerate(ways) if way < deepest)
        depths.append(deepest + node.operation.linear)
    return frozenset(found)
