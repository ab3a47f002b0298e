"""Channels of a node's output: what a feature map is made of before anything is joined or cut."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Segment(NamedTuple):
    """Channels ``start`` up to ``stop`` of a node's output."""

    node: int
    start: int
    stop: int

    @property
    def width(self) -> int:
        return self.stop - self.start


def joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The same channels, with neighbouring segments of one node made one."""
    runs: list[Segment] = []
    for segment in segments:
        if runs and runs[-1].node == segment.node and runs[-1].stop == segment.start:
            runs[-1] = Segment(segment.node, runs[-1].start, segment.stop)
        else:
            runs.append(segment)
    return tuple(runs)


def cut(segments: Iterable[Segment], start: int, stop: int) -> tuple[Segment, ...]:
    """Channels ``start`` up to ``stop`` of what segments are together."""
    found: list[Segment] = []
    offset = 0
    for segment in segments:
        low, high = max(start - offset, 0), min(stop - offset, segment.width)
        if low < high:
            found.append(Segment(segment.node, segment.start + low, segment.start + high))
        offset += segment.width
    return tuple(found)
