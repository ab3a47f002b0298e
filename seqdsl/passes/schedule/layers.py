"""Which aggregations are layers: groups of convolution, batch norm and ReLU over windows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.segment import Segment, cut, joined
from seqdsl.graph.tracing import Tracing
from seqdsl.source.frozen import frozen


@frozen
class Group:
    """F_i of section 3.1 as its nodes: what it sees, and its last values."""

    scope: Scope
    steps: tuple[ops.Conv2d, ...]
    raw: Node  # before the last batch norm, with the shortcut
    features: Node  # x_i
    window: tuple[Segment, ...]
    shortcut: tuple[Segment, ...]  # empty for none

    @property
    def k(self) -> int:
        return self.features.type.channels


@frozen
class Layer:
    """An aggregation that reads ``x``, group i from channel ``starts[i]`` on (Eq. 1 and 2)."""

    aggregation: Aggregation
    groups: tuple[Group, ...]
    x: tuple[Segment, ...]
    shortcut: tuple[Segment, ...]
    starts: tuple[int, ...]


def layers(network: Network, tracing: Tracing) -> list[Layer]:
    """Every aggregation whose groups all are chains of convolution, batch norm and ReLU, as large
    out as in, joined by a shortcut at the end or not at all, over windows without a gap. What hands
    on a group as it is has no part in that.
    """
    around = {scope for each in network.aggregations for scope in each.scope.ancestry()}
    found = (
        _layer(aggregation, inside, tracing, network.readers)
        for aggregation, inside in grouped(network)
        if around.isdisjoint(aggregation.groups)  # what holds another one is no chain
    )
    return [layer for layer in found if layer is not None]


def grouped(network: Network) -> Iterator[tuple[Aggregation, dict[Scope, list[Node]]]]:
    """Each aggregation, and the nodes of each of its groups that are in no group of another."""
    inside: dict[Scope, list[Node]] = {}
    for node in network.nodes:
        group = next((s for s in node.scope.ancestry() if s.kind is ScopeKind.GROUP), None)
        if group is not None:
            inside.setdefault(group, []).append(node)
    for aggregation in network.aggregations:
        yield aggregation, {group: inside.get(group, []) for group in aggregation.groups}


def _layer(
    aggregation: Aggregation,
    inside: Mapping[Scope, Sequence[Node]],
    tracing: Tracing,
    readers: Sequence[int],
) -> Layer | None:
    groups: list[Group] = []
    starts: list[int] = []
    for around, nodes in inside.items():
        if not nodes:
            continue
        group = _group(around, nodes, tracing, readers)
        if group is None:
            return None
        x = groups[0].window if groups else group.window
        start = _start(group.window, (*x, *(Segment(g.features.index, 0, g.k) for g in groups)))
        if start is None:
            return None
        groups.append(group)
        starts.append(start)
    if not groups:
        return None
    first = groups[0]
    if any(g.steps != first.steps or bool(g.shortcut) != bool(first.shortcut) for g in groups):
        return None
    shortcut = joined(piece for group in groups for piece in group.shortcut)
    return Layer(aggregation, tuple(groups), first.window, shortcut, tuple(starts))


def _start(window: tuple[Segment, ...], sequence: tuple[Segment, ...]) -> int | None:
    """The channel from which on a window is all of a sequence; None if it is something else."""
    skipped = sum(p.width for p in sequence) - sum(p.width for p in window)
    if skipped < 0 or joined(cut(sequence, skipped, sys.maxsize)) != window:
        return None
    return skipped


def _group(
    scope: Scope, nodes: Sequence[Node], tracing: Tracing, readers: Sequence[int]
) -> Group | None:
    """The group, if it is a chain of steps over one window, and nothing reads what is inside."""
    shortcut: tuple[Segment, ...] = ()
    steps: list[ops.Conv2d] = []
    flowing: Node | None = None
    raw = nodes[0]
    rest = list(reversed(nodes))
    while rest:
        conv = rest.pop()
        if shortcut or not isinstance(conv.operation, ops.Conv2d) or not _fits(conv.operation):
            return None
        if flowing is not None and not _alone(flowing, conv, readers):
            return None
        steps.append(conv.operation)
        raw = conv
        if rest and isinstance(rest[-1].operation, ops.Add):
            raw = rest.pop()
            others = [i for i in raw.operands if i != conv.index]
            if len(others) != 1 or readers[conv.index] != 1:
                return None
            shortcut = tracing.of(others[0])
        if len(rest) < 2:
            return None
        norm, flowing = rest.pop(), rest.pop()
        if not _activated(raw, norm, flowing, readers):
            return None
        if rest and readers[raw.index] != 1:
            return None
    if flowing is None:
        return None
    window = tracing.of(nodes[0].operands[0])
    return Group(scope, tuple(steps), raw, flowing, window, shortcut)


def _fits(conv: ops.Conv2d) -> bool:
    """Whether a convolution gives as large a map as it reads, and no more than sums."""
    sides = zip(conv.kernel, conv.padding, conv.dilation, strict=True)
    same = all(2 * padding == dilation * (side - 1) for side, padding, dilation in sides)
    return same and conv.stride == (1, 1) and not conv.bias


def _alone(source: Node, reader: Node, readers: Sequence[int]) -> bool:
    return reader.operands == (source.index,) and readers[source.index] == 1


def _activated(raw: Node, norm: Node, relu: Node, readers: Sequence[int]) -> bool:
    return (
        isinstance(norm.operation, ops.BatchNorm)
        and norm.operands == (raw.index,)
        and relu.operation == ops.Activation(ops.Function.RELU)
        and _alone(norm, relu, readers)
    )
