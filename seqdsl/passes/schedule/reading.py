"""What each convolution of a schedule reads, and at which channels values are cut for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.segment import Segment
from seqdsl.graph.tracing import Tracing
from seqdsl.passes.schedule.aggregations import Convolutions
from seqdsl.passes.schedule.schedule import Schedule
from seqdsl.source.frozen import frozen


@frozen
class Block:
    """Groups of one aggregation whose known part is computed at once."""

    members: tuple[Node, ...]
    schedule: Schedule
    known: tuple[Segment, ...]  # what any of them sees and is there before the first of them
    positions: Mapping[int, int]  # where each node stands in the sequence that windows slide over


def blocks(convolutions: Convolutions, schedule: Schedule, tracing: Tracing) -> Iterator[Block]:
    """The aggregation's groups in the blocks of a schedule."""
    members = convolutions.members
    size = len(members) if schedule.scatter else schedule.block
    positions = _positions(members, tracing)
    for start in range(0, len(members), size):
        together = members[start : start + size]
        first = together[0].index
        seen = (p for m in together for p in tracing.of(m.operands[0]) if p.node < first)
        yield Block(together, schedule, union(seen), positions)


def cuts(network: Network, tracing: Tracing, blocks: Iterable[Block]) -> list[set[int]]:
    """The channels at which each node's value is cut into tensors of their own.

    A value is cut where a reader begins or ends, if what makes it can be: a convolution without
    groups anywhere, one with groups between them, and what is channelwise wherever its operand is.
    """
    block_of = {m.index: block for block in blocks for m in block.members}
    found: list[set[int]] = [{0, node.type.channels} for node in network.nodes]
    for node in reversed(network.nodes):
        found[node.index] &= _possible(node, found[node.index], node.index in block_of, network)
        for piece in _reads(node, found[node.index], tracing, block_of, network):
            found[piece.node] |= {piece.start, piece.stop}
    return found


def input_range(node: Node, network: Network, start: int, stop: int) -> tuple[int, int]:
    """The channels that a convolution reads for its output channels ``start`` up to ``stop``."""
    assert isinstance(node.operation, ops.Conv2d)
    groups = node.operation.groups
    channels = network.nodes[node.operands[0]].type.channels
    if groups == 1:
        return 0, channels
    wide, read = node.type.channels // groups, channels // groups
    return start // wide * read, stop // wide * read


def is_channelwise(node: Node, network: Network) -> bool:
    """Whether a node can run on a part of its channels."""
    return node.operation.is_channelwise([network.nodes[i].type for i in node.operands])


def _possible(node: Node, wanted: set[int], member: bool, network: Network) -> set[int]:
    if isinstance(node.operation, ops.Conv2d) and not member:
        groups = node.operation.groups
        wide = 1 if groups == 1 else node.type.channels // groups
        return {cut for cut in wanted if cut % wide == 0}
    return wanted if is_channelwise(node, network) else {0, node.type.channels}


def _reads(
    node: Node,
    cuts: set[int],
    tracing: Tracing,
    block_of: Mapping[int, Block],
    network: Network,
) -> Iterator[Segment]:
    block = block_of.get(node.index)
    if block is not None:
        if node is block.members[0]:
            yield from block.known
        yield from (p for p in tracing.of(node.operands[0]) if p.node >= block.members[0].index)
    elif is_channelwise(node, network):
        for start, stop in pairwise(sorted(cuts)):
            for operand in node.operands:
                yield from tracing.within(operand, start, stop)
    else:
        for operand in node.operands:
            yield from tracing.of(operand)


def union(pieces: Iterable[Segment]) -> tuple[Segment, ...]:
    """All channels of some pieces, each once; nodes in the order in which they come."""
    spans: dict[int, list[Segment]] = {}
    for piece in pieces:
        spans.setdefault(piece.node, []).append(piece)
    return tuple(p for found in spans.values() for p in _joined(sorted(found, key=_start)))


def _joined(pieces: list[Segment]) -> Iterator[Segment]:
    held = pieces[0]
    for piece in pieces[1:]:
        if piece.start <= held.stop:
            held = Segment(held.node, held.start, max(held.stop, piece.stop))
        else:
            yield held
            held = piece
    yield held


def _start(piece: Segment) -> int:
    return piece.start


def _positions(members: tuple[Node, ...], tracing: Tracing) -> dict[int, int]:
    """For each node that a member reads, the channels in front of its first one."""
    positions: dict[int, int] = {}
    offset = 0
    for piece in union(p for m in members for p in tracing.of(m.operands[0])):
        positions.setdefault(piece.node, offset - piece.start)
        offset += piece.width
    return positions
