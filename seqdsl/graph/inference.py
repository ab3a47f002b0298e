"""The output type of an operation, by arithmetic on the types of its operands."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph import operations as ops
from seqdsl.graph.tensor import TensorType, boundaries, from_boundaries
from seqdsl.source.codes import CodeName
from seqdsl.source.limits import INTEGERS


class TypeProblem(Exception):
    """Operands that an operation can't take.

    ``operand`` is the index of the operand at fault, or None; ``recovery`` is the type to go
    on with, where there is an obvious one.
    """

    def __init__(
        self,
        code: CodeName,
        message: str,
        operand: int | None = None,
        help: str | None = None,
        recovery: TensorType | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.operand = operand
        self.help = help
        self.recovery = recovery
        super().__init__(message)


MAX_COUNT = 2**63 - 1
MAX_GROUPS = 10_000  # of zeros that channels are padded with; more are one group


def infer(operation: ops.Operation, operands: Sequence[TensorType]) -> TensorType:
    """The type that an operation gives.

    Raises `TypeProblem` where the operands don't fit, or what is to be counted of them does not
    fit into 64 bits. `Input` has no operands to infer from.
    """
    type = _infer(operation, operands)
    if type.elements * _taps(operation, operands) > MAX_COUNT:
        raise TypeProblem(
            "integer-range",
            f"{type} by this operation is more than 64 bits can count",
            help=f"is a digit too many somewhere? {INTEGERS}",
        )
    return type


def _taps(operation: ops.Operation, operands: Sequence[TensorType]) -> int:
    """The multiply-accumulates of an element of the output."""
    match operation:
        case ops.Conv2d(groups=groups, kernel=(height, width)):
            return operands[0].channels // groups * height * width
        case ops.Linear():
            return operands[0].elements
        case _:
            return 1


def _infer(operation: ops.Operation, operands: Sequence[TensorType]) -> TensorType:
    match operation:
        case ops.Conv2d():
            return _conv2d(operation, operands[0])
        case ops.Linear(width=width):
            return TensorType(width, (), (width,))
        case ops.MaxPool() | ops.AvgPool():
            return _pool(operation, operands[0])
        case ops.GlobalAveragePool():
            _need_spatial(operands[0], "global_average_pool")
            return TensorType(operands[0].channels, (1, 1), operands[0].groups)
        case ops.Upsample(factor=factor):
            return _upsample(factor, operands[0])
        case ops.Add():
            return _add(operands, "add")
        case ops.Mean():
            return _add(operands, "average")
        case ops.Multiply():
            return _multiply(operands)
        case ops.Concat():
            return _concat(operands)
        case ops.Shuffle(groups=groups):
            return _shuffle(groups, operands[0])
        case ops.PadChannels(zeros=zeros):
            return _pad_channels(zeros, operands[0])
        case ops.Slice(start=start, stop=stop):
            return _slice(start, stop, operands[0])
        case ops.BatchNorm():
            _need_spatial(operands[0], "batch_norm")
            return operands[0]
        case ops.Activation() | ops.LeakyRelu() | ops.Dropout() | ops.Softmax():
            return operands[0]
        case ops.Input() | ops.Aggregate() | ops.Raw():
            raise AssertionError("its type is given, not inferred")


def _need_spatial(operand: TensorType, what: str) -> None:
    if not operand.spatial:
        raise TypeProblem(
            "vector-operand",
            f"{what} needs a feature map with height and width, and this is a vector of "
            f"{operand.channels}",
            operand=0,
            help=f"put {what} before the linear layer",
        )


def _window(
    size: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil: bool = False
) -> int:
    """Output positions along one axis; 0 or less where the kernel doesn't fit."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = -(-span // stride) + 1 if ceil else span // stride + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1  # as torch: no window starts in the padding on the far side
    return count


