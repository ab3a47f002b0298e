"""The operations that a node can be: one frozen dataclass each, with its attributes.

Spatial attributes are ``(height, width)`` pairs, in elements.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from seqdsl.source.frozen import frozen_value

Pair: TypeAlias = tuple[int, int]


class Init(Enum):
    """How a weight starts (section 4.2)."""

    HE = "he"  # normal, variance 2 / fan_in (He et al. 2015)
    GLOROT = "glorot"  # uniform, variance 2 / (fan_in + fan_out)
    ZERO = "zero"


class Function(Enum):
    """The activations without parameters; the value is the name in the language."""

    RELU = "relu"
    RELU6 = "relu6"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    SILU = "silu"
    GELU = "gelu"
    HARD_SIGMOID = "hard_sigmoid"  # relu6(x + 3) / 6
    HARD_SWISH = "hard_swish"  # x relu6(x + 3) / 6 (Howard et al. 2019)


class Interpolation(Enum):
    """How upsampling fills in; the value is the name in the language."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"  # between the centres of pixels: align_corners=False of torch


@frozen_value
class Input:
    """The network's input; its shape is the node's type."""


@frozen_value
class Conv2d:
    """Weight ``[width, in/groups, kernel_h, kernel_w]``."""

    width: int  # output channels
    kernel: Pair
    stride: Pair
    padding: Pair  # zeros on both sides
    dilation: Pair
    groups: int
    bias: bool
    init: Init


@frozen_value
class Linear:
    """Flattens what comes in (channels, then rows); weight ``[width, in]``."""

    width: int
    bias: bool
    init: Init


@frozen_value
class BatchNorm:
    """Per channel; weight, bias, running mean and running variance of ``[channels]``."""

    eps: float
    momentum: float  # of the running statistics, as torch defines it


@frozen_value
class Activation:
    function: Function


@frozen_value
class LeakyRelu:
    """``x`` above zero, ``slope x`` below."""

    slope: float


@frozen_value
class MaxPool:
    kernel: Pair
    stride: Pair
    padding: Pair
    ceil: bool  # round the output size up


@frozen_value
class AvgPool:
    """The divisor counts padded zeros, as torch does by default."""

    kernel: Pair
    stride: Pair
    padding: Pair
    ceil: bool


@frozen_value
class GlobalAveragePool:
    """``[C, H, W]`` to ``[C, 1, 1]``."""


@frozen_value
class Upsample:
    """``[C, H, W]`` to ``[C, factor_h H, factor_w W]``."""

    factor: Pair
    mode: Interpolation


@frozen_value
class Dropout:
    rate: float  # the probability of a zero while training


@frozen_value
class Add:
    """The elementwise sum of all operands."""


@frozen_value
class Mean:
    """The elementwise mean of all operands."""


@frozen_value
class Multiply:
    """The elementwise product of all operands; a side of 1 serves every position."""


@frozen_value
class Concat:
    """All operands after one another along the channels."""


@frozen_value
class Shuffle:
    """Channels dealt out over the groups: channel ``i`` of group ``j`` of ``g`` goes to
    ``i g + j`` (Zhang et al. 2018).
    """

    groups: int


@frozen_value
class PadChannels:
    """Channels of zeros behind those of the operand (option A of He et al. 2015)."""

    zeros: int  # how many


@frozen_value
class Slice:
    """Channels ``start`` up to, not including, ``stop``."""

    start: int
    stop: int


@frozen_value
class Aggregate:
    """All groups of an aggregation at once (Eq. 1 and 2); a pass makes it, no source names it.

    Group i sees channels ``starts[i]`` up to the end of ``[x, x_1, ..., x_{i-1}]``, where x is the
    first operand. A second operand is the shortcut. It gives ``[x_1, ..., x_g]``.
    """

    groups: tuple[str, ...]  # the names of their scopes
    starts: tuple[int, ...]


@frozen_value
class Raw:
    """The face of an `Aggregate` before its last batch norms (section 3.2)."""


@frozen_value
class Softmax:
    """Over the channels."""


Operation: TypeAlias = (
    Input
    | Conv2d
    | Linear
    | BatchNorm
    | Activation
    | LeakyRelu
    | MaxPool
    | AvgPool
    | GlobalAveragePool
    | Upsample
    | Dropout
    | Add
    | Mean
    | Multiply
    | Concat
    | Shuffle
    | PadChannels
    | Slice
    | Aggregate
    | Raw
    | Softmax
)


def operation_name(operation: Operation) -> str:
    """The word for an operation in names, dumps and drawings: ``conv2d``, ``relu``."""
    if isinstance(operation, Activation):
        return operation.function.value
    return _NAMES[type(operation)]


_NAMES: dict[type, str] = {
    Input: "input",
    Conv2d: "conv2d",
    Linear: "linear",
    BatchNorm: "batch_norm",
    LeakyRelu: "leaky_relu",
    MaxPool: "max_pool",
    AvgPool: "avg_pool",
    GlobalAveragePool: "global_average_pool",
    Upsample: "upsample",
    Dropout: "dropout",
    Add: "add",
    Mean: "mean",
    Multiply: "multiply",
    Concat: "concat",
    Shuffle: "shuffle",
    PadChannels: "pad_channels",
    Slice: "slice",
    Aggregate: "aggregate",
    Raw: "raw",
    Softmax: "softmax",
}
