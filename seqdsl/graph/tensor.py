"""The type of a feature map: its shape, and how its channels are grouped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from seqdsl.source.frozen import frozen_value


@frozen_value
class TensorType:
    """A feature map without its batch axis.

    ``groups`` lists the channels of each group in order and sums to ``channels``;
    a map without a hierarchy is one group. ``spatial`` is ``(height, width)``, or ``()`` for
    the vector that a linear layer gives.
    """

    channels: int
    spatial: tuple[int, ...]
    groups: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """``(channels, height, width)``, or ``(channels,)`` of a vector."""
        return (self.channels, *self.spatial)

    @property
    def elements(self) -> int:
        """The number of elements of one sample."""
        count = self.channels
        for size in self.spatial:
            count *= size
        return count

    def __str__(self) -> str:
        shape = spell_shape(self.shape)
        if len(self.groups) == 1:
            return shape
        if len(set(self.groups)) == 1:
            return f"{shape} ({len(self.groups)} groups of {self.groups[0]})"
        return f"{shape} (groups of {', '.join(map(str, self.groups))})"


def spell_shape(shape: Iterable[int]) -> str:
    """``128x56x56``."""
    return "x".join(map(str, shape))


def chained(types: Sequence[TensorType]) -> TensorType:
    """Feature maps after one another along the channels, each with its groups."""
    groups = tuple(width for each in types for width in each.groups)
    return TensorType(sum(groups), types[0].spatial, groups)


def boundaries(groups: tuple[int, ...]) -> tuple[int, ...]:
    """The channel offsets at which groups begin, and the total: ``(2, 3)`` gives ``(0, 2, 5)``."""
    return tuple(accumulate(groups, initial=0))


def from_boundaries(offsets: list[int]) -> tuple[int, ...]:
    """The inverse of `boundaries`."""
    return tuple(stop - start for start, stop in pairwise(offsets))
