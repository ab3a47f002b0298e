"""Pools as ONNX operators: each window where torch has it, and NaN for NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqdsl.backends.arrays import Array
from seqdsl.backends.onnx.emitter import Emitter
from seqdsl.graph.operations import AvgPool, MaxPool, Pair


def emit_max_pool(
    into: Emitter, pool: MaxPool, path: str, operand: str, sides: tuple[Pair, Pair], masked: bool
) -> None:
    """Emit a max pool from ``(height, width)`` to ``(height, width)``, as ``sides`` gives them.

    ``masked`` is for an operand that may hold NaN, which onnxruntime's max pools lose: a mean then
    shows which windows hold one. The mean of both infinities is NaN, too: something has overflowed
    there in any case.
    """
    attributes = _window(pool, *sides)
    if not masked:
        into.emit("MaxPool", [operand], path, **attributes)
        return
    if pool.kernel == (1, 1):  # the mean of one number is that number
        into.emit("AveragePool", [operand], path, **attributes)
        return
    nan = into.weight(f"{path}:nan", np.array(np.nan, np.float32))
    into.emit("MaxPool", [operand], f"{path}:numbers", **attributes)
    into.emit("AveragePool", [operand], f"{path}:means", **attributes, count_include_pad=1)
    into.emit("IsNaN", [f"{path}:means"], f"{path}:lost")
    into.emit("Where", [f"{path}:lost", nan, f"{path}:numbers"], path)


def emit_avg_pool(
    into: Emitter, pool: AvgPool, path: str, operand: str, sides: tuple[Pair, Pair]
) -> None:
    """Emit an average pool; its divisor counts the padding that is asked for, and no more.

    Not by ``ceil_mode``: what a window past the padding is divided by differs between versions.
    """
    attributes, counts = _window(pool, *sides), _counts(pool, sides)
    height, width = pool.kernel
    if (counts == height * width).all():
        into.emit("AveragePool", [operand], path, **attributes, count_include_pad=1)
    elif pool.padding == (0, 0):
        into.emit("AveragePool", [operand], path, **attributes, count_include_pad=0)
    else:
        into.emit("AveragePool", [operand], f"{path}:whole", **attributes, count_include_pad=1)
        factors = (height * width / counts).astype(np.float32)
        factor = into.weight(f"{path}:factors", factors)
        into.emit("Mul", [f"{path}:whole", factor], path)


def _window(pool: MaxPool | AvgPool, before: Pair, after: Pair) -> dict[str, Any]:
    """The attributes of a pool, with pads for each end: rounding down, they give torch's size.

    ONNX rounds up to windows that torch drops, as they lie in the padding.
    """
    ends = tuple(
        _end(*axis)
        for axis in zip(before, after, pool.kernel, pool.stride, pool.padding, strict=True)
    )
    return {
        "kernel_shape": pool.kernel,
        "strides": pool.stride,
        "pads": (*pool.padding, *ends),
    }


def _end(size: int, windows: int, kernel: int, stride: int, padding: int) -> int:
    """The padding at the far end of an axis: as at the near one, where that gives the windows."""
    if (size + 2 * padding - kernel) // stride + 1 == windows:
        return padding
    return max(0, (windows - 1) * stride + kernel - size - padding)


def _counts(pool: AvgPool, sides: tuple[Pair, Pair]) -> Array:
    """By how much torch divides the sum of each window ``[height, width]``."""
    height, width = (
        np.minimum(np.arange(windows) * stride + kernel, size + 2 * padding)
        - np.arange(windows) * stride
        for size, windows, kernel, stride, padding in zip(
            *sides, pool.kernel, pool.stride, pool.padding, strict=True
        )
    )
    return np.outer(height, width).astype(np.float32)
