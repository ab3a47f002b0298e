"""Layers in the words of the paper's tables, read off the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation, Turn
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Pair
from seqdsl.graph.scope import Scope
from seqdsl.passes.structure import PER_CHANNEL, group_of


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
