"""What joins, takes, deals out or pads channels, and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.operations.base import Family, Operation, Setting, TypeProblem
from seqdsl.graph.operations.shapes import need_spatial, same_size, spelled
from seqdsl.graph.segment import S, cut, joined
from seqdsl.graph.tensor import TensorType, boundaries, from_boundaries
from seqdsl.source.frozen import frozen_value

__all__ = ["Concat", "PadChannels", "Shuffle", "Slice"]

MAX_GROUPS = 10_000  # of zeros that channels are padded with; more are one group


@frozen_value
class Concat(Operation):
    """All operands after one another along the channels."""

    name = "concat"
    doc = ""  # the language has `concatenate`, which joins values: a node comes with a reader
    family = Family.CONCATENATION
    several = True

    def row(self, type: TensorType) -> str:
        return f"concatenate, {type.channels}"

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        first = operands[0]
        for position, other in enumerate(operands[1:], 1):
            if other.spatial != first.spatial:
                raise TypeProblem(
                    "concat-mismatch",
                    f"can't concatenate {spelled(first)} and {spelled(other)}: their height and "
                    "width differ",
                    operand=position,
                    help=same_size(first.spatial, other.spatial),
                    recovery=first,
                )
        groups = tuple(size for operand in operands for size in operand.groups)
        return TensorType(sum(groups), first.spatial, groups)

    def routed(self, operands: Sequence[tuple[S, ...]]) -> tuple[S, ...]:
        return joined(segment for operand in operands for segment in operand)


@frozen_value
class Slice(Operation):
    """Channels ``start`` up to, not including, ``stop``."""

    start: int
    stop: int

    name = "slice"
    doc = ""
    family = Family.CHANNELS

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        start, stop = self.start, self.stop
        inner = [offset for offset in boundaries(operand.groups) if start < offset < stop]
        groups = from_boundaries([start, *inner, stop])
        return TensorType(stop - start, operand.spatial, groups)

    def routed(self, operands: Sequence[tuple[S, ...]]) -> tuple[S, ...]:
        return cut(operands[0], self.start, self.stop)


@frozen_value
class Shuffle(Operation):
    """Channels dealt out over the groups: channel ``i`` of group ``j`` of ``g`` goes to
    ``i g + j`` (Zhang et al. 2018).
    """

    groups: int

    name = "shuffle"
    doc = "Deals the channels of each group out, so that the next groups mix them."
    family = Family.CHANNELS
    settings = (Setting("groups", "positive"),)

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        """One group: every stretch of channels then holds some of each."""
        (operand,) = operands
        need_spatial(operand, "shuffle")
        whole = TensorType(operand.channels, operand.spatial, (operand.channels,))
        if operand.channels % self.groups:
            raise TypeProblem(
                "groups-divide",
                f"{operand.channels} channels can't be divided into {self.groups} groups",
                operand=0,
                help=f"choose groups that divide {operand.channels}",
                recovery=whole,
            )
        return whole


@frozen_value
class PadChannels(Operation):
    """Channels of zeros behind those of the operand (option A of He et al. 2015)."""

    zeros: int  # how many

    name = "pad_channels"
    doc = "Zeros behind the channels, up to a width."
    family = Family.CHANNELS
    settings = (Setting("width", "positive"),)

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        """The zeros are in groups of the operand's size, where that divides them, or in one."""
        (operand,) = operands
        need_spatial(operand, "pad_channels")
        size, zeros = operand.groups[0], self.zeros
        alike = len(set(operand.groups)) == 1 and zeros % size == 0 and zeros // size <= MAX_GROUPS
        groups = operand.groups + ((size,) * (zeros // size) if alike else (zeros,))
        return TensorType(operand.channels + zeros, operand.spatial, groups)


OPERATIONS: tuple[type[Operation], ...] = (Concat, Slice, Shuffle, PadChannels)
