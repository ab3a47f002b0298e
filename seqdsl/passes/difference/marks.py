"""Where two networks differ: for drawings of both."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import TypeAlias

from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.passes.difference.cells import Cell
from seqdsl.passes.difference.compare import Kind, matched
from seqdsl.passes.difference.correspondence import Match
from seqdsl.passes.difference.outline import Item, outline
from seqdsl.passes.difference.traits import differences

Marks: TypeAlias = dict[Scope | Aggregation | Node, Kind]


def marks(before: Network, after: Network) -> tuple[Marks, Marks]:
    """What of each network differs from the other: scopes, aggregations that lie beside other
    layers, and operations that no block is around.

    What only the first has is removed, and what only the second has is added; what both have is
    changed, repeated, rewired or resized. Of what one has more often, both its copies there and
    the one in the other network are repeated.
    """
    found: tuple[Marks, Marks] = ({}, {})
    for _, _, matches, wires in matched(outline(before), outline(after)):
        repeated = {_only(match).key for match in matches if match.times}
        for match in matches:
            for side, item, kind in _of_match(match, repeated):
                found[side][_owner(item)] = kind
        for wire in wires:
            for side, end in enumerate((wire.before, wire.after)):
                if end is not None:
                    found[side].setdefault(_owner(end), Kind.REWIRED)
    return found


def _of_match(match: Match, repeated: Set[bytes]) -> Iterator[tuple[int, Item, Kind]]:
    x, y = match.before, match.after
    if x is not None and y is not None:
        if x.key != y.key and differences(x, y):
            kind = Kind.CHANGED
        elif x.key in repeated:
            kind = Kind.REPEATED
        elif x.cost.macs != y.cost.macs:
            kind = Kind.RESIZED
        else:
            return
        yield from ((0, x, kind), (1, y, kind))
    elif x is not None:
        yield 0, x, Kind.REPEATED if match.times else Kind.REMOVED
    elif y is not None:
        yield 1, y, Kind.REPEATED if match.times else Kind.ADDED


def _only(match: Match) -> Item:
    """What one network alone has."""
    item = match.before or match.after
    assert item is not None
    return item


def _owner(item: Item) -> Scope | Aggregation | Node:
    """The innermost scope around all of an item; an aggregation, or an operation that is in a
    stage itself.
    """
    layer = item.aggregation
    if layer is not None and not layer.whole and all(_is_in(cell, layer) for cell in item.cells):
        return layer
    first, *rest = item.cells
    around = list(first.scopes)
    for cell in rest:
        around = [scope for scope in around if scope in cell.scopes]
    innermost = around[-1]
    alone = not rest and innermost.depth < item.depth
    return first.node if alone else innermost


def _is_in(cell: Cell, layer: Aggregation) -> bool:
    return any(scope in layer.groups for scope in cell.scopes)