def _conv2d(conv: ops.Conv2d, operand: TensorType) -> TensorType:
    _need_spatial(operand, "a convolution")
    spatial = tuple(
        _window(*axis)
        for axis in zip(
            operand.spatial, conv.kernel, conv.stride, conv.padding, conv.dilation, strict=True
        )
    )
    _need_positions(spatial, operand, conv.kernel)
    plain = TensorType(conv.width, spatial, (conv.width,))
    both = " and ".join(map(str, sorted({operand.channels, conv.width})))
    for what, channels in (("input", operand.channels), ("output", conv.width)):
        if channels % conv.groups:
            raise TypeProblem(
                "groups-divide",
                f"{channels} {what} channels can't be divided into {conv.groups} groups",
                operand=0 if what == "input" else None,
                help=f"choose groups that divide {both}",
                recovery=plain,
            )
    return TensorType(conv.width, spatial, _conv_groups(conv, operand, plain))


def _conv_groups(conv: ops.Conv2d, operand: TensorType, plain: TensorType) -> tuple[int, ...]:
    """The hierarchy after a convolution (section 3.2).

    An ungrouped convolution mixes everything into one group. A grouped one keeps the coarser of
    its own groups and its input's, as long as neither cuts across the other.
    """
    if conv.groups == 1:
        return plain.groups
    into, out = operand.channels // conv.groups, conv.width // conv.groups
    hierarchy = boundaries(operand.groups)
    common = [offset for offset in hierarchy if offset % into == 0]
    if len(common) != min(conv.groups + 1, len(hierarchy)):
        sizes = sorted(set(operand.groups))
        raise TypeProblem(
            "cuts-hierarchy",
            f"a convolution in groups of {into} cuts across the hierarchy, whose groups hold "
            f"{' or '.join(map(str, sizes))} channels",
            operand=0,
            help="features of different groups would leak into one another (section 3.2); let "
            "a group of the convolution hold whole groups of its input, or divide them; where they "
            "are meant to mix, `regroup it.width` before it makes one group of all",
            recovery=plain,
        )
    return from_boundaries([offset // into * out for offset in common])


def _need_positions(spatial: tuple[int, ...], operand: TensorType, kernel: ops.Pair) -> None:
    if min(spatial) < 1:
        raise TypeProblem(
            "kernel-too-large",
            f"a {kernel[0]}x{kernel[1]} kernel doesn't fit into {operand}",
            operand=0,
            help="pad the input, or use a smaller kernel",
        )


def _pool(pool: ops.MaxPool | ops.AvgPool, operand: TensorType) -> TensorType:
    _need_spatial(operand, "pooling")
    if any(2 * padding > kernel for padding, kernel in zip(pool.padding, pool.kernel, strict=True)):
        raise TypeProblem(
            "pool-padding",
            f"padding {pool.padding[0]}x{pool.padding[1]} is more than half of the "
            f"{pool.kernel[0]}x{pool.kernel[1]} pooling window",
            help="a window would hold nothing but padding",
        )
    spatial = tuple(
        _window(size, kernel, stride, padding, ceil=pool.ceil)
        for size, kernel, stride, padding in zip(
            operand.spatial, pool.kernel, pool.stride, pool.padding, strict=True
        )
    )
    _need_positions(spatial, operand, pool.kernel)
    return TensorType(operand.channels, spatial, operand.groups)


def _add(operands: Sequence[TensorType], verb: str) -> TensorType:
    first = operands[0]
    for position, other in enumerate(operands[1:], 1):
        if bool(other.spatial) != bool(first.spatial):
            raise TypeProblem(
                "vector-operand",
                f"can't add a vector and a feature map: {_shape(first)} and {_shape(other)}",
                operand=position,
                recovery=first,
            )
        if other.shape != first.shape:
            differing = [
                *(["channels"] if other.channels != first.channels else []),
                *(["spatial size"] if other.spatial != first.spatial else []),
            ]
            raise TypeProblem(
                "add-mismatch",
                f"can't {verb} feature maps that differ in {' and '.join(differing)}: "
                f"{_shape(first)} and {_shape(other)}",
                operand=position,
                help=_same_shape(first, other),
                recovery=first,
            )
    return TensorType(first.channels, first.spatial, _common_groups(operands))


def _same_shape(one: TensorType, other: TensorType) -> str:
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


def _common_groups(operands: Sequence[TensorType]) -> tuple[int, ...]:
    """The groups that elementwise operands of one width have in common: no feature leaks."""
    common = set(boundaries(operands[0].groups))
    for other in operands[1:]:
        common.intersection_update(boundaries(other.groups))
    return from_boundaries(sorted(common))


def _multiply(operands: Sequence[TensorType]) -> TensorType:
    """Each side is the same in all operands, or 1 and repeated, as those of a gate Cx1x1 are."""
    shape = operands[0].shape
    for position, other in enumerate(operands[1:], 1):
        same_rank = len(other.shape) == len(shape)
        sides = zip(shape, other.shape, strict=False)
        if not same_rank or any(a != b and 1 not in (a, b) for a, b in sides):
            raise TypeProblem(
                "multiply-mismatch",
                f"can't multiply feature maps of {'x'.join(map(str, shape))} and {_shape(other)}",
                operand=position,
                help="each side is the same in both, or 1: a gate of 64x1x1 scales the channels "
                "of 64x56x56"
                if same_rank
                else "make the gate with 1x1 convolutions: a linear layer gives a vector",
                recovery=operands[0],
            )
        shape = tuple(map(max, shape, other.shape))
    channels, *spatial = shape
    whole = all(operand.channels == channels for operand in operands)
    groups = _common_groups(operands) if whole else (channels,)  # one channel enters all groups
    return TensorType(channels, tuple(spatial), groups)


def _upsample(factor: ops.Pair, operand: TensorType) -> TensorType:
    _need_spatial(operand, "upsample")
    spatial = tuple(size * times for size, times in zip(operand.spatial, factor, strict=True))
    return TensorType(operand.channels, spatial, operand.groups)


def _concat(operands: Sequence[TensorType]) -> TensorType:
    first = operands[0]
    for position, other in enumerate(operands[1:], 1):
        if other.spatial != first.spatial:
            raise TypeProblem(
                "concat-mismatch",
                f"can't concatenate {_shape(first)} and {_shape(other)}: their height and width "
                "differ",
                operand=position,
                help=same_size(first.spatial, other.spatial),
                recovery=first,
            )
    groups = tuple(size for operand in operands for size in operand.groups)
    return TensorType(sum(groups), first.spatial, groups)


def _shuffle(groups: int, operand: TensorType) -> TensorType:
    """One group: every stretch of channels then holds some of each."""
    _need_spatial(operand, "shuffle")
    whole = TensorType(operand.channels, operand.spatial, (operand.channels,))
    if operand.channels % groups:
        raise TypeProblem(
            "groups-divide",
            f"{operand.channels} channels can't be divided into {groups} groups",
            operand=0,
            help=f"choose groups that divide {operand.channels}",
            recovery=whole,
        )
    return whole


def _pad_channels(zeros: int, operand: TensorType) -> TensorType:
    """The zeros stand in groups of the operand's size, where that divides them, or in one."""
    _need_spatial(operand, "pad_channels")
    size = operand.groups[0]
    alike = len(set(operand.groups)) == 1 and zeros % size == 0 and zeros // size <= MAX_GROUPS
    groups = operand.groups + ((size,) * (zeros // size) if alike else (zeros,))
    return TensorType(operand.channels + zeros, operand.spatial, groups)


def _slice(start: int, stop: int, operand: TensorType) -> TensorType:
    inner = [o for o in boundaries(operand.groups) if start < o < stop]
    return TensorType(stop - start, operand.spatial, from_boundaries([start, *inner, stop]))


def _shape(operand: TensorType) -> str:
    return "x".join(map(str, operand.shape))
