"""Normalisations: what they give has their operand as its raw face."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from seqdsl.graph.costs import Cost
from seqdsl.graph.operations.base import (
    ABOVE_ZERO,
    FROM_0_TO_1,
    Face,
    Family,
    Operation,
    Role,
    Setting,
    Shapes,
)
from seqdsl.graph.operations.shapes import need_spatial
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen_value

__all__ = ["BatchNorm", "LayerNorm"]

_EPS = "what is added to the variance"


@frozen_value
class BatchNorm(Operation):
    """Per channel; weight, bias, running mean and running variance of ``[channels]``."""

    eps: float
    momentum: float  # of the running statistics, as torch defines it

    name = "batch_norm"
    doc = "Batch normalisation; its input stays as the raw face of what comes out."
    family = Family.NORM
    channelwise = True
    face = Face.OPENED
    settings = (
        Setting("eps", "number", Fraction(1, 100_000), _EPS, ABOVE_ZERO),
        Setting(
            "momentum", "number", Fraction(1, 10),
            "the share of each batch in the running statistics", FROM_0_TO_1,
        ),
    )  # fmt: skip

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        need_spatial(operands[0], "batch_norm")
        return operands[0]

    def parameters(self, type: TensorType, operands: Sequence[TensorType]) -> Shapes:
        return tuple((role, (type.channels,)) for role in Role)

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        params = 2 * type.channels
        return Cost(params, normalized=type.elements, norm_params=params)


@frozen_value
class LayerNorm(Operation):
    """Over the channels of each position, as ConvNeXt has it (Liu et al. 2022): with the mean and
    the biased variance of its ``C`` channels, ``(x - mean) / sqrt(variance + eps)``, times a
    weight, plus a bias, each of ``[channels]``.
    """

    eps: float

    name = "layer_norm"
    doc = "Layer normalisation over the channels of each position; its input stays the raw face."
    family = Family.NORM
    face = Face.OPENED
    settings = (Setting("eps", "number", Fraction(1, 1_000_000), _EPS, ABOVE_ZERO),)

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return operands[0]

    def parameters(self, type: TensorType, operands: Sequence[TensorType]) -> Shapes:
        return ((Role.WEIGHT, (type.channels,)), (Role.BIAS, (type.channels,)))

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        params = 2 * type.channels
        return Cost(params, norm_params=params, elements=self.elements(type, operands))


OPERATIONS: tuple[type[Operation], ...] = (BatchNorm, LayerNorm)
