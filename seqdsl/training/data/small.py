"""Small images, a batch at a time: normalised, shifted and mirrored (section 4.1)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from seqdsl.backends.arrays import Bytes
from seqdsl.backends.inputs.preprocessing import Preprocessing
from seqdsl.source.frozen import frozen
from seqdsl.training.data.chance import Chance, Use

SHIFT = 8  # images are shifted by up to this part of their size: 4 pixels of 32


@frozen
class Look:
    """How small images are shown to a network that trains."""

    preprocessing: Preprocessing
    channels: int  # of the network's input
    mirrored: bool
    beyond: float = 0.0  # what is beyond an image's edge, normalised: the mean colour


def present(images: Bytes, look: Look, chance: Chance | None) -> Tensor:
    """``[N, c, H, W]`` bytes as a network takes them, float32 ``[N, C, H, W]``.

    With chance an image is mirrored one time in two, and moved by up to an eighth of its size: a
    random crop after a zero padding of 4 of what is normalised, where it is 32 pixels wide (He et
    al. 2016, and fb.resnet.torch).
    """
    if chance and look.mirrored:
        chosen = np.flatnonzero(chance.below(Use.MIRROR, 2)[:, 0])
        images[chosen] = images[chosen][..., ::-1]
    values = torch.from_numpy(look.preprocessing.normal(images, look.channels))
    if chance is None:
        return values
    height, width = look.preprocessing.size
    return _moved(values, height // SHIFT, width // SHIFT, look.beyond, chance)


def _moved(images: Tensor, down: int, right: int, beyond: float, chance: Chance) -> Tensor:
    """Images of which each is moved by up to so many pixels, down or up, right or left."""
    padded = torch.nn.functional.pad(images, (right, right, down, down), value=beyond).numpy()
    windows = sliding_window_view(padded, images.shape[2:], (2, 3))
    top, left = chance.below(Use.SHIFT, 2 * down + 1, 2 * right + 1).T
    return torch.from_numpy(windows[np.arange(len(padded)), :, top, left])
