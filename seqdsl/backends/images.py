"""Reads what a network is to look at: image files, and arrays that numpy saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqdsl.backends.files import first_bytes
from seqdsl.backends.weights import Array, not_finite
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import unlocated

if TYPE_CHECKING:
    from PIL import Image

# Channel means and standard deviations (section 4.1), red, green, blue, of pixels in 0..1.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CIFAR = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))

CIFAR_SIZE = 32  # inputs up to this size are CIFAR's: the whole image, not a crop of it
CROP = 224 / 256  # of the shorter side, as ImageNet's single centre crop
MAX_PIXELS = 100_000_000
_NPY = b"\x93NUMPY"


def read_input(path: Path, type: TensorType) -> Array:
    """A batch ``[N, C, H, W]`` for a network's input, float32.

    An image is resized, centre-cropped and normalised (section 4.1); a ``.npy`` file is taken
    as it is, ``[C, H, W]`` or ``[N, C, H, W]``. Raises `Failure`, for NaN and infinity, too.
    """
    start = first_bytes(path, len(_NPY))
    if path.suffix.lower() != ".npy":
        return _read_image(path, type)
    if start != _NPY:
        raise unlocated("unreadable-input", f"{path} is no array that numpy saved", path)
    batch = _read_array(path, type)
    bad = not_finite(batch)
    if bad:
        raise unlocated(
            "not-finite", f"{path} holds NaN or infinity ({bad:,} of {batch.size:,})", path
        )
    return batch


def _read_array(path: Path, type: TensorType) -> Array:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise unlocated("unreadable-input", f"{path} can't be read: {error}", path) from None
    if array.dtype.kind not in "fiub":
        raise unlocated(
            "unreadable-input", f"{path} holds {array.dtype}, and numbers are needed", path
        )
    batch = array[None] if array.ndim == 3 else array
    if batch.ndim != 4 or batch.shape[1:] != type.shape or not len(batch):
        raise unlocated(
            "unreadable-input",
            f"{path} is {_shape(array.shape)}, and the network takes {_shape(type.shape)}",
            path,
            f"save an array of {_shape(type.shape)}, or a batch of them",
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        return np.ascontiguousarray(batch, dtype=np.float32)


def _read_image(path: Path, type: TensorType) -> Array:
    from PIL import Image, UnidentifiedImageError

    if type.channels not in (1, 3):
        raise unlocated(
            "unreadable-input",
            f"an image has 1 or 3 channels, and the network takes {type.channels}",
            path,
            "give an array as a .npy file",
        )
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise unlocated("unreadable-input", f"{path} has too many pixels", path)
            image = opened.convert("RGB" if type.channels == 3 else "L")
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise unlocated("unreadable-input", f"{path} is no image that can be read", path) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise unlocated("unreadable-input", f"{path} can't be read: {error}", path) from None
    height, width = type.spatial
    size, scaled = (image.width, image.height), covering(image, height, width)
    if scaled[0] * scaled[1] > MAX_PIXELS:
        raise unlocated(
            "unreadable-input",
            f"{path} is {_shape(size)}, and would have to be {_shape(scaled)} to fill an input of "
            f"{width}x{height}",
            path,
            f"an image of at most {MAX_PIXELS:,} pixels is made",
        )
    pixels = np.asarray(centred(image, scaled, height, width), np.float32) / 255
    pixels = pixels.reshape(height, width, type.channels)
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    means, deviations = CIFAR if max(height, width) <= CIFAR_SIZE else IMAGENET
    if type.channels == 1:
        means, deviations = means[1:2], deviations[1:2]
    normal = (pixels - np.array(means, np.float32)) / np.array(deviations, np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None])


def covering(image: Image.Image, height: int, width: int) -> tuple[int, int]:
    """The width and height at which an image covers the crop; small inputs see all of it."""
    crop = 1.0 if max(height, width) <= CIFAR_SIZE else CROP
    scale = max(height / image.height, width / image.width) / crop
    return max(width, round(image.width * scale)), max(height, round(image.height * scale))


def centred(image: Image.Image, scaled: tuple[int, int], height: int, width: int) -> Image.Image:
    """Resizes with bilinear filtering and crops the centre."""
    from PIL import Image

    resized = image.resize(scaled, Image.Resampling.BILINEAR)
    left, top = (scaled[0] - width) // 2, (scaled[1] - height) // 2
    return resized.crop((left, top, left + width, top + height))


def softmax(logits: Array) -> Array:
    """Probabilities of one sample's logits."""
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum(), np.float32)


def top_k(probabilities: Array, k: int = 5) -> list[tuple[int, float]]:
    """The k likeliest classes of one sample, as index and probability."""
    order = np.argsort(-probabilities, kind="stable")[:k]
    return [(int(index), float(probabilities[index])) for index in order]


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
