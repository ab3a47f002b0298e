"""Who sees whom in an aggregation: the groups of its input, and the window of each new group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.segment import Segment, cut
from seqdsl.graph.tensor import boundaries
from seqdsl.graph.tracing import Tracing
from seqdsl.passes.schedule.reading import union
from seqdsl.source.frozen import frozen


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
    layer: Aggregation,
    inside: Mapping[Scope, Sequence[Node]],
    network: Network,
    tracing: Tracing,
    shortcuts: frozenset[tuple[int, int]],
) -> Windows:
    """The windows of an aggregation, with the nodes of each of its groups.

    ``shortcuts`` are (addition, operand's position).
    """
    return _Reader(layer, inside, network, tracing).windows(shortcuts)


class _Reader:
    """Numbers the input's groups from 1-g' to 0, and the new ones from 1, as the paper does."""

    def __init__(
        self,
        layer: Aggregation,
        inside: Mapping[Scope, Sequence[Node]],
        network: Network,
        tracing: Tracing,
    ) -> None:
        self._layer = layer
        self._inside = {number: inside[turn.scope] for number, turn in layer.read.items()}
        self._network = network
        self._tracing = tracing
        self._makers = {n.index: i for i, nodes in self._inside.items() for n in nodes}
        sequence = [*layer.inputs, *(turn.gives for turn in layer.turns)]
        self._sequence = {
            number: self._faces(group.segments)
            for number, group in enumerate(sequence, 1 - len(layer.inputs))
        }

    def windows(self, shortcuts: frozenset[tuple[int, int]]) -> Windows:
        views: dict[int, tuple[Segment, ...]] = {}
        joined: list[bool] = []
        for number, nodes in self._inside.items():
            read = [] if nodes else [*self._sequence[number]]  # it hands on what it gives
            joins = False
            for node in nodes:
                for position, operand in enumerate(node.operands):
                    found = [s for s in self._tracing.of(operand) if self._maker(s) != number]
                    if (node.index, position) in shortcuts:
                        joins = joins or bool(found)
                    else:
                        read += self._faces(found)
            views[number] = union(read)
            joined.append(joins)
        outside = [[s for s in view if not self._maker(s)] for view in views.values()]
        inputs = input_groups(outside, self._layer.turns[0].gives.width, self._network)
        columns = {number: at for at, number in enumerate([*range(1 - len(inputs), 1), *views])}
        seen: list[tuple[int, ...]] = []
        for number, view in views.items():
            channels = [0] * (len(columns) - 1)
            for segment in view:
                for part, maker in self._shown(segment, number):
                    for source, read_of in sources(part, maker, inputs):
                        channels[columns[source]] += read_of
            seen.append(tuple(channels))
        groups = tuple(turn.scope for turn in self._layer.read.values())
        return Windows(groups, tuple(inputs), tuple(seen), tuple(joined))

    def _maker(self, segment: Segment) -> int:
        """Which group makes it; 0 for none of this aggregation."""
        return self._makers.get(segment.node, 0)

    def _faces(self, segments: Iterable[Segment]) -> tuple[Segment, ...]:
        return tuple(segment._replace(node=self._face(segment.node)) for segment in segments)

    def _face(self, index: int) -> int:
        """Of a value that has two faces, raw and activated, the first in its group."""
        node = self._network.nodes[index]
        while node.operation.has_faces:
            if self._makers.get(node.operands[0]) != self._makers.get(node.index):
                break
            node = self._network.nodes[node.operands[0]]
        return node.index

    def _shown(self, segment: Segment, number: int) -> Iterator[tuple[Segment, int]]:
        """What a group reads, by the groups in its window that give it, which may hand on what
        they do not make; what the window does not show, by its maker. 0 is the input.
        """
        hidden = [segment]
        for offset in self._layer.turns[number - 1].sees:
            for part in self._sequence[number - offset]:
                shared = _shared(segment, part)
                if shared is not None:
                    yield shared, max(number - offset, 0)
                    hidden = [rest for each in hidden for rest in _less(each, shared)]
        yield from ((rest, self._maker(rest)) for rest in hidden)


def _shared(a: Segment, b: Segment) -> Segment | None:
    start, stop = max(a.start, b.start), min(a.stop, b.stop)
    return Segment(a.node, start, stop) if a.node == b.node and start < stop else None


def _less(segment: Segment, other: Segment) -> list[Segment]:
    """What is left of a segment without another of the same node."""
    before = segment._replace(stop=min(segment.stop, other.start))
    after = segment._replace(start=max(segment.start, other.stop))
    return [each for each in (before, after) if each.start < each.stop]


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
