"""Divides what a network costs among its stages, blocks or layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from seqdsl.graph.costs import ZERO, Cost, node_costs
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind


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


def parts(nodes: Sequence[Node], level: Level, output: int) -> list[Part]:
    """The parts of a level, in dataflow order; parts without cost are among them.

    ``nodes`` are those of a network, whose output is the node with the index ``output``.
    """
    costs: dict[Scope | Node, Cost] = {}
    leaves: dict[Scope | Node, Node] = {}
    for node, cost in zip(nodes, node_costs(nodes), strict=True):
        owner = _owner(node, level)
        costs[owner] = costs.get(owner, ZERO) + cost
        if node.index <= output:
            leaves[owner] = node
    outputs = _widths(nodes, leaves, level)
    return [Part(_name(owner), outputs[owner], cost) for owner, cost in costs.items()]


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


def _widths(
    nodes: Sequence[Node], leaves: dict[Scope | Node, Node], level: Level
) -> dict[Scope | Node, tuple[int, ...]]:
    """The shape that leaves each part: its last output, or the groups that it gives, together."""
    read_outside: dict[Scope | Node, dict[int, None]] = {}
    for node in nodes:
        reader = _owner(node, level)
        for operand in node.operands:
            maker = _owner(nodes[operand], level)
            if maker is not reader:
                read_outside.setdefault(maker, {})[operand] = None
    shapes: dict[Scope | Node, tuple[int, ...]] = {}
    for owner, last in leaves.items():
        groups = [nodes[i] for i in read_outside.get(owner, ()) if nodes[i].kind == last.kind]
        alike = [g for g in groups if g.type.spatial == last.type.spatial] or [last]
        shapes[owner] = (sum(g.type.channels for g in alike), *last.type.spatial)
    return shapes


def _name(owner: Scope | Node) -> str:
    return owner.path or owner.name
