"""What combines several feature maps element by element, and dropout."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.costs import Cost
from seqdsl.graph.operations.base import Face, Family, Operation, Setting, TypeProblem
from seqdsl.graph.operations.shapes import common_groups, same_shape, spelled
from seqdsl.graph.tensor import TensorType, spell_shape
from seqdsl.source.frozen import frozen_value

__all__ = ["Add", "Dropout", "Mean", "Multiply"]


class _Combination(Operation):
    __slots__ = ()

    family = Family.COMBINATION
    several = True
    symmetric = True
    channelwise = True
    settings = ()

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        return Cost(elements=self.elements(type, operands))


@frozen_value
class Add(_Combination):
    """The elementwise sum of all operands."""

    name = "add"
    doc = "The elementwise sum: `add skip`, `add a, b`."
    family = Family.SUM

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return _alike(operands, "add")


@frozen_value
class Mean(_Combination):
    """The elementwise mean of all operands."""

    name = "mean"
    doc = "The elementwise mean: `mean a, b, c`."

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return _alike(operands, "average")


@frozen_value
class Multiply(_Combination):
    """The elementwise product of all operands; a side of 1 serves every position."""

    name = "multiply"
    doc = "The elementwise product; a gate of Cx1x1 scales channels."

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        """Each side is the same in all operands, or 1 and repeated, as those of a gate Cx1x1."""
        shape = operands[0].shape
        for position, other in enumerate(operands[1:], 1):
            same_rank = len(other.shape) == len(shape)
            sides = zip(shape, other.shape, strict=False)
            if not same_rank or any(a != b and 1 not in (a, b) for a, b in sides):
                raise TypeProblem(
                    "multiply-mismatch",
                    f"can't multiply feature maps of {spell_shape(shape)} and {spelled(other)}",
                    operand=position,
                    help="each side is the same in both, or 1: a gate of 64x1x1 scales the "
                    "channels of 64x56x56"
                    if same_rank
                    else "make the gate with 1x1 convolutions: a linear layer gives a vector",
                    recovery=operands[0],
                )
            shape = tuple(map(max, shape, other.shape))
        channels, *spatial = shape
        whole = all(operand.channels == channels for operand in operands)
        groups = common_groups(operands) if whole else (channels,)  # one channel enters all groups
        return TensorType(channels, tuple(spatial), groups)


def _alike(operands: Sequence[TensorType], verb: str) -> TensorType:
    first = operands[0]
    for position, other in enumerate(operands[1:], 1):
        if bool(other.spatial) != bool(first.spatial):
            raise TypeProblem(
                "vector-operand",
                f"can't add a vector and a feature map: {spelled(first)} and {spelled(other)}",
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
                f"{spelled(first)} and {spelled(other)}",
                operand=position,
                help=same_shape(first, other),
                recovery=first,
            )
    return TensorType(first.channels, first.spatial, common_groups(operands))


@frozen_value
class Dropout(Operation):
    """Zeroes elements at random in training; at inference it does nothing."""

    rate: float  # the probability of a zero while training

    name = "dropout"
    doc = "Zeroes elements at random while training; the raw face passes untouched."
    family = Family.DROPOUT
    elementwise = True
    channelwise = True
    face = Face.KEPT
    inert = True
    settings = (Setting("rate", "number"),)

    @property
    def detail(self) -> str:
        return f"{self.rate:g}"

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return operands[0]


OPERATIONS: tuple[type[Operation], ...] = (Add, Mean, Multiply, Dropout)
