"""Layers in the words of the paper's tables, read off the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
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
            return f"{kernel[0]}x{kernel[1]} max pool, stride {pair_text(stride)}"
        case ops.AvgPool(kernel=kernel, stride=stride):
            return f"{kernel[0]}x{kernel[1]} average pool, stride {pair_text(stride)}"
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


def text_of_chain(convs: Sequence[Node]) -> str:
    """Convolutions that read one another: ``3x3 (stride 2) → 1x1, 64``."""
    *heads, last = convs
    return " → ".join([*map(_step, heads), text_of_node(last)])


def text_of_groups(network: Network, members: Iterable[Node]) -> str:
    """A layer of groups: ``1x1 → 3x3, 256, k=32, c=8``; a group alone: ``1x1 → 3x3, k=32, c=8``."""
    groups: dict[Scope, list[Node]] = {}
    for node in members:
        group = group_of(node)
        if group is not None:
            groups.setdefault(group, []).append(node)
    widths = [network.leaving[group].channels for group in groups]
    convolutions = [
        [node for node in group if isinstance(node.operation, ops.Conv2d)]
        for group in groups.values()
    ]
    width = sum(widths) if len(groups) > 1 else None
    texts = {
        _text_of_group(convs, k, width)
        if is_chain(network.nodes, convs) and convs[-1].type.channels == k
        else ""
        for convs, k in zip(convolutions, widths, strict=True)
    }
    if len(texts) == 1 and (text := texts.pop()):
        return text
    count = sum(map(len, convolutions))
    held = f" of {count} convolution{'s' if count > 1 else ''}" if count else ""
    return f"1 group{held}" if width is None else f"{len(groups)} groups{held}, {width}"


def _text_of_group(convs: Sequence[Node], k: int, width: int | None) -> str:
    """What each group does, and what all of them give; a width on the way where it is not k."""
    *heads, last = convs
    way = " → ".join([*(_step(node, k) for node in heads), kernel_of(last)])
    parts = [way, *([str(width)] if width else []), f"k={k}", *_attributes(last, "c={}")]
    return ", ".join(parts)


def _step(node: Node, width: int | None = None) -> str:
    """A convolution on the way to another, and what it is beside its kernel; its width where it is
    told that another would go without saying.
    """
    kernel = kernel_of(node)
    if width is not None and node.type.channels != width:
        kernel = f"{kernel}, {node.type.channels}"
    attributes = ", ".join(_attributes(node))
    return f"{kernel} ({attributes})" if attributes else kernel


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
        *([f"stride {pair_text(conv.stride)}"] if conv.stride != (1, 1) else []),
        *([f"dilation {pair_text(conv.dilation)}"] if conv.dilation != (1, 1) else []),
        *([groups.format(conv.groups)] if conv.groups > 1 else []),
    ]


def pair_text(pair: Pair) -> str:
    """``2``, or ``2x1`` where height and width differ."""
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def kernel_of(node: Node) -> str:
    """``3x3``, of a convolution."""
    return "x".join(map(str, _conv(node).kernel))


def _conv(node: Node) -> ops.Conv2d:
    assert isinstance(node.operation, ops.Conv2d)
    return node.operation
