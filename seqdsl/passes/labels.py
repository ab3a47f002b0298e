"""What a box of a drawing says: a layer as a row of the paper's table says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from seqdsl.graph import operations as ops
from seqdsl.graph.costs import node_cost, total
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind


class Kind(Enum):
    """What sets boxes apart in colour."""

    STAGE = "stage"
    AGGREGATION = "aggregation"  # a SeqConv layer, or a group of one
    CONVOLUTION = "convolution"
    LINEAR = "linear"
    POOL = "pool"  # and what undoes it: upsampling
    JOIN = "join"  # add, mean, multiply, concat
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BoxLabel:
    lines: tuple[str, ...]
    kind: Kind


def label_of(network: Network, unit: Scope | Node, nodes: Sequence[Node]) -> BoxLabel:
    """The name of a box, what it does, and the shape that leaves it."""
    if isinstance(unit, Node):
        return BoxLabel(_node_lines(unit), _node_kind(unit))
    if unit.kind is ScopeKind.STAGE:
        rows = _rows(nodes)
        return BoxLabel((unit.name, *rows, _params(network, nodes), _shape(nodes)), Kind.STAGE)
    if unit.kind is ScopeKind.GROUP and unit.repeat:
        return BoxLabel((f"x{unit.repeat[0]}", _summary(nodes), _shape(nodes)), Kind.AGGREGATION)
    grouped = any(_group_of(node) is not None for node in nodes)
    kinds = {_node_kind(node) for node in nodes}
    ranked = (Kind.CONVOLUTION, Kind.LINEAR, Kind.POOL, Kind.JOIN)
    kind = next((k for k in ranked if k in kinds), Kind.OTHER)
    lines = (unit.label, _summary(nodes), _params(network, nodes), _shape(nodes))
    return BoxLabel(tuple(filter(None, lines)), Kind.AGGREGATION if grouped else kind)


def _rows(nodes: Sequence[Node]) -> list[str]:
    """The layers of a stage, a line each; repeats folded."""
    rows: dict[Scope | str, list[Node]] = {}
    for node in nodes:
        owner = _layer_of(node)
        if owner is not None:
            rows.setdefault(owner, []).append(node)
        elif _node_kind(node) is Kind.POOL:
            rows.setdefault(node.path, []).append(node)
    lines: list[str] = []
    for layer, members in rows.items():
        if isinstance(layer, str):
            lines.append(members[0].kind.replace("_", " "))
            continue
        times = 1
        for scope in layer.ancestry():
            if scope.repeat and scope.kind is ScopeKind.BLOCK:
                if scope.repeat[0] > 1:
                    break
                times *= scope.repeat[1]
        else:
            suffix = f"  × {times}" if times > 1 else ""
            lines.append(f"{layer.label} {_summary(members)}{suffix}")
    return lines


def _layer_of(node: Node) -> Scope | None:
    """The layer that a node is part of: around its outermost group, or its own block."""
    if not isinstance(node.operation, ops.Conv2d | ops.Linear):
        return None
    group = _group_of(node)
    if group is not None:
        return group.parent
    return node.scope


def _group_of(node: Node) -> Scope | None:
    """The outermost group around a node."""
    found = None
    for scope in node.scope.ancestry():
        if scope.kind is ScopeKind.GROUP:
            found = scope
    return found


def _summary(nodes: Sequence[Node]) -> str:
    """``1x1 → 3x3, 256, k=32, c=8`` or ``3x3, 256, stride 2, 64 groups``."""
    convs = [node for node in nodes if isinstance(node.operation, ops.Conv2d)]
    linear = [node for node in nodes if isinstance(node.operation, ops.Linear)]
    if not convs:
        return str(linear[-1].type.channels) if linear else ""
    groups = list(dict.fromkeys(_group_of(node) for node in convs))
    first = [node for node in convs if _group_of(node) is groups[0]]
    path = " → ".join(_kernel(node) for node in first)
    last = first[-1]
    assert isinstance(last.operation, ops.Conv2d)
    strides = [n.operation.stride[0] for n in first if isinstance(n.operation, ops.Conv2d)]
    parts = [path]
    if groups[0] is None:
        parts.append(str(last.operation.width))
        if max(strides) > 1:
            parts.append(f"stride {max(strides)}")
        if last.operation.groups > 1:
            parts.append(f"{last.operation.groups} groups")
        return ", ".join(parts)
    if len(groups) > 1:
        parts.append(str(len(groups) * last.operation.width))
    parts.append(f"k={last.operation.width}")
    if last.operation.groups > 1:
        parts.append(f"c={last.operation.groups}")
    return ", ".join(parts)


def _kernel(node: Node) -> str:
    assert isinstance(node.operation, ops.Conv2d)
    return "x".join(map(str, node.operation.kernel))


def _params(network: Network, nodes: Sequence[Node]) -> str:
    types = network.nodes
    cost = total([node_cost(n, [types[i].type for i in n.operands]) for n in nodes])
    if not cost.params:
        return ""
    for scale, suffix in ((10**6, "M"), (10**3, "K")):
        if cost.params >= scale:
            return f"{cost.params / scale:.2f}{suffix} params"
    return f"{cost.params} params"


def _shape(nodes: Sequence[Node]) -> str:
    """What leaves: the last output, or the outputs of all groups together."""
    last = nodes[-1]
    width = last.type.channels
    group = _group_of(last)
    if group is not None and any(_group_of(node) is not group for node in nodes):
        layer = {_group_of(node) for node in nodes}
        width *= sum(g is not None and g.parent is group.parent for g in layer)
    return "x".join(map(str, (width, *last.type.spatial)))


def _node_lines(node: Node) -> tuple[str, ...]:
    name = node.kind.replace("_", " ")
    match node.operation:
        case ops.MaxPool(kernel, stride) | ops.AvgPool(kernel, stride):
            detail = f"{kernel[0]}x{kernel[1]}, stride {stride[0]}"
        case ops.Conv2d() | ops.Linear():
            detail = _summary([node])
        case ops.Upsample((rows, columns), mode):
            detail = f"{rows}x{columns}, {mode.value}"
        case ops.LeakyRelu(slope=slope):
            detail = f"{slope:g}"
        case ops.Dropout(rate=rate):
            return (name, f"{rate:g}")
        case _:
            detail = ""
    return tuple(filter(None, (name, detail, "x".join(map(str, node.type.shape)))))


def _node_kind(node: Node) -> Kind:
    match node.operation:
        case ops.Conv2d():
            return Kind.CONVOLUTION
        case ops.Linear():
            return Kind.LINEAR
        case ops.MaxPool() | ops.AvgPool() | ops.GlobalAveragePool() | ops.Upsample():
            return Kind.POOL
        case ops.Add() | ops.Mean() | ops.Multiply() | ops.Concat():
            return Kind.JOIN
        case _:
            return Kind.OTHER
