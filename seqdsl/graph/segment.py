"""Channels of a node's output: what a feature map is made of before anything is joined or cut."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar


class Segment(NamedTuple):
    """Channels ``start`` up to ``stop`` of a node's output."""

    node: int
    start: int
    stop: int

    @property
    def width(self) -> int:
        return self.stop - self.start


S = TypeVar("S", bound=Segment)


def joined(segments: Iterable[S]) -> tuple[S, ...]:
    """The same channels, with neighbouring segments of one node made one."""
    runs: list[S] = []
    for segment in segments:
        if runs and runs[-1].node == segment.node and runs[-1].stop == segment.start:
            runs[-1] = runs[-1]._replace(stop=segment.stop)
        else:
            runs.append(segment)
    return tuple(runs)


def cut(segments: Iterable[S], start: int, stop: int) -> tuple[S, ...]:
    """Channels ``start`` up to ``stop`` of what segments are together."""
    found: list[S] = []
    offset = 0
    for segment in segments:
        low, high = max(start - offset, 0), min(stop - offset, segment.width)
        if low < high:
            found.append(segment._replace(start=segment.start + low, stop=segment.start + high))
        offset += segment.width
    return tuple(found)
