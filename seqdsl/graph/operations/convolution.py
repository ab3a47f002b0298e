"""Convolutions and linear layers: what multiplies by a weight over channels."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from seqdsl.graph.costs import Cost
from seqdsl.graph.operations.base import (
    Family,
    Operation,
    Pair,
    Role,
    Setting,
    Shapes,
    TypeProblem,
    Window,
)
from seqdsl.graph.operations.shapes import need_positions, need_spatial, pair_text, positions
from seqdsl.graph.tensor import TensorType, boundaries, from_boundaries
from seqdsl.source.frozen import frozen_value

__all__ = ["Conv2d", "Init", "Linear"]


class Init(Enum):
    """How a weight starts (section 4.2)."""

    HE = "he"  # normal, variance 2 / fan_in (He et al. 2015)
    GLOROT = "glorot"  # uniform, variance 2 / (fan_in + fan_out)
    ZERO = "zero"


_BIAS = "whether there is a bias"
_INIT = "the initialisation"


@frozen_value
class Conv2d(Operation):
    """Weight ``[width, in/groups, kernel_h, kernel_w]``."""

    width: int  # output channels
    kernel: Pair
    stride: Pair
    padding: Pair  # zeros on both sides
    dilation: Pair
    groups: int
    bias: bool
    init: Init

    name = "conv2d"
    doc = "A convolution alone. Without `padding` it keeps the size at stride 1."
    family = Family.CONVOLUTION
    linear = True
    settings = (
        Setting("kernel", "size"),
        Setting("width", "positive"),
        Setting("stride", "size", (1, 1)),
        Setting("padding", "margin", None, "the zeros on each side"),
        Setting("dilation", "size", (1, 1), "the distance of the kernel's taps"),
        Setting("groups", "positive", 1, "the groups of the convolution"),
        Setting("bias", "bool", False, _BIAS),
        Setting("init", "init", Init.HE, _INIT),
    )

    @property
    def window(self) -> Window:
        return Window(self.reach, self.stride, self.padding)

    @property
    def reach(self) -> Pair:
        """The height and width that the kernel covers."""
        (height, width), (down, across) = self.kernel, self.dilation
        return down * (height - 1) + 1, across * (width - 1) + 1

    @property
    def keeps_size(self) -> bool:
        """Whether the padding is what the language gives a kernel when nothing is said."""
        return all(p == (side - 1) // 2 for p, side in zip(self.padding, self.reach, strict=True))

    @property
    def kernel_text(self) -> str:
        return f"{self.kernel[0]}x{self.kernel[1]}"

    @property
    def detail(self) -> str:
        return ", ".join([self.kernel_text, str(self.width), *self.particulars()])

    def row(self, type: TensorType) -> str:
        return self.detail

    def particulars(self, groups: str = "{} groups") -> list[str]:
        """What a table says of it besides its kernel and width, where it is not 1."""
        return [
            *([f"stride {pair_text(self.stride)}"] if self.stride != (1, 1) else []),
            *([f"dilation {pair_text(self.dilation)}"] if self.dilation != (1, 1) else []),
            *([groups.format(self.groups)] if self.groups > 1 else []),
        ]

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        need_spatial(operand, "a convolution")
        axes = zip(
            operand.spatial, self.kernel, self.stride, self.padding, self.dilation, strict=True
        )
        spatial = tuple(positions(*axis) for axis in axes)
        need_positions(spatial, operand, self.kernel)
        plain = TensorType(self.width, spatial, (self.width,))
        both = " and ".join(map(str, sorted({operand.channels, self.width})))
        for what, channels in (("input", operand.channels), ("output", self.width)):
            if channels % self.groups:
                raise TypeProblem(
                    "groups-divide",
                    f"{channels} {what} channels can't be divided into {self.groups} groups",
                    operand=0 if what == "input" else None,
                    help=f"choose groups that divide {both}",
                    recovery=plain,
                )
        return TensorType(self.width, spatial, self._hierarchy(operand, plain))

    def _hierarchy(self, operand: TensorType, plain: TensorType) -> tuple[int, ...]:
        """The hierarchy after a convolution (section 3.2).

        An ungrouped convolution mixes everything into one group. A grouped one keeps the coarser of
        its own groups and its input's, as long as neither cuts across the other.
        """
        if self.groups == 1:
            return plain.groups
        into, out = operand.channels // self.groups, self.width // self.groups
        hierarchy = boundaries(operand.groups)
        common = [offset for offset in hierarchy if offset % into == 0]
        if len(common) != min(self.groups + 1, len(hierarchy)):
            sizes = sorted(set(operand.groups))
            raise TypeProblem(
                "cuts-hierarchy",
                f"a convolution in groups of {into} cuts across the hierarchy, whose groups hold "
                f"{' or '.join(map(str, sizes))} channels",
                operand=0,
                help="features of different groups would leak into one another (section 3.2); let "
                "a group of the convolution hold whole groups of its input, or divide them; where "
                "they are meant to mix, `regroup it.width` before it makes one group of all",
                recovery=plain,
            )
        return from_boundaries([offset // into * out for offset in common])

    def taps(self, operands: Sequence[TensorType]) -> int:
        height, width = self.kernel
        return operands[0].channels // self.groups * height * width

    def parameters(self, type: TensorType, operands: Sequence[TensorType]) -> Shapes:
        shape = (self.width, operands[0].channels // self.groups, *self.kernel)
        return _weight_and_bias(shape, self.bias)

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        taps, elements = self.taps(operands), type.elements
        params = self.width * (taps + self.bias)
        biased = elements * self.bias
        return Cost(params, elements * taps, activations=elements, biased=biased)

    def is_usual(self, name: str) -> bool:
        if name == "padding":
            return self.keeps_size
        return name == "init" or Operation.is_usual(self, name)  # it follows from a shortcut


@frozen_value
class Linear(Operation):
    """Flattens what comes in (channels, then rows); weight ``[width, in]``."""

    width: int
    bias: bool
    init: Init

    name = "linear"
    doc = "A fully connected layer over all that flows in."
    family = Family.LINEAR
    linear = True
    sees_all = True
    settings = (
        Setting("width", "positive"),
        Setting("bias", "bool", True, _BIAS),
        Setting("init", "init", Init.GLOROT, _INIT),
    )

    @property
    def detail(self) -> str:
        return str(self.width)

    def row(self, type: TensorType) -> str:
        return f"{self.width}-d fc"

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return TensorType(self.width, (), (self.width,))

    def taps(self, operands: Sequence[TensorType]) -> int:
        return operands[0].elements

    def parameters(self, type: TensorType, operands: Sequence[TensorType]) -> Shapes:
        return _weight_and_bias((self.width, operands[0].elements), self.bias)

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        taps = self.taps(operands)
        params, biased = self.width * (taps + self.bias), self.width * self.bias
        return Cost(params, self.width * taps, activations=type.elements, biased=biased)


def _weight_and_bias(shape: tuple[int, ...], bias: bool) -> Shapes:
    weight = (Role.WEIGHT, shape)
    return (weight, (Role.BIAS, shape[:1])) if bias else (weight,)


OPERATIONS: tuple[type[Operation], ...] = (Conv2d, Linear)
