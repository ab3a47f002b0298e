"""Which operations made two feature maps differ in height and width."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from seqdsl.graph.node import Node

MAX_NAMED = 2  # of a side
MAX_SEARCHED = 5_000  # nodes behind each of two


def resizers(nodes: Sequence[Node], one: int, other: int) -> list[Node]:
    """The latest operations of each side, and not of both, that changed height and width."""
    behind = [_ancestors(nodes, index) for index in (one, other)]
    found: list[Node] = []
    for mine, theirs in (behind, behind[::-1]):
        own = sorted(mine - theirs, reverse=True)
        found += islice((nodes[i] for i in own if _resizes(nodes[i], nodes)), MAX_NAMED)
    return found


def _ancestors(nodes: Sequence[Node], index: int) -> set[int]:
    seen: set[int] = set()
    waiting = [index]
    while waiting and len(seen) < MAX_SEARCHED:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            waiting.extend(nodes[at].operands)
    return seen


def _resizes(node: Node, nodes: Sequence[Node]) -> bool:
    before = [nodes[operand].type.spatial for operand in node.operands]
    return bool(before) and bool(node.type.spatial) and node.type.spatial not in before
