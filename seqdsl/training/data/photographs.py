"""Photographs for larger networks: ImageNet's standard augmentation, and the centre crop.

As fb.resnet.torch has it, whose ResNets the paper follows: a crop of 8 to 100 % of the area and of
3:4 to 4:3; brightness, contrast and saturation by up to 40 % in random order; lighting of deviation
0.1 along the principal components of ImageNet's colours; a mirror image one time in two. Resizing
is bilinear and antialiased throughout, as that of `seqdsl run`, where fb.resnet.torch is bicubic.
"""

from __future__ import annotations

from itertools import permutations
from math import sqrt
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from seqdsl.backends.arrays import Array, Bytes
from seqdsl.backends.inputs.preprocessing import Preprocessing
from seqdsl.source.frozen import frozen
from seqdsl.training.data.chance import Chance, Numbers, Use
from seqdsl.training.data.small import Look, present

AREA = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)
TRIES = 10
JITTER = 0.4
LIGHTING = 0.1
GREY = (0.299, 0.587, 0.114)  # of red, green and blue
# The principal components of ImageNet's colours, each a column, and their deviations.
COMPONENTS = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)
SPREADS = np.array([0.2175, 0.0188, 0.0045])

Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom
_ORDERS = tuple(permutations(range(3)))


@frozen
class Whole:
    """Small inputs see the whole image, resized: CIFAR's augmentation."""

    look: Look

    @property
    def preprocessing(self) -> Preprocessing:
        return self.look.preprocessing

    def pixels(self, image: Image.Image, chance: Chance | None) -> Bytes:  # noqa: ARG002
        return self.preprocessing.pixels(image)

    def batch(self, images: Bytes, chance: Chance | None) -> Tensor:
        return present(images, self.look, chance)


@frozen
class Cropped:
    """Larger inputs see a part of it: ImageNet's."""

    preprocessing: Preprocessing
    channels: int  # of the network's input

    def pixels(self, image: Image.Image, chance: Chance | None) -> Bytes:
        """``[c, H, W]`` of one image, in its own colours."""
        height, width = self.preprocessing.size
        if chance is None:
            return self.preprocessing.pixels(image)
        part = image.crop(random_box(image.size, width / height, chance))
        pixels = planes(part.resize((width, height), Image.Resampling.BILINEAR))
        return pixels[..., ::-1] if chance.below(Use.MIRROR, 2)[0, 0] else pixels

    def batch(self, images: Bytes, chance: Chance | None) -> Tensor:
        """Images normalised; by chance their colours change."""
        if chance is None:
            return torch.from_numpy(self.preprocessing.normal(images, self.channels))
        shown = np.empty(images.shape, np.float32)
        for sample, pixels in enumerate(images):
            shown[sample] = coloured(pixels, self.preprocessing, chance.at(sample))
        return torch.from_numpy(shown).expand(-1, self.channels, -1, -1).contiguous()


def random_box(size: tuple[int, int], aspect: float, chance: Chance) -> Box:
    """A part of an image for a crop of some width by height; the centre, where none fits."""
    numbers = chance.uniform(Use.CROP, 5 * TRIES).reshape(TRIES, 5)
    for area, ratio, turn, x, y in numbers.tolist():
        part = size[0] * size[1] * (AREA[0] + (AREA[1] - AREA[0]) * area)
        across = RATIO[0] + (RATIO[1] - RATIO[0]) * ratio
        across = aspect * (across if turn < 0.5 else 1 / across)
        width, height = round(sqrt(part * across)), round(sqrt(part / across))
        if 0 < width <= size[0] and 0 < height <= size[1]:
            left, top = int(x * (size[0] - width + 1)), int(y * (size[1] - height + 1))
            return left, top, left + width, top + height
    width = max(1, min(size[0], round(size[1] * aspect)))
    height = max(1, min(size[1], round(size[0] / aspect)))
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def coloured(pixels: Bytes, how: Preprocessing, chance: Chance) -> Array:
    """``[c, H, W]`` bytes, jittered and lit by chance, normalised.

    All of it is one affine map of colours, once the mean colour is known.
    """
    channels = len(pixels)
    points = pixels.reshape(channels, -1)
    mean = points.sum(1, dtype=np.int64) / (255 * points.shape[1])
    factor, offset = _jittered(np.eye(channels) / 255, mean, chance)
    unit = 1 / (255 * how.scale)  # of 0..1, in which colours are changed
    means, deviations = np.array(how.mean) * unit, np.array(how.std) * unit
    factor, offset = factor / deviations[:, None], (offset - means) / deviations
    shown = factor.astype(np.float32) @ points.astype(np.float32)
    shown += offset.astype(np.float32)[:, None]
    return np.asarray(shown.reshape(pixels.shape))


def _jittered(factor: Numbers, mean: Numbers, chance: Chance) -> tuple[Numbers, Numbers]:
    """The map that brightness, contrast, saturation and lighting make of another."""
    channels = len(mean)
    grey = np.array(GREY if channels == 3 else (1.0,))
    offset = np.zeros(channels)
    amounts = 1 + JITTER * (2 * chance.uniform(Use.JITTER, 3)[0] - 1)
    for change in _ORDERS[chance.below(Use.ORDER, len(_ORDERS))[0, 0]]:
        amount = amounts[change]
        step, shift = np.eye(channels) * amount, np.zeros(channels)
        if change == 1:  # contrast: between the image and its mean grey
            shift += (1 - amount) * (grey @ mean)
        elif change == 2:  # saturation: between a pixel and its grey
            step += (1 - amount) * grey
        factor, offset, mean = step @ factor, step @ offset + shift, step @ mean + shift
    light = COMPONENTS @ (SPREADS * LIGHTING * chance.normal(Use.LIGHT, 3)[0])
    return factor, offset + (light if channels == 3 else np.array(GREY) @ light)


def planes(image: Image.Image) -> Bytes:
    """``[C, H, W]`` of an image."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
