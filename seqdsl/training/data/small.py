"""Small images, a batch at a time: normalised, shifted and mirrored (section 4.1)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from seqdsl.source.frozen import frozen
from seqdsl.training.data.chance import Chance, Use

Bytes: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float32]

SHIFT = 8  # images are shifted by up to this part of their size: 4 pixels of 32


@frozen
class Look:
    """How small images are shown to a network."""

    means: tuple[float, ...]  # of each channel, in the images' own units
    deviations: tuple[float, ...]
    shape: tuple[int, ...]  # (channels, height, width) of the network's input
    mirrored: bool
    beyond: float = 0.0  # what is beyond an image's edge, normalised: the mean colour


def present(images: Bytes, look: Look, chance: Chance | None) -> Tensor:
    """``[N, c, h, w]`` bytes as a network takes them, float32 ``[N, C, H, W]``.

    With chance an image is mirrored one time in two, and moved by up to an eighth of its size: a
    random crop after a zero padding of 4 of what is normalised, where it is 32 pixels wide (He et
    al. 2016, and fb.resnet.torch).
    """
    channels, height, width = look.shape
    if chance and look.mirrored:
        chosen = np.flatnonzero(chance.below(Use.MIRROR, 2)[:, 0])
        images[chosen] = images[chosen][..., ::-1]
    means, deviations = (
        torch.tensor(values, dtype=torch.float32)[:, None, None]
        for values in (look.means, look.deviations)
    )
    values = torch.from_numpy(stretched(images, height, width)).float().sub_(means).div_(deviations)
    if chance:
        values = _moved(values, height // SHIFT, width // SHIFT, look.beyond, chance)
    return values.expand(-1, channels, -1, -1).contiguous()


def _moved(images: Tensor, down: int, right: int, beyond: float, chance: Chance) -> Tensor:
    """Images of which each is moved by up to so many pixels, down or up, right or left."""
    padded = torch.nn.functional.pad(images, (right, right, down, down), value=beyond).numpy()
    windows = sliding_window_view(padded, images.shape[2:], (2, 3))
    top, left = chance.below(Use.SHIFT, 2 * down + 1, 2 * right + 1).T
    return torch.from_numpy(windows[np.arange(len(padded)), :, top, left])


def stretched(images: Bytes, height: int, width: int) -> Bytes | Floats:
    """Images made larger, bilinearly: what is between two pixels' centres is between them."""
    if images.shape[2:] == (height, width):
        return images
    return _lines(_lines(images.astype(np.float32), 2, height), 3, width)


def _lines(images: Floats, axis: int, size: int) -> Floats:
    before = images.shape[axis]
    at = np.clip((np.arange(size) + 0.5) * before / size - 0.5, 0, before - 1)
    first = at.astype(np.int64)
    part = (at - first).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(4)])
    low = images.take(first, axis)
    high = images.take(np.minimum(first + 1, before - 1), axis)
    return np.asarray(low + (high - low) * part)
