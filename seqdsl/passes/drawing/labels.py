"""What a box of a drawing says: a layer as a row of the paper's table says it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.costs import spell_count
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.drawing.placing import Depth, Placement, Unit
from seqdsl.passes.layer_text import (
    is_chain,
    text_of_chain,
    text_of_groups,
)
from seqdsl.passes.structure import Subject, group_of, scope_of
from seqdsl.source.frozen import frozen


class Kind(Enum):
    """What sets boxes apart in colour and shape."""

    STAGE = "stage"  # or another block of several layers
    AGGREGATION = "aggregation"  # a SeqConv layer, or a group of one
    CONVOLUTION = "convolution"
    LINEAR = "linear"
    POOL = "pool"  # and what undoes it: upsampling
    SUM = "sum"  # an addition
    JOIN = "join"  # a concatenation, a mean, a product
    OTHER = "other"


@frozen
class BoxLabel:
    name: str
    lines: tuple[str, ...]  # below the name
    detail: str  # what of them tells what it does
    kind: Kind


def label_of(placement: Placement, unit: Unit) -> BoxLabel:
    """The name of a box, and what it does."""
    return _Labeller(placement, unit).label()


class _Labeller:
    def __init__(self, placement: Placement, unit: Unit) -> None:
        self._placement = placement
        self._unit = unit
        self._all = placement.network.nodes

    def label(self) -> BoxLabel:
        nodes, subject = self._unit.nodes, self._unit.subject
        kind = _kind(nodes)
        match subject:
            case Node(operation=ops.Add()):
                return BoxLabel("+", (), "", Kind.SUM)
            case Node():
                name, rows = _name(subject), [subject.operation.detail]
            case Scope(kind=ScopeKind.STAGE):
                name, rows, kind = subject.name, self._rows(), Kind.STAGE
            case _ if (count := self._layer_count()) > 1:
                name, rows, kind = self._block_name(), [f"{count} layers{self._each()}"], Kind.STAGE
            case _:
                name, rows = self._block_name(), [self._summary(nodes)]
                if any(group_of(node) for node in nodes):
                    kind = Kind.AGGREGATION
                elif kind is Kind.SUM:
                    kind = Kind.JOIN
        lines = tuple(filter(None, (*rows, self._shortcut(), self._params())))
        return BoxLabel(name, lines, rows[0] if len(rows) == 1 else "", kind)

    def _block_name(self) -> str:
        subject = self._unit.subject
        assert not isinstance(subject, Node)
        lent = isinstance(subject, Aggregation) and not subject.whole
        times = 1 if lent else self._placement.copies.times(self._unit.scope)
        return _times(subject.label, times)

    def _each(self) -> str:
        """What follows a number of a box that stands for copies: it is that of each."""
        return " each" if self._placement.copies.count(self._unit.scope) > 1 else ""

    def _shortcut(self) -> str:
        """Says that a shortcut joins inside the box."""
        placement, nodes = self._placement, self._unit.nodes
        inside = {node.index for node in nodes}
        ends = (
            index
            for node in nodes
            for at, operand in enumerate(node.operands)
            if (node.index, at) in placement.shortcuts
            for index, _, _ in placement.reads(node, operand)
        )
        is_stage = self._placement.depth is Depth.NETWORK
        return "" if is_stage or inside.issuperset(ends) else "+ shortcut"

    def _layer_count(self) -> int:
        """How many layers convolve or classify."""
        outline = self._placement.outline
        nodes = (node for node in self._unit.nodes if node.operation.linear)
        return len({outline.layer_of(node) for node in nodes})

    def _rows(self) -> list[str]:
        """The layers of a stage, a line each; copies folded."""
        copies, outline = self._placement.copies, self._placement.outline
        layers: dict[Subject, list[Node]] = {}
        for node in self._unit.nodes:
            if copies.stands(node.scope):
                layers.setdefault(outline.layer_of(node), []).append(node)
        rows: list[str] = []
        for layer, nodes in layers.items():
            if _kind(nodes) not in (Kind.CONVOLUTION, Kind.LINEAR, Kind.POOL):
                continue
            name = _name(layer) if isinstance(layer, Node) else layer.label
            rows.append(
                _times(f"{name} {self._summary(nodes)}".strip(), copies.count(scope_of(layer)))
            )
        return rows

    def _summary(self, nodes: Sequence[Node]) -> str:
        """What a layer does: ``1x1 → 3x3, 256, k=32, c=8``, ``3x3, 256, stride 2, 64 groups``."""
        layers = [self._placement.outline.aggregation_of(node) for node in nodes]
        layer = next((each for each in layers if each is not None), None)
        if layer is not None:
            return text_of_groups(self._all, layer, nodes)
        convs = [node for node in nodes if isinstance(node.operation, ops.Conv2d)]
        if convs:
            is_one_way = is_chain(self._all, convs)
            return text_of_chain(convs) if is_one_way else f"{len(convs)} convolutions"
        return next((detail for node in nodes if (detail := node.operation.detail)), "")

    def _params(self) -> str:
        nodes = self._unit.nodes
        costs = self._placement.network.costs
        params = sum(costs[node.index].params for node in nodes)
        return f"{spell_count(params, 4)} params{self._each()}" if params else ""


def _times(text: str, count: int) -> str:
    return f"{text} × {count}" if count > 1 else text


def _name(node: Node) -> str:
    return node.kind.replace("_", " ")


def _kind(nodes: Sequence[Node]) -> Kind:
    """The weightiest kind of operation."""
    kinds = {_KINDS[node.operation.family] for node in nodes}
    return next((kind for kind in Kind if kind in kinds), Kind.OTHER)


_KINDS: dict[ops.Family, Kind] = {
    ops.Family.INPUT: Kind.OTHER,
    ops.Family.CONVOLUTION: Kind.CONVOLUTION,
    ops.Family.LINEAR: Kind.LINEAR,
    ops.Family.NORM: Kind.OTHER,
    ops.Family.ACTIVATION: Kind.OTHER,
    ops.Family.POOL: Kind.POOL,
    ops.Family.RESIZE: Kind.POOL,
    ops.Family.SUM: Kind.SUM,
    ops.Family.COMBINATION: Kind.JOIN,
    ops.Family.CONCATENATION: Kind.JOIN,
    ops.Family.CHANNELS: Kind.OTHER,
    ops.Family.DROPOUT: Kind.OTHER,
    ops.Family.AGGREGATION: Kind.OTHER,
}
