"""Layers in the words of the paper's tables, read off the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation, Turn
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.passes.structure import group_of


def text_of_node(node: Node) -> str:
    """``3x3, 128, stride 2, 4 groups``; empty for an operation that no table has a line for."""
    return node.operation.row(node.type)


def text_of_chain(convs: Sequence[Node]) -> str:
    """Convolutions that read one another: ``3x3 (stride 2) → 1x1, 64``."""
    *heads, last = convs
    return " → ".join([*map(_step, heads), text_of_node(last)])


def text_of_groups(nodes: Sequence[Node], layer: Aggregation, members: Iterable[Node]) -> str:
    """A layer of groups, of which ``members`` are operations: ``1x1 → 3x3, 256, k=32, c=8``."""
    turns = layer.read.values()
    inside: dict[Scope, list[Node]] = {turn.scope: [] for turn in turns}
    for node in members:
        group = group_of(node)
        if group in inside:
            inside[group].append(node)
    widths = [turn.gives.width for turn in turns]
    width = sum(widths) if len(widths) > 1 else None
    texts = {
        _text_of_steps(nodes, its, k, width) for its, k in zip(inside.values(), widths, strict=True)
    }
    if len(texts) == 1 and (text := texts.pop()):
        return text
    convolutions = sum(len(_convolutions(its)) for its in inside.values())
    held = _held(convolutions)
    return f"1 group{held}" if width is None else f"{len(widths)} groups{held}, {width}"


def text_of_group(nodes: Sequence[Node], turn: Turn, members: Sequence[Node]) -> str:
    """One group of a layer: ``1x1 → 3x3, k=32, c=8``."""
    text = _text_of_steps(nodes, members, turn.gives.width, None)
    return text or f"1 group{_held(len(_convolutions(members)))}"


def _text_of_steps(
    nodes: Sequence[Node], members: Sequence[Node], k: int, width: int | None
) -> str:
    """Empty where the group is no chain of convolutions that ends in k channels."""
    convs = _convolutions(members)
    if not is_chain(nodes, convs) or convs[-1].type.channels != k:
        return ""
    return _text_of_group(convs, k, width)


def _convolutions(members: Iterable[Node]) -> list[Node]:
    return [node for node in members if isinstance(node.operation, ops.Conv2d)]


def _held(convolutions: int) -> str:
    return (
        f" of {convolutions} convolution{'s' if convolutions > 1 else ''}" if convolutions else ""
    )


def _text_of_group(convs: Sequence[Node], k: int, width: int | None) -> str:
    """What each group does, and what all of them give; a width on the way where it is not k."""
    *heads, last = convs
    way = " → ".join([*(_step(node, k) for node in heads), _conv(last).kernel_text])
    parts = [way, *([str(width)] if width else []), f"k={k}", *_conv(last).particulars("c={}")]
    return ", ".join(parts)


def _step(node: Node, width: int | None = None) -> str:
    """A convolution on the way to another, and what it is beside its kernel; its width where it is
    told that another would go without saying.
    """
    kernel = _conv(node).kernel_text
    if width is not None and node.type.channels != width:
        kernel = f"{kernel}, {node.type.channels}"
    attributes = ", ".join(_conv(node).particulars())
    return f"{kernel} ({attributes})" if attributes else kernel


def is_chain(nodes: Sequence[Node], convs: Sequence[Node]) -> bool:
    """Whether there are convolutions, and each but the first reads the one before it."""
    for before, node in pairwise(convs):
        index = node.operands[0]
        while nodes[index].operation.has_faces:
            index = nodes[index].operands[0]
        if index != before.index:
            return False
    return bool(convs)


def _conv(node: Node) -> ops.Conv2d:
    assert isinstance(node.operation, ops.Conv2d)
    return node.operation
