"""Arrays of numbers, as every backend takes and gives them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

Array: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
State: TypeAlias = dict[str, Array]
Outputs: TypeAlias = dict[str, Array]  # what a network gives, by name: the logits first


def as_arrays(state: Mapping[str, Array | torch.Tensor]) -> State:
    """Numpy arrays of what may be tensors on any device."""
    return {key: _array(value) for key, value in state.items()}


def _array(value: Array | torch.Tensor) -> Array:
    detach = getattr(value, "detach", None)
    return np.asarray(detach().float().cpu().numpy() if detach else value)


def not_finite(array: Array) -> int:
    """How many elements are NaN or infinite."""
    return array.size - int(np.count_nonzero(np.isfinite(array)))


def machine_memory() -> int:
    """Bytes of memory of this machine, or 64 GB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 64 * 10**9


def spell_bytes(count: int) -> str:
    return f"{count / 10**9:,.0f} GB" if count < 10**18 else f"{float(count):.1e} bytes"
