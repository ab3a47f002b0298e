"""What a box of a drawing says: a layer as a row of the paper's table says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from seqdsl.graph import operations as ops
from seqdsl.graph.costs import node_cost, total
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.drawing.outline import PER_CHANNEL, Aggregation, Subject, group_of, scope_of
from seqdsl.passes.drawing.placing import Depth, Placement, Unit


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


@dataclass(frozen=True, slots=True)
class BoxLabel:
    lines: tuple[str, ...]
    kind: Kind


def label_of(placement: Placement, unit: Unit) -> BoxLabel:
    """The name of a box, what it does, and the shape that leaves it."""
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
                return BoxLabel(("+",), Kind.SUM)
            case Node():
                lines = [_name(subject), self._detail(subject)]
            case Scope(kind=ScopeKind.GROUP):
                name = f"x{subject.repeat[0]}" if subject.repeat else subject.name
                return self._filled([name, self._summary(nodes)], Kind.AGGREGATION, counted=False)
            case Scope(kind=ScopeKind.STAGE):
                lines, kind = [subject.name, *self._rows()], Kind.STAGE
            case _ if (count := self._layer_count()) > 1:
                lines, kind = [self._block_name(), f"{count} layers{self._each()}"], Kind.STAGE
            case _:
                lines = [self._block_name(), self._summary(nodes)]
                if any(group_of(node) for node in nodes):
                    kind = Kind.AGGREGATION
                elif kind is Kind.SUM:
                    kind = Kind.JOIN
        return self._filled(lines, kind)

    def _filled(self, lines: Sequence[str], kind: Kind, counted: bool = True) -> BoxLabel:
        """A label with what every box says: shortcuts that join inside, parameters, shape."""
        params = self._params() if counted else ""
        return BoxLabel(
            tuple(filter(None, (*lines, self._shortcut(), params, self._shape()))), kind
        )

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
        weighty = ops.Conv2d | ops.Linear
        nodes = (node for node in self._unit.nodes if isinstance(node.operation, weighty))
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
        groups: dict[Scope, list[Node]] = {}
        for node in nodes:
            group = group_of(node)
            if group is not None:
                groups.setdefault(group, []).append(node)
        if groups:
            return self._grouped(list(groups.values()))
        convs = [node for node in nodes if isinstance(node.operation, ops.Conv2d)]
        if convs:
            return self._path(convs)
        return next((detail for node in nodes if (detail := self._detail(node))), "")

    def _grouped(self, groups: Sequence[Sequence[Node]]) -> str:
        """An aggregation, or one group of it."""
        width = str(sum(group[-1].type.channels for group in groups)) if len(groups) > 1 else ""
        ways: set[tuple[str, ...]] = set()
        for group in groups:
            convs = [node for node in group if isinstance(node.operation, ops.Conv2d)]
            way = self._way(convs) if convs else ""
            c = _conv(convs[-1]).groups if convs else 1
            ways.add((way, width, f"k={group[-1].type.channels}", f"c={c}" if c > 1 else ""))
        if len(ways) > 1:
            return f"{len(groups)} groups, {width}"
        return ", ".join(filter(None, ways.pop()))

    def _path(self, convs: Sequence[Node]) -> str:
        way = self._way(convs)
        if not self._is_chain(convs):
            return way
        parts = [way, str(convs[-1].type.channels)]
        stride = max(max(_conv(node).stride) for node in convs)
        if stride > 1:
            parts.append(f"stride {stride}")
        if _conv(convs[-1]).groups > 1:
            parts.append(f"{_conv(convs[-1]).groups} groups")
        return ", ".join(parts)

    def _way(self, convs: Sequence[Node]) -> str:
        """The kernels of convolutions that follow one another; else how many there are."""
        if not self._is_chain(convs):
            return f"{len(convs)} convolutions"
        return " → ".join("x".join(map(str, _conv(node).kernel)) for node in convs)

    def _is_chain(self, convs: Sequence[Node]) -> bool:
        for before, node in pairwise(convs):
            index = node.operands[0]
            while isinstance(self._all[index].operation, PER_CHANNEL):
                index = self._all[index].operands[0]
            if index != before.index:
                return False
        return True

    def _detail(self, node: Node) -> str:
        match node.operation:
            case ops.Conv2d():
                return self._path([node])
            case ops.Linear(width=width):
                return str(width)
            case ops.MaxPool(kernel, stride) | ops.AvgPool(kernel, stride):
                return f"{kernel[0]}x{kernel[1]}, stride {stride[0]}"
            case ops.Upsample((rows, columns), mode):
                return f"{rows}x{columns}, {mode.value}"
            case ops.LeakyRelu(slope=slope):
                return f"{slope:g}"
            case ops.Dropout(rate=rate):
                return f"{rate:g}"
            case _:
                return ""

    def _params(self) -> str:
        nodes = self._unit.nodes
        params = total(
            [node_cost(n, [self._all[i].type for i in n.operands]) for n in nodes]
        ).params
        if not params:
            return ""
        for scale, suffix in ((10**6, "M"), (10**3, "K")):
            if params >= scale:
                return f"{params / scale:.2f}{suffix} params{self._each()}"
        return f"{params} params{self._each()}"

    def _shape(self) -> str:
        """What leaves the box."""
        nodes = self._unit.nodes
        shape = nodes[-1].type.shape
        match self._unit.subject:
            case Scope(kind=ScopeKind.GROUP):
                pass
            case Scope() | Aggregation(whole=True):
                shape = self._placement.network.leaving[self._unit.scope].shape
            case Aggregation() if not isinstance(nodes[-1].operation, ops.Concat):
                ends = {group_of(node): node.type.channels for node in nodes}
                shape = (sum(ends.values()), *shape[1:])
            case Node():  # perhaps on each of several tensors
                shape = (sum(node.type.channels for node in nodes), *shape[1:])
        return "x".join(map(str, shape))


def _times(text: str, count: int) -> str:
    return f"{text} × {count}" if count > 1 else text


def _name(node: Node) -> str:
    return node.kind.replace("_", " ")


def _conv(node: Node) -> ops.Conv2d:
    assert isinstance(node.operation, ops.Conv2d)
    return node.operation


def _kind(nodes: Sequence[Node]) -> Kind:
    """The weightiest kind of operation."""
    kinds = {_KINDS.get(type(node.operation), Kind.OTHER) for node in nodes}
    return next((kind for kind in Kind if kind in kinds), Kind.OTHER)


_KINDS: dict[type, Kind] = {
    ops.Conv2d: Kind.CONVOLUTION,
    ops.Linear: Kind.LINEAR,
    ops.MaxPool: Kind.POOL,
    ops.AvgPool: Kind.POOL,
    ops.GlobalAveragePool: Kind.POOL,
    ops.Upsample: Kind.POOL,
    ops.Add: Kind.SUM,
    ops.Mean: Kind.JOIN,
    ops.Multiply: Kind.JOIN,
    ops.Concat: Kind.JOIN,
}
