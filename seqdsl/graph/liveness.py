"""What of a graph its outputs read: the rest is no part of the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from seqdsl.graph.aggregations import settled
from seqdsl.graph.network import Network, Output
from seqdsl.graph.node import Node


def live(nodes: Sequence[Node], outputs: Iterable[int]) -> frozenset[int]:
    """The indices of the outputs, of all that they read, and of the input."""
    found = {0, *outputs}
    for node in reversed(nodes):  # every node comes after those that it reads
        if node.index in found:
            found.update(node.operands)
    return frozenset(found)


def without(
    nodes: Sequence[Node], kept: frozenset[int]
) -> tuple[tuple[Node, ...], Mapping[int, int]]:
    """The nodes that are kept, numbered anew, and the new index of each."""
    index = {old: new for new, old in enumerate(sorted(kept))}
    if len(kept) == len(nodes):
        return tuple(nodes), index
    return tuple(
        replace(node, index=index[node.index], operands=tuple(index[i] for i in node.operands))
        for node in nodes
        if node.index in index
    ), index


def pruned(network: Network) -> Network:
    """The network without what no output reads; its aggregations are named, on what is left."""
    outputs = [network.output, *(output.index for output in network.further)]
    nodes, index = without(network.nodes, live(network.nodes, outputs))
    return replace(
        network,
        nodes=nodes,
        output=index[network.output],
        further=tuple(Output(each.name, index[each.index]) for each in network.further),
        aggregations=settled(network.aggregations, network.nodes, nodes, index),
    )
