"""What the engines that run networks share: where they are asked to run, and what they give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from seqdsl.backends.weights import Outputs
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure

NO_CUDA = "CUDA was asked for, and no CUDA device is to be had"


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


def refused(engine: str, error: Exception) -> Failure:
    """An engine's error as a diagnostic. Raises MemoryError where that is what it lacks."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, MemoryError) or any(words in reason.lower() for words in _NO_MEMORY):
        raise MemoryError(f"{engine} says: {reason}")
    return Failure(
        Diagnostic(BY_NAME["backend"], f"{engine} refuses it: {reason}", None, name="model")
    )


_NO_MEMORY = ("allocate memory", "out of memory", "bad allocation", "bad_alloc", "failed to alloc")
