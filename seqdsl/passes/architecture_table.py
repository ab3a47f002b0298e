"""A network as a paper's table of architectures has it (Tables 1 and 2): a row a stage.

All of it is read off the graph: which layers a stage has, and which of them stand in brackets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.costs import ZERO, Cost, total
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.drawing.shortcuts import shortcuts
from seqdsl.passes.layer_text import text_of_groups, text_of_node
from seqdsl.passes.structure import Outline
from seqdsl.source.text import Span


@dataclass(frozen=True, slots=True)
class Line:
    """A layer: ``1x1 → 3x3, 128, k=32``."""

    text: str
    block: str  # the word of the source for a layer of groups, `wseqconv`; else empty
    nodes: tuple[int, ...]  # its operations, by index; of layers that repeat it, the first's


@dataclass(frozen=True, slots=True)
class Bracket:
    """Layers in brackets: a block that a shortcut skips, or one that is repeated."""

    layers: tuple[Layer, ...]
    times: int


Layer: TypeAlias = Line | Bracket


@dataclass(frozen=True, slots=True)
class Row:
    """A stage, or without a name what stands outside of stages."""

    stage: str
    output: tuple[int, ...]  # height and width of what leaves it; 1x1 of a vector
    layers: tuple[Layer, ...]  # in dataflow order
    cost: Cost


def architecture(network: Network) -> tuple[Row, ...]:
    """The rows of a network, in dataflow order; their costs add up to the network's.

    A convolution or classifier is in one line; one that an aggregation holds is in the line of
    that. Norms, activations, dropout and additions are in none.
    """
    return tuple(_Reader(network).rows())


@dataclass(frozen=True, slots=True)
class Alignment:
    """A stage, and its row in each of several networks; None where a network has none."""

    stage: str
    rows: tuple[Row | None, ...]

    @property
    def output(self) -> tuple[int, ...] | None:
        """What all of its rows have in common; None where they differ."""
        outputs = {row.output for row in self.rows if row is not None}
        return outputs.pop() if len(outputs) == 1 else None


def align(networks: Sequence[Sequence[Row]]) -> tuple[Alignment, ...]:
    """The stages of several networks by their names, in an order that all of them have, if
    there is one.
    """
    keyed = [_keyed(rows) for rows in networks]
    order: list[tuple[str, int]] = []
    for rows in keyed:
        new: list[tuple[str, int]] = []  # those to come before the next that is known
        for key in rows:
            if key in order:
                at = order.index(key)
                order[at:at] = new
                new = []
            else:
                new.append(key)
        order += new
    return tuple(Alignment(key[0], tuple(rows.get(key) for rows in keyed)) for key in order)


def _keyed(rows: Sequence[Row]) -> dict[tuple[str, int], Row]:
    """Rows by name; those without one by their number, too."""
    found: dict[tuple[str, int], Row] = {}
    for row in rows:
        found[row.stage, sum(row.stage == name for name, _ in found)] = row
    return found


class _Reader:
    def __init__(self, network: Network) -> None:
        self._network = network
        self._outline = Outline(network)
        self._shortcuts = shortcuts(network)
        self._skipping = set(self._beside())

    def rows(self) -> Iterator[Row]:
        parts = self._parts()
        for scope, nodes in parts:
            layers, _ = self._layers(nodes, 0 if scope is None else scope.depth)
            cost = total([self._network.costs[node.index] for node in nodes])
            leaving = nodes[-1].type
            if scope is not None or len(parts) == 1:
                leaving = self._network.leaving[scope or self._network.root]
            if scope is not None or layers or cost != ZERO:
                name = "" if scope is None else scope.name
                yield Row(name, leaving.spatial or (1, 1), layers, cost)

    def _parts(self) -> list[tuple[Scope | None, list[Node]]]:
        """The stages, and what stands before, between and behind them."""
        parts: dict[tuple[Scope | None, int], list[Node]] = {}
        stages: set[Scope] = set()
        for node in self._network.nodes:
            stage = next((s for s in node.scope.ancestry() if s.kind is ScopeKind.STAGE), None)
            if stage is not None:
                stages.add(stage)
            parts.setdefault((stage, 0 if stage else len(stages)), []).append(node)
        return [(scope, nodes) for (scope, _), nodes in parts.items()]

    def _layers(self, nodes: Sequence[Node], depth: int) -> tuple[tuple[Layer, ...], bool]:
        """The layers of nodes in a scope at a depth, and whether a shortcut joins them that is in
        no bracket.
        """
        pieces: list[_Piece] = []
        joins = False
        for part, its in self._divided(nodes, depth).items():
            if isinstance(part, Scope):
                found, joined = self._layers(its, part.depth)
                skipped = joined and len(found) > 1
                joins |= joined and not skipped
                piece = _Piece((part.label, part.span), found, skipped)
            else:
                joins |= any(self._joins_shortcut(node) for node in its)
                line = self._line(part, its)
                piece = _Piece(None, () if line is None else (line,), False)
            if pieces and pieces[-1].is_repeated_by(piece):
                pieces[-1] = pieces[-1].once_more()
            elif piece.layers:
                pieces.append(piece)
        return tuple(self._closed(layer for piece in pieces for layer in piece.shown())), joins

    def _closed(self, layers: Iterable[Layer]) -> list[Layer]:
        """Layers with a softmax on the line of the classifier that it reads."""
        nodes = self._network.nodes
        closed: list[Layer] = []
        for layer in layers:
            last = closed[-1] if closed else None
            if isinstance(layer, Line) and isinstance(last, Line):
                before, after = (nodes[line.nodes[-1]] for line in (last, layer))
                is_read = after.operands == (before.index,)
                if is_read and _classifies(before, after) and not last.block:
                    text, both = f"{last.text}, {layer.text}", last.nodes + layer.nodes
                    closed[-1] = Line(text, "", both)
                    continue
            closed.append(layer)
        return closed

    def _divided(
        self, nodes: Sequence[Node], depth: int
    ) -> dict[Scope | Aggregation | Node, list[Node]]:
        """What stands in a scope: blocks, aggregations and operations, with the nodes of each."""
        parts: dict[Scope | Aggregation | Node, list[Node]] = {}
        for node in nodes:
            aggregation = self._outline.aggregation_of(node)
            around = node.scope if aggregation is None else aggregation.scope
            part: Scope | Aggregation | Node = aggregation or node
            for scope in around.ancestry():
                if scope.depth <= depth:
                    break
                part = scope
            parts.setdefault(part, []).append(node)
        return parts

    def _line(self, part: Aggregation | Node, nodes: Sequence[Node]) -> Line | None:
        indices = tuple(node.index for node in nodes)
        if isinstance(part, Aggregation):
            return Line(text_of_groups(self._network.nodes, part, nodes), part.label, indices)
        if isinstance(part.operation, ops.Concat) and not self._is_layer(part):
            return None
        text = text_of_node(part)
        if text and part.index in self._skipping:
            text = f"shortcut: {text}"
        return Line(text, "", indices) if text else None

    def _is_layer(self, join: Node) -> bool:
        """Whether the source says a concatenation, and it is no result of an aggregation."""
        return self._outline.is_stated(join) and self._outline.result_of(join) is None

    def _joins_shortcut(self, node: Node) -> bool:
        return any((node.index, at) in self._shortcuts for at in range(len(node.operands)))

    def _beside(self) -> Iterator[int]:
        """The nodes, by index, whose only way on is a shortcut."""
        nodes = self._network.nodes
        for index, at in self._shortcuts:
            way = [nodes[index].operands[at]]
            while way:
                node = nodes[way.pop()]
                if self._network.readers[node.index] == 1 and not isinstance(
                    node.operation, ops.Add
                ):
                    yield node.index
                    way += node.operands


@dataclass(frozen=True, slots=True)
class _Piece:
    """The layers of a block, or of a run of blocks that are of one call and read alike; or the line
    of what is no block.
    """

    call: tuple[str, Span] | None  # the word and the place of a block's call
    layers: tuple[Layer, ...]
    skipped: bool  # by a shortcut
    times: int = 1

    def is_repeated_by(self, other: _Piece) -> bool:
        if self.call is None or self.call != other.call or self.skipped != other.skipped:
            return False
        return _form(self.layers) == _form(other.layers)

    def once_more(self) -> _Piece:
        return replace(self, times=self.times + 1)

    def shown(self) -> tuple[Layer, ...]:
        if self.times == 1 and not self.skipped:
            return self.layers
        match self.layers:
            case (Bracket(layers, times),):
                return (Bracket(layers, times * self.times),)
            case layers:
                return (Bracket(layers, self.times),)


def _classifies(before: Node, after: Node) -> bool:
    return isinstance(before.operation, ops.Linear) and isinstance(after.operation, ops.Softmax)


def _form(layers: Sequence[Layer]) -> tuple[object, ...]:
    """What a table says of layers."""
    return tuple(
        (layer.text, layer.block)
        if isinstance(layer, Line)
        else (layer.times, *_form(layer.layers))
        for layer in layers
    )
