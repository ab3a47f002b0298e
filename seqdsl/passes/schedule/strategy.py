"""What a user can ask of the schedules of a network."""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeAlias


class Strategy(Enum):
    """What a user can ask for."""

    AUTO = "auto"  # what the cost model finds best, an aggregation at a time
    GATHER = "gather"  # as the equations say: a group's window joined, then one convolution
    SCATTER = "scatter"  # each group, once known, is convolved for all later ones at once
    BLOCKED = "blocked"  # between the two: some groups share the convolution over what is known


OF_TORCH = (Strategy.AUTO, Strategy.GATHER)  # the others are of onnxruntime alone
STRATEGIES = [strategy.value for strategy in Strategy]
ScheduleName: TypeAlias = Literal["auto", "gather", "scatter", "blocked"]  # as in STRATEGIES
TorchScheduleName: TypeAlias = Literal["auto", "gather"]  # as in OF_TORCH
