"""The exploded view of section 4.5: which weights connect which groups of an aggregation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Role
from seqdsl.graph.parameters import module_path
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.segment import Segment
from seqdsl.graph.tracing import Tracing, is_idle_at_inference
from seqdsl.passes.schedule.layers import grouped
from seqdsl.passes.windows import input_groups, sources
from seqdsl.source.frozen import frozen, frozen_value


@frozen_value
class Patch:
    """Part of a weight: ``weight[slice(*outputs), slice(*inputs)]``."""

    key: str  # in the state_dict
    outputs: tuple[int, int]
    inputs: tuple[int, int]  # as the weight's second axis counts them, within a subgroup


@frozen
class Exploded:
    """An aggregation of g groups, and the g' groups of its input that they see.

    ``connections[j, i]`` are the weights between x_j and x_i, for j from 1-g' to g-1 and i from 1
    to g. Where x_i does not see x_j, there is no entry.
    """

    scope: Scope
    name: str  # unique in the network: the path of the layer
    inputs: int  # g'
    groups: int  # g
    connections: Mapping[tuple[int, int], tuple[Patch, ...]]
    joined: bool  # by a shortcut, as the last layer of a residual block (section 3.2)


def explode(network: Network) -> list[Exploded]:
    """Every aggregation whose groups all read their windows through convolutions, in whose way
    nothing stands but what keeps channels apart, such as the BN and ReLU of a DenseNet.
    """
    tracing = Tracing(network, is_identity=_keeps_channels)
    found: list[Exploded] = []
    for aggregation, groups in grouped(network):
        layer = _explode(aggregation, groups, network, tracing)
        if layer is not None:
            found.append(layer)
    return found


def _keeps_channels(node: Node) -> bool:
    """Whether a node is idle at inference, or works on each channel within a group."""
    return is_idle_at_inference(node) or (
        node.operation.channelwise
        and len(node.operands) == 1
        and any(scope.kind is ScopeKind.GROUP for scope in node.scope.ancestry())
    )


def _explode(
    aggregation: Aggregation,
    groups: Mapping[Scope, Sequence[Node]],
    network: Network,
    tracing: Tracing,
) -> Exploded | None:
    turns = {group: turn for turn, group in enumerate(groups, 1)}
    if not all(groups.values()):
        return None  # a group that computes nothing

    def turn_of(segment: Segment) -> int:
        """Which group made it; 0 for none of this aggregation."""
        around = network.nodes[segment.node].scope.ancestry()
        return next((turns[scope] for scope in around if scope in turns), 0)

    def from_outside(index: int, turn: int) -> bool:
        return all(turn_of(segment) != turn for segment in tracing.of(index))

    readers: list[tuple[int, Node]] = []
    joined = False
    for group, nodes in groups.items():
        turn = turns[group]
        found = [n for n in nodes if isinstance(n.operation, ops.Conv2d)]
        found = [n for n in found if from_outside(n.operands[0], turn)]
        if not found:
            return None
        readers += [(turn, node) for node in found]
        sums = (n for n in nodes if isinstance(n.operation, ops.Add))
        joined = joined or any(from_outside(i, turn) for n in sums for i in n.operands)

    windows = [tracing.of(node.operands[0]) for _, node in readers]
    outside = [[s for s in window if not turn_of(s)] for window in windows]
    width = aggregation.turns[0].gives.width
    inputs = input_groups(outside, width, network)
    connections: dict[tuple[int, int], tuple[Patch, ...]] = {}
    for (turn, node), window in zip(readers, windows, strict=True):
        seen = (part for s in window for part in sources(s, turn_of(s), inputs))
        for source, block in _blocks(node, seen, network):
            connections[source, turn] = (*connections.get((source, turn), ()), block)
    return Exploded(
        aggregation.scope, aggregation.path, len(inputs), len(turns), connections, joined
    )


def _blocks(
    node: Node, seen: Iterator[tuple[int, int]], network: Network
) -> Iterator[tuple[int, Patch]]:
    """What of a convolution's weight reads each source; an input channel of a convolution in
    subgroups meets the outputs of its own.
    """
    assert isinstance(node.operation, ops.Conv2d)
    count = node.operation.groups
    read = network.nodes[node.operands[0]].type.channels // count
    made = node.operation.width // count
    key = f"{module_path(node)}.{Role.WEIGHT.value}"
    start = 0
    for source, run in groupby(seen, key=itemgetter(0)):
        stop = start + sum(width for _, width in run)
        for subgroup in range(start // read, -(-stop // read)):
            first = subgroup * read
            inputs = (max(start, first) - first, min(stop, first + read) - first)
            yield source, Patch(key, (subgroup * made, (subgroup + 1) * made), inputs)
        start = stop
