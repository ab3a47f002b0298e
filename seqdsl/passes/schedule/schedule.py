"""How the convolutions of an aggregation are computed: a choice of the compiler's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from seqdsl.source.frozen import frozen_value

if TYPE_CHECKING:
    from seqdsl.passes.schedule.aggregations import Convolutions


@frozen_value
class Schedule:
    """How the convolutions of an aggregation are computed.

    ``block`` groups share one convolution over all that is known before the first of them; what
    they give each other is added by convolutions of their own. ``chunk`` is the number of
    channels that a convolution reads at most, the sums of several being added up; 0 for all, which
    costs a concatenation. ``scatter`` has every group convolved for all that come behind it.
    """

    block: int = 1
    chunk: int = 0
    scatter: bool = False


GATHER = Schedule()

Schedules: TypeAlias = Mapping["Convolutions", Schedule]
