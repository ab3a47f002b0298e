"""Where the channels of a value come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network

S = TypeVar("S")


def routed(network: Network, index: int) -> tuple[tuple[int, int, int], ...]:
    """The channels of a value, in order: the nodes that they come from, behind slices and
    concatenations, and which of each (from, up to).
    """
    node = network.nodes[index]
    match node.operation:
        case ops.Slice(start, stop):
            return cut(routed(network, node.operands[0]), start, stop)
        case ops.Concat():
            return tuple(piece for operand in node.operands for piece in routed(network, operand))
        case _:
            return ((index, 0, node.type.channels),)


def cut(
    pieces: Iterable[tuple[S, int, int]], start: int, stop: int
) -> tuple[tuple[S, int, int], ...]:
    """The channels from ``start`` up to ``stop`` of a value in pieces of (source, from, up to)."""
    found: list[tuple[S, int, int]] = []
    for source, first, last in pieces:
        low, high = max(start, 0), min(stop, last - first)
        if low < high:
            found.append((source, first + low, first + high))
        start, stop = start - (last - first), stop - (last - first)
    return tuple(found)
