"""What type rules have in common: the arithmetic of windows, and how shapes come to agree."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.operations.base import Pair, TypeProblem
from seqdsl.graph.tensor import TensorType, boundaries, from_boundaries, spell_shape


def need_spatial(operand: TensorType, what: str) -> None:
    if not operand.spatial:
        raise TypeProblem(
            "vector-operand",
            f"{what} needs a feature map with height and width, and this is a vector of "
            f"{operand.channels}",
            operand=0,
            help=f"put {what} before the linear layer",
        )


def positions(
    size: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil: bool = False
) -> int:
    """Output positions along one axis; 0 or less where the kernel doesn't fit."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = -(-span // stride) + 1 if ceil else span // stride + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1  # as torch: no window starts in the padding on the far side
    return count


def need_positions(spatial: tuple[int, ...], operand: TensorType, kernel: Pair) -> None:
    if min(spatial) < 1:
        raise TypeProblem(
            "kernel-too-large",
            f"a {kernel[0]}x{kernel[1]} kernel doesn't fit into {operand}",
            operand=0,
            help="pad the input, or use a smaller kernel",
        )


def same_shape(one: TensorType, other: TensorType) -> str:
    """How two branches come to one shape."""
    if one.channels == other.channels:
        return same_size(one.spatial, other.spatial)
    projected = "project one of them with a 1x1 convolution"
    if one.spatial == other.spatial:
        return projected
    strides = {divmod(max(s), min(s)) for s in zip(one.spatial, other.spatial, strict=False)}
    larger = {a > b for a, b in zip(one.spatial, other.spatial, strict=False)}
    if len(strides) == len(larger) == 1 and not (stride := strides.pop())[1]:
        return f"project the larger with a 1x1 convolution of stride {stride[0]}"
    return f"{projected}, and {same_size(one.spatial, other.spatial)}"


def same_size(one: Sequence[int], other: Sequence[int]) -> str:
    """How two branches come to one height and width."""
    pairs = list(zip(one, other, strict=False))
    if all(abs(a - b) <= 1 for a, b in pairs):
        return (
            "a stride rounds an odd size up, and a window without padding takes off its edges: "
            "choose an input that the strides divide, or give both branches the same window"
        )
    if all(max(a, b) % min(a, b) == 0 for a, b in pairs):
        (a, b), *_ = pairs
        factor = max(a, b) // min(a, b)
        return f"give both branches the same stride: one has a further stride of {factor}"
    return "give both branches the same stride and padding"


def common_groups(operands: Sequence[TensorType]) -> tuple[int, ...]:
    """The groups that elementwise operands of one width have in common: no feature leaks."""
    common = set(boundaries(operands[0].groups))
    for other in operands[1:]:
        common.intersection_update(boundaries(other.groups))
    return from_boundaries(sorted(common))


def spelled(operand: TensorType) -> str:
    return spell_shape(operand.shape)


def pair_text(pair: Pair) -> str:
    """``2``, or ``2x1`` where height and width differ."""
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"
