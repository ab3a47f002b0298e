"""Where everything of a picture is, as a layout engine places it."""

from __future__ import annotations

import json
from typing import Any

from seqdsl.backends.drawing.scene import Point
from seqdsl.source.frozen import frozen


@frozen
class Layout:
    """Points with y downwards; boxes and arrows as the picture orders them, frames by number."""

    width: float
    height: float
    centers: tuple[Point, ...]  # of boxes
    frames: dict[int, tuple[float, float, float, float]]  # left, top, width, height
    arrows: tuple[tuple[Point, ...], ...]  # a start, and three points for each Bezier piece
    tips: tuple[Point, ...]  # where each arrow's head ends
    labels: tuple[Point | None, ...]  # the middle of what each arrow says


def read_layout(data: bytes) -> Layout:
    """A layout as Graphviz writes it with ``-Tjson``."""
    found: dict[str, Any] = json.loads(data)
    _, _, width, height = _numbers(found["bb"])

    def flipped(text: str) -> Point:
        x, y = _numbers(text)
        return x, height - y

    centers: dict[int, Point] = {}
    frames: dict[int, tuple[float, float, float, float]] = {}
    for each in found.get("objects", ()):
        kind, number = each["name"][0], each["name"]
        if "bb" in each:
            left, bottom, right, top = _numbers(each["bb"])
            frames[int(number.removeprefix("cluster_"))] = (
                left, height - top, right - left, top - bottom,
            )  # fmt: skip
        elif kind == "n":
            centers[int(number[1:])] = flipped(each["pos"])
    arrows: list[tuple[Point, ...]] = []
    tips: list[Point] = []
    labels: list[Point | None] = []
    for edge in sorted(found.get("edges", ()), key=lambda each: int(each["id"][1:])):
        words = edge["pos"].split()
        points = tuple(flipped(word) for word in words if word[0] not in "es")
        end = next((flipped(word[2:]) for word in words if word[0] == "e"), points[-1])
        arrows.append(points)
        tips.append(end)
        labels.append(flipped(edge["lp"]) if "lp" in edge else None)
    return Layout(
        width, height, tuple(centers[i] for i in range(len(centers))), frames, tuple(arrows),
        tuple(tips), tuple(labels),
    )  # fmt: skip


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]
