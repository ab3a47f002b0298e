"""Layers in the words of the paper's tables, read off the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Pair
from seqdsl.graph.scope import Scope
from seqdsl.passes.drawing.outline import PER_CHANNEL, group_of


def text_of_node(node: Node) -> str:
    """``3x3, 128, stride 2, 4 groups``; empty for an operation that no table has a line for."""
    match node.operation:
        case ops.Conv2d():
            return ", ".join([kernel_of(node), str(node.type.channels), *_attributes(node)])
        case ops.Linear(width=width):
            return f"{width}-d fc"
        case ops.MaxPool(kernel=kernel, stride=stride):
            return _pooling("max pool", kernel, stride)
        case ops.AvgPool(kernel=kernel, stride=stride):
            return _pooling("average pool", kernel, stride)
        case ops.GlobalAveragePool():
            return "global average pool"
        case ops.Upsample(factor=(rows, columns), mode=mode):
            return f"{rows}x{columns} upsampling, {mode.value}"
        case ops.Concat():
            return f"concatenate, {node.type.channels}"
        case ops.Softmax():
            return "softmax"
        case _:
            return ""


def text_of_groups(nodes: Sequence[Node], members: Iterable[Node]) -> str:
    """A layer of groups, of which ``nodes`` is the network: ``1x1 → 3x3, 256, k=32, c=8``; of a
    group alone ``1x1 → 3x3, k=32, c=8``.
    """
    groups: dict[Scope, list[Node]] = {}
    for node in members:
        group = group_of(node)
        if group is not None:
            groups.setdefault(group, []).append(node)
    width = sum(group[-1].type.channels for group in groups.values()) if len(groups) > 1 else None
    convolutions = [
        [node for node in group if isinstance(node.operation, ops.Conv2d)]
        for group in groups.values()
    ]
    texts = {
        _text_of_group(convs, group[-1].type.channels, width) if is_chain(nodes, convs) else ""
        for convs, group in zip(convolutions, groups.values(), strict=True)
    }
    if len(texts) == 1 and (text := texts.pop()):
        return text
    count = sum(map(len, convolutions))
    held = f" of {count} convolution{'s' if count > 1 else ''}" if count else ""
    return f"1 group{held}" if width is None else f"{len(groups)} groups{held}, {width}"


def _text_of_group(convs: Sequence[Node], k: int, width: int | None) -> str:
    """What each group does, and what all of them give; a width on the way where it is not k."""
    *heads, last = convs
    way = [
        kernel_of(node) if node.type.channels == k else f"{kernel_of(node)}, {node.type.channels}"
        for node in heads
    ]
    parts = [" → ".join([*way, kernel_of(last)]), *([str(width)] if width else []), f"k={k}"]
    for node in convs:
        parts += [part for part in _attributes(node, "c={}") if part not in parts]
    return ", ".join(parts)


def is_chain(nodes: Sequence[Node], convs: Sequence[Node]) -> bool:
    """Whether there are convolutions, and each but the first reads the one before it."""
    for before, node in pairwise(convs):
        index = node.operands[0]
        while isinstance(nodes[index].operation, PER_CHANNEL):
            index = nodes[index].operands[0]
        if index != before.index:
            return False
    return bool(convs)


def _attributes(node: Node, groups: str = "{} groups") -> list[str]:
    """What a table says of a convolution where it is not 1."""
    conv = _conv(node)
    return [
        *([f"stride {_pair(conv.stride)}"] if conv.stride != (1, 1) else []),
        *([f"dilation {_pair(conv.dilation)}"] if conv.dilation != (1, 1) else []),
        *([groups.format(conv.groups)] if conv.groups > 1 else []),
    ]


def _pooling(name: str, kernel: Pair, stride: Pair) -> str:
    return f"{kernel[0]}x{kernel[1]} {name}, stride {_pair(stride)}"


def _pair(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def kernel_of(node: Node) -> str:
    """``3x3``, of a convolution."""
    return "x".join(map(str, _conv(node).kernel))


def _conv(node: Node) -> ops.Conv2d:
    assert isinstance(node.operation, ops.Conv2d)
    return node.operation
