"""Rewrites a network into the convolutions, sums and joins that a schedule makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from math import gcd

from seqdsl.graph import operations as ops
from seqdsl.graph.builder import Builder
from seqdsl.graph.contract import Pass
from seqdsl.graph.network import Network, Output
from seqdsl.graph.node import Node
from seqdsl.graph.segment import Segment
from seqdsl.graph.tensor import TensorType
from seqdsl.graph.tracing import Tracing
from seqdsl.graph.verify import ALL, Invariant
from seqdsl.passes.folding import foldable
from seqdsl.passes.schedule.reading import Block, blocks, cuts, input_range, is_channelwise, union
from seqdsl.passes.schedule.recipes import Part, Recipe, Scheduled, Selection, Weights
from seqdsl.passes.schedule.schedule import Schedules
from seqdsl.passes.schedule.verify_recipes import problems_of_recipes


def lower(
    network: Network,
    schedules: Schedules,
    *,
    fold: bool = True,
) -> Scheduled:
    """The network at inference, each aggregation by its schedule.

    Holds for any weights: every value of the definition that is an operand of something
    channelwise or an output is computed, and from the same numbers. Group tensors stay apart until
    one reader needs them together. ``fold`` puts batch norms into the convolutions before them.
    """
    return lowering(schedules, fold=fold)(network)


def lowering(schedules: Schedules, *, fold: bool = True) -> Pass[Scheduled]:
    """The pass that `lower` runs."""

    def run(network: Network) -> Scheduled:
        folded = foldable(network) if fold else {}
        tracing = Tracing.at_inference(network)
        return _Lowering(network, schedules, tracing, folded, weighed=True).run()

    return Pass(
        "lowering",
        needs=ALL,
        # A tensor forgets its groups, and channels that nothing reads may be convolved.
        keeps=frozenset(
            {
                Invariant.SHAPES,
                Invariant.SCOPES,
                Invariant.PATHS,
                Invariant.PARAMETERS,
                Invariant.DEFINITION,
            }
        ),
        run=run,
        network=lambda made: made.network,
        problems=problems_of_recipes,
    )


class Sketcher:
    """Lowers one network by many schedules, for what it executes alone: nothing has recipes."""

    def __init__(self, network: Network, tracing: Tracing) -> None:
        self._network = network
        self._tracing = tracing
        self._folded = foldable(network)

    def sketch(self, schedules: Schedules) -> Network:
        lowering = _Lowering(self._network, schedules, self._tracing, self._folded, weighed=False)
        return lowering.run().network


class _Lowering:
    def __init__(
        self,
        network: Network,
        schedules: Schedules,
        tracing: Tracing,
        folded: Mapping[int, int],
        *,
        weighed: bool,
    ) -> None:
        made = [b for a, schedule in schedules.items() for b in blocks(a, schedule, tracing)]
        self._network = network
        self._tracing = tracing
        self._folded = folded
        self._weighed = weighed  # whether it is told what parts a weight is made of
        self._norms = {norm: conv for conv, norm in folded.items()}
        self._block_of = {m.index: block for block in made for m in block.members}
        self._cuts = cuts(network, tracing, made)
        self._builder = Builder()
        self._recipes: dict[int, Recipe] = {}
        self._origins: dict[int, Segment] = {}
        # of each node, the lowered values that it is cut into
        self._values: list[list[tuple[Segment, int]]] = [[] for _ in network.nodes]
        self._joins: dict[tuple[int, ...], int] = {}
        self._shared: dict[int, int] = {}  # what a block computes together, by its first member
        self._sums: dict[int, int] = {}  # additions that were made part of a member's sum
        # of each node that others read, one of them
        self._reader = {operand: node for node in network.nodes for operand in node.operands}

    def run(self) -> Scheduled:
        network = self._network
        for node in network.nodes:
            self._lower(node)
        further = tuple(
            Output(o.name, self._whole(o.index, network.nodes[o.index])) for o in network.further
        )
        output = self._whole(network.output, network.nodes[network.output])
        lowered = Network(
            network.name, tuple(self._builder.nodes), output, network.root, {},
            parameters=network.parameters, doc=network.doc, further=further,
        )  # fmt: skip
        return Scheduled(network, lowered, self._recipes, self._folded, self._origins)

    def _lower(self, node: Node) -> None:
        if not self._tracing.is_computed(node):
            return  # its pieces are read in its place
        match node.operation:
            case ops.Input():
                index = self._builder.input(node.type, node.scope, node.span)
                self._keep(node, 0, node.type.channels, index)
            case ops.BatchNorm() if node.index in self._norms:
                self._values[node.index] = [
                    (Segment(node.index, p.start, p.stop), value)
                    for p, value in self._values[self._norms[node.index]]
                ]
                for piece, value in self._values[node.index]:
                    self._origins[value] = piece
            case ops.Conv2d() if node.index in self._block_of:
                self._member(node, self._block_of[node.index])
            case ops.Conv2d() as conv:
                for start, stop in pairwise(sorted(self._cuts[node.index])):
                    self._keep(node, start, stop, self._convolution(node, conv, start, stop))
            case ops.Add() if node.index in self._sums:
                self._keep(node, 0, node.type.channels, self._sums[node.index])
            case operation if is_channelwise(node, self._network):
                for start, stop in pairwise(sorted(self._cuts[node.index])):
                    operands = [self._read(i, start, stop, node) for i in node.operands]
                    index = self._add(operation, operands, node, stop - start)
                    self._keep(node, start, stop, index)
                    if operation.has_parameters:
                        self._recipes[index] = Segment(node.index, start, stop)
            case operation:
                index = self._add(operation, [self._whole(i, node) for i in node.operands], node)
                self._keep(node, 0, node.type.channels, index)
                if operation.has_parameters:
                    self._recipes[index] = Segment(node.index, 0, node.type.channels)

    # Values

    def _add(
        self,
        operation: ops.Operation,
        operands: Iterable[int],
        near: Node,
        channels: int | None = None,
    ) -> int:
        """A node in the scope of one of the definition, with maps of the same size."""
        width = near.type.channels if channels is None else channels
        type = TensorType(width, near.type.spatial, (width,))
        return self._builder.add(operation, tuple(operands), type, near.scope, near.span)

    def _keep(self, node: Node, start: int, stop: int, value: int) -> None:
        piece = Segment(node.index, start, stop)
        self._values[node.index].append((piece, value))
        self._origins[value] = piece

    def _whole(self, index: int, reader: Node) -> int:
        return self._read(index, 0, self._network.nodes[index].type.channels, reader)

    def _read(self, index: int, start: int, stop: int, reader: Node) -> int:
        """One value with these channels of a node."""
        found = [v for p in self._tracing.within(index, start, stop) for _, v in self._tensors(p)]
        return self._join(found, reader)

    def _tensors(self, piece: Segment) -> Iterator[tuple[Segment, int]]:
        """The values that hold a piece; one that holds more is sliced."""
        for held, value in self._values[piece.node]:
            first, last = max(held.start, piece.start), min(held.stop, piece.stop)
            if first >= last:
                continue
            part = Segment(piece.node, first, last)
            if part == held:
                yield part, value
            else:
                slice = ops.Slice(first - held.start, last - held.start)
                node = self._network.nodes[piece.node]
                yield part, self._add(slice, [value], node, part.width)

    def _join(self, values: list[int], reader: Node) -> int:
        if len(values) == 1:
            return values[0]
        key = tuple(values)
        if key not in self._joins:
            types = [self._builder.type_of(value) for value in values]
            groups = tuple(type.channels for type in types)
            type = TensorType(sum(groups), types[0].spatial, groups)
            self._joins[key] = self._builder.add(ops.Concat(), key, type, reader.scope, reader.span)
        return self._joins[key]

    # Convolutions

    def _convolution(self, node: Node, conv: ops.Conv2d, start: int, stop: int) -> int:
        """A convolution that is in no aggregation, for some of its output channels."""
        first, last = input_range(node, self._network, start, stop)
        width = stop - start
        groups = 1 if conv.groups == 1 else conv.groups * width // conv.width
        rows, columns = width // groups, (last - first) // groups
        merged = _merged(groups, rows, columns)
        parts = [
            Part(
                i * rows,
                i % merged * columns,
                Segment(node.index, start + i * rows, start + (i + 1) * rows),
                (0, columns),
            )
            for i in range(groups if self._weighed else 0)
        ]
        shape = (width, merged * columns, *conv.kernel)
        weights = Weights(shape, tuple(parts), (Segment(node.index, start, stop),))
        operand = self._read(node.operands[0], first, last, node)
        return self._convolve(node, weights, operand, groups // merged)

    def _convolve(self, near: Node, weights: Weights, operand: int, groups: int = 1) -> int:
        conv = near.operation
        assert isinstance(conv, ops.Conv2d)
        biased = any(conv.bias or piece.node in self._folded for piece in weights.bias)
        operation = ops.Conv2d(
            weights.shape[0], conv.kernel, conv.stride, conv.padding, conv.dilation, groups,
            biased, conv.init,
        )  # fmt: skip
        index = self._add(operation, [operand], near, weights.shape[0])
        self._recipes[index] = weights
        return index

    def _member(self, node: Node, block: Block) -> None:
        """A group's convolution over its window: its share of the block's, and what is new."""
        first, *others = block.members
        shortcut = self._shortcut(node)
        new: tuple[Segment, ...] = ()
        if node is first:
            seed = None if others else shortcut
            self._shared[first.index] = self._tiles(
                block, block.members, block.known, seed, biased=True
            )
        elif block.schedule.scatter:
            self._scatter(block, node)
        else:
            new = union(p for p in self._tracing.of(node.operands[0]) if p.node >= first.index)
        value = self._shared[first.index]
        if others:
            value = self._select(value, block, node)
            if shortcut is not None:
                value = self._add(ops.Add(), [value, shortcut], node)
            value = self._tiles(block, (node,), new, value)
        if shortcut is not None:
            self._sums[self._reader[node.index].index] = value
        else:
            self._keep(node, 0, node.type.channels, value)

    def _shortcut(self, node: Node) -> int | None:
        """What is added to a convolution and nothing else is done with, if it is there already:
        where sums are made it comes first, so that each is one addition behind one convolution.
        """
        add = self._reader.get(node.index)
        if add is None or not isinstance(add.operation, ops.Add):
            return None
        if self._network.readers[node.index] != 1:
            return None
        others = [i for i in add.operands if i != node.index]
        if len(others) != 1 or len(self._cuts[add.index]) != 2:
            return None
        if any(piece.node >= node.index for piece in self._tracing.of(others[0])):
            return None
        return self._whole(others[0], node)

    def _scatter(self, block: Block, node: Node) -> None:
        """Adds what is new since the group before to what all groups share."""
        position = block.members.index(node)
        before, later = block.members[position - 1], block.members[position:]
        seen = (p for m in later for p in self._tracing.of(m.operands[0]))
        new = union(p for p in seen if before.index <= p.node < node.index)
        first = block.members[0].index
        self._shared[first] = self._tiles(block, block.members, new, self._shared[first])

    def _select(self, shared: int, block: Block, node: Node) -> int:
        """A group's channels of a block's, by a 1x1 convolution: a slice would cost a layout."""
        start = sum(m.type.channels for m in block.members[: block.members.index(node)])
        stop = start + node.type.channels
        one = ops.Conv2d(stop - start, (1, 1), (1, 1), (0, 0), (1, 1), 1, False, ops.Init.ZERO)
        index = self._add(one, [shared], node)
        self._recipes[index] = Selection(start, stop)
        return index

    def _tiles(
        self,
        block: Block,
        members: tuple[Node, ...],
        read: tuple[Segment, ...],
        total: int | None,
        *,
        biased: bool = False,
    ) -> int:
        """Adds to a sum, if there is one, the part that some groups have from what is read, and
        their biases where it is ``biased``.
        """
        for chunk in self._chunks(block, read):
            rows = tuple(Segment(m.index, 0, m.type.channels) for m in members)
            read_now = [piece for piece, _ in chunk]
            parts = tuple(self._parts(rows, read_now)) if self._weighed else ()
            width = sum(piece.width for piece in rows)
            columns = sum(piece.width for piece, _ in chunk)
            conv = members[0].operation
            assert isinstance(conv, ops.Conv2d)
            weights = Weights((width, columns, *conv.kernel), parts, rows if biased else ())
            operand = self._join([v for _, v in chunk], members[0])
            value = self._convolve(members[0], weights, operand)
            total = (
                value if total is None else self._add(ops.Add(), [value, total], members[0], width)
            )
            biased = False
        assert total is not None
        return total

    def _chunks(
        self, block: Block, read: tuple[Segment, ...]
    ) -> Iterable[list[tuple[Segment, int]]]:
        """The tensors that hold what is read, by their place in the sequence."""
        found: dict[int, list[tuple[Segment, int]]] = {}
        for piece, value in (t for p in read for t in self._tensors(p)):
            place = block.positions[piece.node] + piece.start
            width = block.schedule.chunk
            found.setdefault(place // width if width else 0, []).append((piece, value))
        return found.values()

    def _parts(self, rows: tuple[Segment, ...], read: list[Segment]) -> Iterator[Part]:
        """The weights between some groups and what is read, where a group's window has it."""
        row = 0
        for member in rows:
            column = 0
            for piece in read:
                yield from self._overlap(member, row, piece, column)
                column += piece.width
            row += member.width

    def _overlap(self, member: Segment, row: int, piece: Segment, column: int) -> Iterator[Part]:
        offset = 0
        for seen in self._tracing.of(self._network.nodes[member.node].operands[0]):
            start, stop = max(seen.start, piece.start), min(seen.stop, piece.stop)
            if seen.node == piece.node and start < stop:
                first = offset + start - seen.start
                at = column + start - piece.start
                yield Part(row, at, member, (first, first + stop - start))
            offset += seen.width


# The channels of one vector in the layout that onnxruntime convolves fastest in: one with groups
# of fewer falls out of that layout, and costs more than the zeros that fill them up.
_VECTOR = 8


def _merged(groups: int, rows: int, columns: int) -> int:
    """How many groups of a convolution are computed as one, with zeros between them."""
    if rows == columns == 1:  # a depthwise one has a layout of its own
        return 1
    wanted = max(_VECTOR // gcd(rows, _VECTOR), _VECTOR // gcd(columns, _VECTOR))
    return wanted if groups % wanted == 0 else 1
