"""What the engines that run networks share: where they are asked to run, and what they give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from seqdsl.backends.arrays import Array, Outputs
from seqdsl.graph.network import Network
from seqdsl.source.diagnostic import Failure, unlocated

NO_CUDA = "CUDA was asked for, and no CUDA device is to be had"


def random_input(network: Network, batch: int, rng: np.random.Generator) -> Array:
    """A batch ``[N, C, H, W]`` of the network's own size, of unit variance."""
    return rng.standard_normal((batch, *network.input.type.shape), dtype=np.float32)


def relative_error(actual: Array, expected: npt.NDArray[np.floating[Any]]) -> float:
    """max |actual - expected| / max |expected|, worked out in float64; NaN where there is one."""
    difference = np.abs(actual.astype(np.float64) - expected).max()
    return float(difference / max(np.abs(expected).max(), np.finfo(np.float32).tiny))


class Provider(Enum):
    """Where a network is to run."""

    AUTO = "auto"  # on CUDA where there is a device, else on the CPU
    CUDA = "cuda"
    CPU = "cpu"


class Dtype(Enum):
    """What a network computes in; what it takes and gives is float32."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outputs by name, and where they were really computed."""

    outputs: Outputs
    provider: str
    note: str | None  # why it was not the one asked for


def refused(engine: str, error: Exception, name: object = "model") -> Failure:
    """An engine's error as a diagnostic. Raises MemoryError where that is what it lacks."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, MemoryError) or any(words in reason.lower() for words in _NO_MEMORY):
        raise MemoryError(f"{engine} says: {reason}")
    return unlocated("backend", f"{engine} refuses it: {reason}", name)


_NO_MEMORY = ("allocate memory", "out of memory", "bad allocation", "bad_alloc", "failed to alloc")
