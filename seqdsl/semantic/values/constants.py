"""The names that stand for a value everywhere, and the functions."""

from __future__ import annotations

from collections.abc import Callable

from seqdsl.graph.operations import Init, Interpolation
from seqdsl.semantic.values.value import (
    AllWindow,
    InputWord,
    LastWindow,
    PowersWindow,
    SizeValue,
    SlidingWindow,
    Value,
)

CONSTANTS: dict[str, Value] = {
    "none": None,
    "true": True,
    "false": False,
    "he": Init.HE,
    "glorot": Init.GLOROT,
    "zero": Init.ZERO,
    "nearest": Interpolation.NEAREST,
    "bilinear": Interpolation.BILINEAR,
    "all": AllWindow(),
    "sliding": SlidingWindow(),
    "input": InputWord(),
}

# Of each: how many arguments it takes at the least, and at the most.
FUNCTIONS: dict[str, tuple[int, int, Callable[[list[int]], Value] | None]] = {
    "min": (1, 64, min),
    "max": (1, 64, max),
    "size": (2, 3, lambda v: SizeValue(tuple(v))),
    "last": (1, 1, lambda v: LastWindow(v[0])),
    "powers": (1, 1, lambda v: PowersWindow(v[0])),
}
