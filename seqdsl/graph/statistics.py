"""Divides what a network costs among its stages, blocks or layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from seqdsl.graph.aggregations import Aggregation, outermost
from seqdsl.graph.costs import Cost
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.tensor import TensorType


class Level(Enum):
    """What the parts of a network are: the whole, its stages, their blocks, or its layers."""

    NETWORK = "network"
    STAGE = "stage"
    BLOCK = "block"  # what stands in a stage: a residual block, a convolution
    LAYER = "layer"  # a layer of the paper: a whole SeqConv, or one convolution with its norm


LevelName: TypeAlias = Literal["network", "stage", "block", "layer"]  # as in `Level`


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a network. The costs of all parts of a level add up to the network's.

    ``name`` is its path (``conv4/residual1``), ``shape`` that of one sample of what leaves it:
    ``(channels, height, width)``, or ``(channels,)`` of a vector. ``cost`` holds its counts.
    """

    name: str
    shape: tuple[int, ...]  # what leaves it
    cost: Cost


_Owner: TypeAlias = Scope | Aggregation | Node


def parts(
    nodes: Sequence[Node],
    costs: Sequence[Cost],
    level: Level,
    leaving: Mapping[Scope, TensorType],
    aggregations: Sequence[Aggregation],
) -> list[Part]:
    """The parts of a level, in dataflow order; parts without cost are among them.

    ``costs`` are those of the nodes; ``leaving`` tells what each scope of the nodes gives.
    """
    outer = outermost(aggregations)
    sums: dict[_Owner, Cost] = {}
    for node, cost in zip(nodes, costs, strict=True):
        owner = _owner(node, level, outer)
        sums[owner] = sums[owner] + cost if owner in sums else cost
    return [
        Part(owner.path or owner.name, _leaves(owner, leaving).shape, cost)
        for owner, cost in sums.items()
    ]


def _leaves(owner: _Owner, leaving: Mapping[Scope, TensorType]) -> TensorType:
    return leaving[owner] if isinstance(owner, Scope) else owner.type


def _owner(node: Node, level: Level, outer: Mapping[Scope, Aggregation]) -> _Owner:
    """What a node counts for; the node itself where nothing of the level is around it."""
    scopes = list(node.scope.ancestry())[::-1]  # the network first
    if level is Level.NETWORK:
        return scopes[0]
    if level is Level.STAGE:
        return _part(scopes[1], outer) if len(scopes) > 1 else node
    if level is Level.BLOCK:
        inner = next((s for s in scopes[1:] if s.kind is not ScopeKind.STAGE), None)
        return node if inner is None else _part(inner, outer)
    group = next((s for s in scopes if s.kind is ScopeKind.GROUP), None)
    if group is not None:
        return _part(group, outer)
    return scopes[-1] if scopes[-1].kind is ScopeKind.BLOCK else node


def _part(scope: Scope, outer: Mapping[Scope, Aggregation]) -> Scope | Aggregation:
    """A scope as a part: a group is one of its aggregation, or of the block that this lends its
    name and place.
    """
    aggregation = outer.get(scope)
    if aggregation is None:
        return scope
    return aggregation.scope if aggregation.whole else aggregation
