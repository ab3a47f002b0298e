"""What a value consists of once concatenations and slices are seen through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Concat, Dropout, Slice
from seqdsl.source.frozen import frozen_value


@frozen_value
class Piece:
    """Channels ``start`` up to ``stop`` of a node that computes something."""

    node: int
    start: int
    stop: int

    @property
    def width(self) -> int:
        return self.stop - self.start


class Pieces:
    """The pieces of every value of a network; in ``training`` dropout computes something."""

    def __init__(self, network: Network, *, training: bool = False) -> None:
        self._network = network
        self._training = training
        self._of: list[tuple[Piece, ...]] = []
        for node in network.nodes:
            self._of.append(self._find(node))

    def of(self, index: int) -> tuple[Piece, ...]:
        """All of a node's value, in the order of its channels."""
        return self._of[index]

    def within(self, index: int, start: int, stop: int) -> tuple[Piece, ...]:
        """Channels ``start`` up to ``stop`` of a node's value."""
        pieces = self._of[index]
        if start == 0 and stop == self._network.nodes[index].type.channels:
            return pieces
        return tuple(cut(pieces, start, stop))

    def _find(self, node: Node) -> tuple[Piece, ...]:
        match node.operation:
            case Concat():
                return merged(piece for i in node.operands for piece in self._of[i])
            case Slice(start=start, stop=stop):
                return self.within(node.operands[0], start, stop)
            case Dropout() if not self._training:
                return self._of[node.operands[0]]
            case _:
                return (Piece(node.index, 0, node.type.channels),)


def cut(pieces: tuple[Piece, ...], start: int, stop: int) -> Iterator[Piece]:
    """Channels ``start`` up to ``stop`` of what pieces are together."""
    offset = 0
    for piece in pieces:
        first, last = max(start - offset, 0), min(stop - offset, piece.width)
        if first < last:
            yield Piece(piece.node, piece.start + first, piece.start + last)
        offset += piece.width


def merged(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The same channels, with neighbours of one node in one piece."""
    return tuple(_merged(pieces))


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    held: Piece | None = None
    for piece in pieces:
        if held is not None and held.node == piece.node and held.stop == piece.start:
            held = Piece(held.node, held.start, piece.stop)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held
