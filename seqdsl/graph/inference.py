"""The output type of an operation, by arithmetic on the types of its operands."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.operations import Operation, TypeProblem
from seqdsl.graph.tensor import TensorType
from seqdsl.source.limits import INTEGERS

MAX_COUNT = 2**63 - 1


def infer(operation: Operation, operands: Sequence[TensorType]) -> TensorType:
    """The type that an operation gives.

    Raises `TypeProblem` where the operands don't fit, or what is to be counted of them does not
    fit into 64 bits.
    """
    type = operation.infer(operands)
    if type.elements * max(operation.taps(operands), 1) > MAX_COUNT:
        raise TypeProblem(
            "integer-range",
            f"{type} by this operation is more than 64 bits can count",
            help=f"is a digit too many somewhere? {INTEGERS}",
        )
    return type
