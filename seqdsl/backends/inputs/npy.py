"""Reads an array that numpy saved: its header first, and nothing large before that is checked."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from seqdsl.backends.arrays import Array, machine_memory, spell_bytes
from seqdsl.backends.files import first_bytes, reason
from seqdsl.graph.tensor import spell_shape
from seqdsl.source.diagnostic import Failure, unlocated

MAGIC = b"\x93NUMPY"
_HEADER, _BEFORE = 10_000, 12  # bytes of the header, numpy's own limit, and before it
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_NUMBERS = "fiub"  # kinds of dtype: floats, integers, booleans


def read_npy(path: Path, shape: tuple[int, ...]) -> Array:
    """Read an array of ``shape``, or a batch of them, as a batch ``[N, *shape]``, float32.

    Any dtype of numbers, byte order and memory order. Raises `Failure`; what is too large for
    float32 becomes infinite.
    """
    start = io.BytesIO(first_bytes(path, _HEADER + _BEFORE))
    if not start.getvalue().startswith(MAGIC):
        raise _refused(path, "is no array that numpy saved")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's, of metadata that it drops
            found, in_columns, dtype = _header(start)
        count = _samples(path, found, dtype, shape)
        _require_whole(path, start.tell(), count, dtype)
        flat = np.fromfile(path, dtype, count, offset=start.tell())
    except Failure:
        raise
    except MemoryError:
        raise _refused(path, "needs more memory than there is") from None
    except Exception as error:  # whatever numpy's parser of headers comes upon
        raise _refused(path, f"can't be read: {reason(error)}") from None
    if len(flat) < count:
        raise _refused(path, "is cut off")
    array = flat.reshape(found, order="F" if in_columns else "C").reshape(-1, *shape)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, whether columns come first, and the type of what follows."""
    version = np.lib.format.read_magic(file)
    if version == (3, 0):  # of names that are not Latin-1, and an array of numbers has none
        raise ValueError("it is of version 3, and holds records")
    if version not in _READERS:
        raise ValueError(f"it is of version {version[0]}.{version[1]}")
    return _READERS[version](file, max_header_size=_HEADER)


def _samples(
    path: Path, found: tuple[int, ...], dtype: npt.DTypeLike, shape: tuple[int, ...]
) -> int:
    """How many numbers an array of some shape has. Raises `Failure` where it is no batch."""
    kind = np.dtype(dtype)
    if kind.kind not in _NUMBERS or kind.shape:
        raise _refused(path, f"holds {kind}, and numbers are needed")
    batch = found if len(found) == len(shape) + 1 else (1, *found)
    if batch[1:] != shape or batch[0] < 1:
        told = spell_shape(found)[:60] or "a single number"
        raise _refused(
            path,
            f"is {told}, and the network takes {spell_shape(shape)}",
            f"save an array of {spell_shape(shape)}, or a batch of them",
        )
    count = 1
    for side in batch:
        count *= side
    return count


def _require_whole(path: Path, start: int, count: int, dtype: np.dtype[Any]) -> None:
    """Raise `Failure` where the numbers are not all there, or are more than memory holds."""
    if path.stat().st_size - start < count * dtype.itemsize:
        raise _refused(path, "is cut off")
    needed, there = count * (dtype.itemsize + np.dtype(np.float32).itemsize), machine_memory()
    if needed > there:
        raise _refused(
            path,
            f"takes {spell_bytes(needed)}, and this machine has {spell_bytes(there)} of memory",
        )


def _refused(path: Path, what: str, help: str | None = None) -> Failure:
    return unlocated("unreadable-input", f"{path} {what}", path, help)
