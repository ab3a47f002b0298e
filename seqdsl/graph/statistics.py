"""Divides what a network costs among its stages, blocks or layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from seqdsl.graph.costs import Cost
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.tensor import TensorType


class Level(Enum):
    NETWORK = "network"
    STAGE = "stage"
    BLOCK = "block"  # what stands in a stage: a residual block, a convolution
    LAYER = "layer"  # a layer of the paper: a whole SeqConv, or one convolution with its norm


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a network. The costs of all parts of a level add up to the network's."""

    name: str
    shape: tuple[int, ...]  # what leaves it
    cost: Cost


def parts(
    nodes: Sequence[Node],
    costs: Sequence[Cost],
    level: Level,
    leaving: Mapping[Scope, TensorType],
) -> list[Part]:
    """The parts of a level, in dataflow order; parts without cost are among them.

    ``costs`` are those of the nodes; ``leaving`` tells what each scope of the nodes gives.
    """
    sums: dict[Scope | Node, Cost] = {}
    for node, cost in zip(nodes, costs, strict=True):
        owner = _owner(node, level)
        sums[owner] = sums[owner] + cost if owner in sums else cost
    return [
        Part(owner.path or owner.name, _leaves(owner, leaving).shape, cost)
        for owner, cost in sums.items()
    ]


def _leaves(owner: Scope | Node, leaving: Mapping[Scope, TensorType]) -> TensorType:
    return owner.type if isinstance(owner, Node) else leaving[owner]


def _owner(node: Node, level: Level) -> Scope | Node:
    """The scope that a node counts for; the node itself where no scope of the level is around."""
    scopes = list(node.scope.ancestry())[::-1]  # the network first
    match level:
        case Level.NETWORK:
            return scopes[0]
        case Level.STAGE:
            return scopes[1] if len(scopes) > 1 else node
        case Level.BLOCK:
            inner = scopes[2:3] or scopes[1:2]
            return inner[0] if inner and inner[0].kind is ScopeKind.BLOCK else node
        case Level.LAYER:
            for scope in scopes:
                if scope.kind is ScopeKind.GROUP and scope.parent is not None:
                    return scope.parent
            return scopes[-1] if scopes[-1].kind is ScopeKind.BLOCK else node
