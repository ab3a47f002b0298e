"""Which groups of a sequence a group of an aggregation sees (section 3.1)."""

from __future__ import annotations

from seqdsl.semantic.values.value import (
    AllWindow,
    LastWindow,
    PowersWindow,
    SlidingWindow,
    Window,
)


def offsets(window: Window | tuple[int, ...], known: int, inputs: int) -> list[int]:
    """The offsets ``o`` of the groups x_{i-o} that x_i sees, the farthest first.

    ``known`` groups come before x_i in the sequence, ``inputs`` of them from the input (g').
    Offsets past the first group are left out.
    """
    match window:
        case AllWindow():
            reach: list[int] = list(range(1, known + 1))
        case SlidingWindow():
            reach = list(range(1, inputs + 1))
        case LastWindow(count=count):
            reach = list(range(1, min(count, known) + 1))
        case PowersWindow(base=base):
            reach, offset = [], 1
            while offset <= known:
                reach.append(offset)
                offset *= base
        case _:
            reach = sorted({offset for offset in window if offset <= known})
    return reach[::-1]
