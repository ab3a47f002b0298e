"""Activations, and the softmax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from fractions import Fraction

from seqdsl.graph.costs import Cost
from seqdsl.graph.operations.base import Face, Family, Operation, Setting
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen_value

__all__ = ["Activation", "Elu", "Function", "LeakyRelu", "Softmax"]


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


class _Elementwise(Operation):
    __slots__ = ()

    family = Family.ACTIVATION
    elementwise = True
    channelwise = True
    face = Face.ACTIVATED

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return operands[0]

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        return Cost(activated=type.elements, elements=self.elements(type, operands))


@frozen_value
class Activation(_Elementwise):
    """One of the activations without settings; each is a word of the language."""

    function: Function

    name = "activation"
    doc = "The activation {function}, elementwise."

    @property
    def word(self) -> str:
        return self.function.value

    def attributes(self) -> Iterator[tuple[str, object]]:
        return iter(())  # its word says all


@frozen_value
class LeakyRelu(_Elementwise):
    """``x`` above zero, ``slope x`` below."""

    slope: float

    name = "leaky_relu"
    doc = "The activation leaky ReLU, elementwise: `slope` below zero, 1 above."
    settings = (Setting("slope", "number", Fraction(1, 100), "the slope below zero"),)

    @property
    def detail(self) -> str:
        return f"{self.slope:g}"


@frozen_value
class Elu(_Elementwise):
    """``x`` above zero, ``alpha (exp(x) - 1)`` below (Clevert et al. 2016)."""

    alpha: float

    name = "elu"
    doc = "The activation ELU, elementwise: it tends to `-alpha` far below zero."
    settings = (Setting("alpha", "number", Fraction(1), "the scale below zero"),)

    @property
    def detail(self) -> str:
        return f"{self.alpha:g}"


@frozen_value
class Softmax(Operation):
    """Over the channels."""

    name = "softmax"
    doc = "Softmax over the channels."
    family = Family.ACTIVATION
    settings = ()

    def row(self, type: TensorType) -> str:
        return self.name

    def cost(self, type: TensorType, operands: Sequence[TensorType]) -> Cost:
        return Cost(elements=self.elements(type, operands))

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return operands[0]


OPERATIONS: tuple[type[Operation], ...] = (Activation, LeakyRelu, Elu, Softmax)
