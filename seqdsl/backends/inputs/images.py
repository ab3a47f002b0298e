"""Reads what a network is to look at: a picture, or an array that numpy saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqdsl.backends.arrays import Array, not_finite
from seqdsl.backends.files import require_readable
from seqdsl.backends.inputs.npy import read_npy
from seqdsl.backends.inputs.pictures import NotAPictureError, decode
from seqdsl.backends.inputs.preprocessing import Preprocessing, usual
from seqdsl.graph.tensor import TensorType, spell_shape
from seqdsl.source.diagnostic import Failure, unlocated


def is_array(path: Path) -> bool:
    """Whether a file is taken as it is, by its name: an array, and no picture."""
    return path.suffix.lower() == ".npy"


def takes_pictures(type: TensorType) -> bool:
    """Whether a picture can be made an input of this type."""
    return type.channels in (1, 3) and len(type.spatial) == 2


def read_input(path: Path, type: TensorType, how: Preprocessing | None = None) -> Array:
    """A batch ``[N, C, H, W]`` for a network's input, float32.

    A picture is made an input as ``how`` says, or as `usual`; a ``.npy`` file is taken as it is,
    ``[C, H, W]`` or ``[N, C, H, W]``. Raises `Failure`, for NaN and infinity, too.
    """
    if not is_array(path):
        return _read_picture(path, type, how)
    batch = read_npy(path, type.shape)
    bad = not_finite(batch)
    if bad:
        raise unlocated(
            "not-finite", f"{path} holds NaN or infinity ({bad:,} of {batch.size:,})", path
        )
    return batch


def _read_picture(path: Path, type: TensorType, how: Preprocessing | None) -> Array:
    require_readable(path)
    if not takes_pictures(type):
        raise _refused(
            path,
            f"{path} is taken for a picture, which has 1 or 3 channels, and the network takes "
            f"{spell_shape(type.shape)}",
            f"save an array of {spell_shape(type.shape)}, or a batch of them, as a .npy file",
        )
    how = how or usual(type)[1]
    try:
        return how.input(decode(path, how.color), type.channels)
    except NotAPictureError as error:
        raise _refused(path, f"{path} {error.what}", error.help) from None
    except ValueError as error:
        raise _refused(path, f"{path} does not fit: {error}") from None


def _refused(path: Path, message: str, help: str | None = None) -> Failure:
    return unlocated("unreadable-input", message, path, help)


def softmax(logits: Array) -> Array:
    """Probabilities of one sample's logits."""
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum(), np.float32)


def top_k(probabilities: Array, k: int = 5) -> list[tuple[int, float]]:
    """The k likeliest classes of one sample, as index and probability."""
    order = np.argsort(-probabilities, kind="stable")[:k]
    return [(int(index), float(probabilities[index])) for index in order]
