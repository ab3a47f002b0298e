"""A network without its plumbing: the operations that compute, and the channels that they read.

Slices and concatenations only say which channels flow where, and where one stands in the graph
depends on the reader that asked first. Seen through, two spellings of a network are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.costs import Cost
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.segment import Segment, joined
from seqdsl.source.frozen import frozen, frozen_value


class Run(Segment):
    """The channels ``start`` up to, not including, ``stop`` of what a cell gives."""

    __slots__ = ()

    @property
    def cell(self) -> int:
        """A segment's place among cells, where else it is one among nodes."""
        return self.node


@frozen
class Cell:
    """An operation that computes: a node, or the nodes of one elementwise operation."""

    index: int  # position in dataflow order
    node: Node  # the first of its nodes
    scopes: tuple[Scope, ...]  # around it, the network first
    operands: tuple[tuple[Run, ...], ...]  # the channels of each; sorted, in a sum
    width: int  # channels that it gives
    fan_in: int  # channels of the first operand, or its elements where a linear layer reads it
    cost: Cost


@frozen_value
class Inlet:
    """Channels that some cells read from a cell outside them, and the first of them to do so."""

    reader: int
    cell: int
    start: int
    stop: int


def cells_of(network: Network) -> tuple[list[Cell], dict[str, tuple[Run, ...]]]:
    """The cells of a network in dataflow order, and the channels of its outputs by their names;
    what flows at the end has none.
    """
    cells: list[Cell] = []
    flows: list[tuple[Run, ...]] = []  # what each node gives
    for node, cost in zip(network.nodes, network.costs, strict=True):
        operands = tuple(flows[index] for index in node.operands)
        if node.operation.symmetric:
            operands = tuple(sorted(operands, key=_places))
        flow = node.operation.routed(operands)
        if flow is None:
            start = 0
            if cells and node.operation.elementwise and _goes_on(node, operands, cells[-1]):
                start = cells[-1].width
                cells[-1] = _extended(cells[-1], operands[0], node, cost)
            else:
                cells.append(_cell(len(cells), node, operands, cost, network))
            flow = (Run(len(cells) - 1, start, cells[-1].width),)
        flows.append(flow)
    further = {output.name: flows[output.index] for output in network.further}
    return cells, {"": flows[network.output], **further}


def _cell(
    index: int, node: Node, operands: tuple[tuple[Run, ...], ...], cost: Cost, network: Network
) -> Cell:
    fan_in = 0
    if operands:
        type = network.nodes[node.operands[0]].type
        fan_in = type.elements if node.operation.family is ops.Family.LINEAR else type.channels
    scopes = tuple(node.scope.ancestry())[::-1]
    return Cell(index, node, scopes, operands, node.type.channels, fan_in, cost)


def _places(operand: Sequence[Run]) -> list[tuple[int, int]]:
    return [(run.cell, run.start) for run in operand]


def _goes_on(node: Node, operands: tuple[tuple[Run, ...], ...], cell: Cell) -> bool:
    """Whether a node does to another tensor what the cell before it does."""
    return (
        node.operation == cell.node.operation
        and node.scope is cell.node.scope
        and node.span == cell.node.span
        and all(run.cell != cell.index for run in operands[0])
    )


def _extended(cell: Cell, operand: tuple[Run, ...], node: Node, cost: Cost) -> Cell:
    channels = node.type.channels
    return Cell(
        cell.index,
        cell.node,
        cell.scopes,
        (joined([*cell.operands[0], *operand]),),
        cell.width + channels,
        cell.fan_in + channels,
        cell.cost + cost,
    )


Reading: TypeAlias = tuple[tuple[int, int, int], ...]  # cell, start, stop; cell -1 is outside


@frozen_value
class Row:
    """A cell as it looks from within some neighbouring cells, which are numbered from 0."""

    operation: str
    fan_in: int
    shape: tuple[int, ...]  # of an input
    readings: tuple[Reading, ...]


Form: TypeAlias = tuple[Row, ...]


def form_of(cells: Sequence[Cell]) -> Form:
    """What neighbouring cells are, wherever they stand: equal for equal structure."""
    return _Reader(cells).form


def key_and_inlets(cells: Sequence[Cell]) -> tuple[bytes, tuple[Inlet, ...]]:
    """The digest of the form of neighbouring cells, and the channels they read from outside.

    Inlets stand in the order of first reading. Equal keys read equally many channels through
    them, however the sources are cut into tensors.
    """
    reader = _Reader(cells)
    digest = blake2b(repr(reader.form).encode(), digest_size=16).digest()
    return digest, tuple(reader.inlets)


@lru_cache(maxsize=4096)
def _spelled(operation: ops.Operation) -> str:
    return repr(operation)


class _Reader:
    """Numbers cells from the first, and what comes from outside by the order of reading."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.inlets: list[Inlet] = []
        self._read = 0  # channels of all inlets
        self._known: dict[int, list[tuple[int, int, int]]] = {}  # by cell: start, stop, position
        self._first = cells[0].index
        self.form: Form = tuple(self._row(cell) for cell in cells)

    def _row(self, cell: Cell) -> Row:
        shape = () if cell.operands else cell.node.type.shape
        readings = tuple(self._reading(cell, operand) for operand in cell.operands)
        return Row(_spelled(cell.node.operation), cell.fan_in, shape, readings)

    def _reading(self, cell: Cell, operand: tuple[Run, ...]) -> Reading:
        runs: list[Run] = []
        for run in operand:
            if run.cell >= self._first:
                runs.append(Run(run.cell - self._first, run.start, run.stop))
            else:
                runs.extend(self._outside(cell, run))
        return tuple((run.cell, run.start, run.stop) for run in joined(runs))

    def _outside(self, cell: Cell, run: Run) -> list[Run]:
        """Where channels from outside stand among all that come from there, as cell -1."""
        found: list[Run] = []
        known = self._known.setdefault(run.cell, [])
        position = run.start
        while position < run.stop:
            here = next((k for k in known if k[0] <= position < k[1]), None)
            if here is None:
                stop = min((k[0] for k in known if k[0] > position), default=run.stop)
                here = (position, min(stop, run.stop), self._read)
                known.append(here)
                self.inlets.append(Inlet(cell.index, run.cell, here[0], here[1]))
                self._read += here[1] - here[0]
            stop = min(here[1], run.stop)
            start = here[2] + position - here[0]
            found.append(Run(-1, start, start + stop - position))
            position = stop
        return found
