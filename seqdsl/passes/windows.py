"""Who sees whom in an aggregation: the groups of its input, and the window of each new group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.segment import Segment, cut
from seqdsl.graph.tensor import boundaries
from seqdsl.passes.schedule.pieces import Pieces
from seqdsl.passes.schedule.reading import union
from seqdsl.source.frozen import frozen

_FACES = (ops.BatchNorm, ops.Activation, ops.LeakyRelu)


@frozen
class Windows:
    """What x_1 .. x_g see of the sequence [x_{1-g'} .. x_0, x_1 .. x_{g-1}] (Eq. 1 and 2).

    ``seen[i][j]`` are the channels that the group of row i reads of column j, whose first g' are
    the input's. What a shortcut adds to a group is not seen: it is ``joined``.
    """

    groups: tuple[Scope, ...]
    inputs: tuple[tuple[Segment, ...], ...]
    seen: tuple[tuple[int, ...], ...]
    joined: tuple[bool, ...]  # of each group: whether a shortcut is added in it


def windows(
    inside: Mapping[Scope, Sequence[Node]],
    network: Network,
    pieces: Pieces,
    shortcuts: frozenset[tuple[int, int]],
) -> Windows:
    """The windows of an aggregation, whose groups and their nodes are given in order.

    ``shortcuts`` are (addition, operand's position).
    """
    turns = {node.index: turn for turn, nodes in enumerate(inside.values(), 1) for node in nodes}

    def face(index: int) -> int:
        """Of a value that has two faces, raw and activated, the first in its group."""
        node = network.nodes[index]
        while isinstance(node.operation, _FACES):
            if turns.get(node.operands[0]) != turns.get(node.index):
                break
            node = network.nodes[node.operands[0]]
        return node.index

    views: list[tuple[Segment, ...]] = []
    joined: list[bool] = []
    for turn, nodes in enumerate(inside.values(), 1):
        read: list[Segment] = []
        joins = False
        for node in nodes:
            for position, operand in enumerate(node.operands):
                found = [s for s in pieces.of(operand) if turns.get(s.node) != turn]
                found = [s._replace(node=face(s.node)) for s in found]
                if (node.index, position) in shortcuts:
                    joins = joins or bool(found)
                else:
                    read += found
        views.append(union(read))
        joined.append(joins)
    outside = [[s for s in view if s.node not in turns] for view in views]
    width = network.leaving[next(iter(inside))].channels
    inputs = input_groups(outside, width, network)
    seen: list[tuple[int, ...]] = []
    for view in views:
        channels = [0] * (len(inputs) + len(inside) - 1)
        for segment in view:
            for source, read_of in sources(segment, turns.get(segment.node, 0), inputs):
                channels[len(inputs) - 1 + source] += read_of
        seen.append(tuple(channels))
    return Windows(tuple(inside), tuple(inputs), tuple(seen), tuple(joined))


def sources(
    segment: Segment, turn: int, inputs: Sequence[Sequence[Segment]]
) -> Iterator[tuple[int, int]]:
    """The sources that a segment is of, and how many channels of each, in their order."""
    if turn:
        yield turn, segment.width
        return
    shared = [
        (max(segment.start, part.start), min(segment.stop, part.stop), number)
        for number, parts in enumerate(inputs, 1 - len(inputs))
        for part in parts
        if part.node == segment.node
    ]
    yield from ((number, stop - start) for start, stop, number in sorted(shared) if start < stop)


def input_groups(
    windows: Sequence[Sequence[Segment]], width: int, network: Network
) -> list[tuple[Segment, ...]]:
    """The input as the groups [x_{1-g'}, ..., x_0]: cut where a window over it begins or ends, and
    into groups as wide as the new ones, or else its own.
    """
    sequence = _sequence(windows)
    total = sum(segment.width for segment in sequence)
    own = _own_boundaries(sequence, network)
    even = set(range(0, total + 1, width))
    cuts = even if even <= own and total in even else own
    for window in windows:
        cuts |= _ends(window, sequence)
    return [cut(sequence, start, stop) for start, stop in pairwise(sorted(cuts))]


def _sequence(windows: Sequence[Sequence[Segment]]) -> Sequence[Segment]:
    """What windows see of the input, in its order: that of a window over all of it, or else that
    in which it was made.
    """
    whole = union(segment for window in windows for segment in window)
    for window in windows:
        if sum(s.width for s in window) == sum(s.width for s in whole) and (
            sorted(union(window)) == sorted(whole)
        ):
            return window
    return sorted(whole)


def _own_boundaries(sequence: Sequence[Segment], network: Network) -> set[int]:
    """Where pieces of the input meet, and the groups that they were made in."""
    found = {0}
    for segment, offset in _placed(sequence):
        own = boundaries(network.nodes[segment.node].type.groups)
        inside = {at for at in own if segment.start < at < segment.stop} | {segment.stop}
        found |= {offset + at - segment.start for at in inside}
    return found


def _ends(window: Sequence[Segment], sequence: Sequence[Segment]) -> set[int]:
    """The channels of the sequence at which a stretch that the window sees begins or ends."""
    seen: set[int] = set()
    for segment in window:
        for part, offset in _placed(sequence):
            start, stop = max(segment.start, part.start), min(segment.stop, part.stop)
            if part.node == segment.node and start < stop:
                # An end that is also a beginning is none.
                seen ^= {offset + start - part.start, offset + stop - part.start}
    return seen


def _placed(sequence: Sequence[Segment]) -> Iterator[tuple[Segment, int]]:
    """Each segment, and the channels before it."""
    widths = [segment.width for segment in sequence]
    return zip(sequence, accumulate(widths, initial=0), strict=False)
