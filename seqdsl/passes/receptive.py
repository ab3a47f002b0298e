"""Receptive fields: what of the input one element of a feature map can see, by arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.source.frozen import frozen_value

Length: TypeAlias = int | Fraction  # exact, and mostly whole


@frozen_value
class Field:
    """Along one axis: element p sees the pixels from ``start + p stride`` on, ``size`` of them.

    What lies beyond the input's borders counts, as is the custom.
    """

    start: Length
    stride: Length  # below 1 behind upsampling, whose elements share pixels
    size: Length

    @property
    def pixels(self) -> int:
        return ceil(self.size)


Fields: TypeAlias = tuple[Field, Field] | None  # height and width; None sees all of the input

_PIXEL = Field(0, 1, 1)


def receptive_fields(network: Network) -> list[Fields]:
    """The receptive field of every node, in their order."""
    found: list[Fields] = []
    for node in network.nodes:
        found.append(_of(node, [found[operand] for operand in node.operands]))
    return found


def _of(node: Node, operands: list[Fields]) -> Fields:
    operation = node.operation
    if not operands:
        return (_PIXEL, _PIXEL)
    if operation.sees_all:
        return None
    match operation.window:
        case ops.Window(reach=reach, stride=stride, padding=padding):
            return _through(operands[0], reach, stride, padding)
        case ops.Enlargement(factor=factor, blurred=blurred):
            return _raised(operands[0], factor, blurred)
        case None:
            return union(operands)


def _through(
    read: Fields, taps: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> Fields:
    """Of a window that slides over what is read."""
    if read is None:
        return None
    height, width = (
        Field(
            field.start - padding[axis] * field.stride,
            field.stride * stride[axis],
            field.size + (taps[axis] - 1) * field.stride,
        )
        for axis, field in enumerate(read)
    )
    return height, width


def _raised(read: Fields, factor: tuple[int, int], blurred: bool) -> Fields:
    """Of upsampling: the hull of what its elements see, which differ in where they stand between
    those that are read.
    """
    if read is None:
        return None
    fields: list[Field] = []
    for axis, field in enumerate(read):
        count, stride = factor[axis], Fraction(field.stride) / factor[axis]
        lag = field.stride - stride  # of the last of the elements that share one
        start, size = field.start - lag, field.size + lag
        if blurred and count > 1:  # one more on either side
            start, size = start - field.stride, size + 2 * field.stride
        fields.append(Field(start, stride, size))
    return fields[0], fields[1]


def union(operands: Sequence[Fields]) -> Fields:
    """Of what reads the same place of every operand; a hull, where their strides differ."""
    if any(read is None for read in operands):
        return None
    fields: list[Field] = []
    for axis in (0, 1):
        along = [read[axis] for read in operands if read is not None]
        start = min(field.start for field in along)
        stop = max(field.start + field.size for field in along)
        fields.append(Field(start, max(field.stride for field in along), stop - start))
    return fields[0], fields[1]
