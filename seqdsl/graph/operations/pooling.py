"""Pools, and what makes a feature map larger."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from seqdsl.graph.costs import Cost
from seqdsl.graph.operations.base import (
    Enlargement,
    Family,
    Operation,
    Pair,
    Setting,
    TypeProblem,
    Window,
)
from seqdsl.graph.operations.shapes import need_positions, need_spatial, pair_text, positions
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen_value

__all__ = ["AvgPool", "GlobalAveragePool", "Interpolation", "MaxPool", "Pool", "Upsample"]


@frozen_value
class Pool(Operation):
    """One number for each window of each channel."""

    kernel: Pair
    stride: Pair
    padding: Pair
    ceil: bool  # round the output size up

    noun: ClassVar[str]  # in a table of layers
    family = Family.POOL
    channelwise = True
    settings = (
        Setting("kernel", "size"),
        Setting("stride", "size", None),
        Setting("padding", "margin", (0, 0), "the zeros on each side"),
        Setting("ceil", "bool", False, "whether a window may reach over the edge"),
    )

    @property
    def window(self) -> Window:
        return Window(self.kernel, self.stride, self.padding)

    @property
    def detail(self) -> str:
        return f"{_sides(self.kernel)}, stride {pair_text(self.stride)}"

    def row(self, type: TensorType) -> str:
        return f"{_sides(self.kernel)} {self.noun}, stride {pair_text(self.stride)}"

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        need_spatial(operand, "pooling")
        if any(2 * p > side for p, side in zip(self.padding, self.kernel, strict=True)):
            raise TypeProblem(
                "pool-padding",
                f"padding {self.padding[0]}x{self.padding[1]} is more than half of the "
                f"{self.kernel[0]}x{self.kernel[1]} pooling window",
                help="a window would hold nothing but padding",
            )
        axes = zip(operand.spatial, self.kernel, self.stride, self.padding, strict=True)
        spatial = tuple(positions(*axis, ceil=self.ceil) for axis in axes)
        need_positions(spatial, operand, self.kernel)
        return TensorType(operand.channels, spatial, operand.groups)

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        return Cost(elements=self.elements(type, operands))

    def is_usual(self, name: str) -> bool:
        if name == "stride":
            return self.stride == self.kernel
        return Operation.is_usual(self, name)


@frozen_value
class MaxPool(Pool):
    """The largest; padding never is."""

    name = "max_pool"
    doc = "The maximum of each window."
    noun = "max pool"


@frozen_value
class AvgPool(Pool):
    """The divisor counts padded zeros, as torch does by default."""

    name = "avg_pool"
    doc = "The mean of each window."
    noun = "average pool"


@frozen_value
class GlobalAveragePool(Operation):
    """``[C, H, W]`` to ``[C, 1, 1]``."""

    name = "global_average_pool"
    doc = "The mean over height and width."
    family = Family.POOL
    channelwise = True
    sees_all = True
    settings = ()

    def row(self, type: TensorType) -> str:
        return "global average pool"

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        need_spatial(operand, "global_average_pool")
        return TensorType(operand.channels, (1, 1), operand.groups)

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        return Cost(elements=self.elements(type, operands))


class Interpolation(Enum):
    """How upsampling fills in; the value is the name in the language."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"  # between the centres of pixels: align_corners=False of torch


@frozen_value
class Upsample(Operation):
    """``[C, H, W]`` to ``[C, factor_h H, factor_w W]``."""

    factor: Pair
    mode: Interpolation

    name = "upsample"
    doc = "Makes height and width larger by whole factors: nearest, or bilinear."
    family = Family.RESIZE
    channelwise = True
    settings = (
        Setting("factor", "size"),
        Setting("mode", "interpolation", Interpolation.NEAREST),
    )

    @property
    def window(self) -> Enlargement:
        return Enlargement(self.factor, self.mode is Interpolation.BILINEAR)

    @property
    def detail(self) -> str:
        return f"{_sides(self.factor)}, {self.mode.value}"

    def row(self, type: TensorType) -> str:
        return f"{_sides(self.factor)} upsampling, {self.mode.value}"

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        need_spatial(operand, "upsample")
        sides = zip(operand.spatial, self.factor, strict=True)
        spatial = tuple(size * times for size, times in sides)
        return TensorType(operand.channels, spatial, operand.groups)

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        return Cost(elements=self.elements(type, operands, self.mode.value))


def _sides(pair: Pair) -> str:
    return f"{pair[0]}x{pair[1]}"


OPERATIONS: tuple[type[Operation], ...] = (MaxPool, AvgPool, GlobalAveragePool, Upsample)
