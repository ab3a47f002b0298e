"""How a network's input is made of a picture: data, which travels with the weights.

Who asks for the data alone waits for neither numpy nor Pillow.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen_value

if TYPE_CHECKING:
    from PIL import Image

    from seqdsl.backends.arrays import Array, Bytes

# Channel means and standard deviations (section 4.1), red, green, blue, of pixels in 0..1.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CIFAR = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
# Of the digits that train, their 17 shades as bytes.
DIGITS = ((0.3058552097821048,), (0.3762791251918089,))

CIFAR_SIZE = 32  # inputs up to this size are CIFAR's: the whole image, not a crop of it
CROP = 224 / 256  # of the shorter side, as ImageNet's single centre crop
COVER, CENTER = "cover", "center"
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")  # Pillow's
CHANNELS = MappingProxyType({"RGB": 3, "L": 1})
_BYTE = 1 / 255


@frozen_value
class Preprocessing:
    """What is done with a picture, in this order.

    Its colours become ``color``. It is resized: ``resize`` is None for not at all, a number for
    its shorter side, ``(height, width)`` for both, or ``"cover"``: as small as covers ``size``,
    or ``size / crop`` where ``crop`` is a fraction. ``crop`` cuts ``size`` out of its centre, or
    is None for nothing to cut. Resizing rounds to 8 bits. Then a channel is
    ``(pixel * scale - mean) / std``, of pixels 0 to 255.
    """

    color: str  # "RGB" or "L"
    size: tuple[int, int]  # (height, width) of the network's input
    resize: int | tuple[int, int] | str | None
    crop: float | str | None  # "center", or the fraction of what "cover" covers
    interpolation: str  # one of INTERPOLATIONS
    scale: float
    mean: tuple[float, ...]  # one a channel
    std: tuple[float, ...]

    def as_json(self) -> dict[str, object]:
        """The value as JSON has it: every key, tuples as lists."""
        fields = {name: getattr(self, name) for name in KEYS}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """The width and height of a picture once it is resized."""
        match self.resize:
            case None:
                return width, height
            case (tall, wide):
                return wide, tall
            case int(shorter):
                factor = shorter / min(width, height)
                return max(1, round(width * factor)), max(1, round(height * factor))
        tall, wide = self.size
        part = self.crop if isinstance(self.crop, float) else 1.0
        factor = max(tall / height, wide / width) / part
        return max(wide, round(width * factor)), max(tall, round(height * factor))

    def keeps(self, width: int, height: int) -> bool:
        """Whether a picture of this size is taken as it is."""
        return (height, width) == self.size and self.resized(width, height) == (width, height)

    def pixels(self, image: Image.Image) -> Bytes:
        """``[c, h, w]`` of a picture, resized and cropped: one channel for L, three for RGB.

        Raises ValueError for a picture that does not come to ``size``, or only by way of one that
        is too large.
        """
        import numpy as np
        from PIL import Image

        from seqdsl.backends.inputs.pictures import MAX_PIXELS

        wide, tall = self.resized(*image.size)
        height, width = self.size
        if wide * tall > MAX_PIXELS:
            raise ValueError(
                f"{image.width}x{image.height} pixels would become {wide}x{tall}, and at most "
                f"{MAX_PIXELS:,} are made"
            )
        fits = (wide, tall) == (width, height) if self.crop is None else (
            wide >= width and tall >= height
        )  # fmt: skip
        if not fits:
            raise ValueError(
                f"{image.width}x{image.height} pixels become {wide}x{tall}, and the network takes "
                f"{width}x{height}"
            )
        picture = image if image.mode == self.color else image.convert(self.color)
        if picture.size != (wide, tall):
            picture = picture.resize((wide, tall), Image.Resampling[self.interpolation.upper()])
        left, top = (wide - width) // 2, (tall - height) // 2
        if picture.size != (width, height):
            picture = picture.crop((left, top, left + width, top + height))
        pixels = np.asarray(picture, np.uint8)
        return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)

    def normal(self, pixels: Bytes, channels: int) -> Array:
        """``[N, c, h, w]`` bytes as a network of ``channels`` takes them, float32; grey is
        repeated.
        """
        values = pixels.astype("float32")
        values -= self.means[:, None, None]
        values /= self.deviations[:, None, None]
        return values if values.shape[1] == channels else values.repeat(channels, axis=1)

    def input(self, image: Image.Image, channels: int) -> Array:
        """A picture as a network of ``channels`` takes it: float32 ``[1, C, H, W]``.

        Raises ValueError, as `pixels` does.
        """
        return self.normal(self.pixels(image)[None], channels)

    @property
    def means(self) -> Array:
        """The means in units of a byte, float32."""
        import numpy as np

        return (np.array(self.mean) / self.scale).astype(np.float32)

    @property
    def deviations(self) -> Array:
        """The deviations in units of a byte, float32."""
        import numpy as np

        return (np.array(self.std) / self.scale).astype(np.float32)

    def alike(self, other: Preprocessing) -> bool:
        """Whether both do the same, but for the last digits of their numbers."""
        import numpy as np

        exact = ("color", "size", "resize", "crop", "interpolation")
        return all(getattr(self, name) == getattr(other, name) for name in exact) and bool(
            np.allclose(self.means, other.means) and np.allclose(self.deviations, other.deviations)
        )

    def misfit(self, type: TensorType) -> str | None:
        """Why it makes no input of this type, or None."""
        channels = CHANNELS[self.color]
        if type.spatial != self.size:
            return f"it makes {self.size[0]}x{self.size[1]}, and the network takes {type}"
        if type.channels not in (1, 3) or type.channels < channels:
            return f"it makes {self.color} pictures, and the network takes {type}"
        return None

    def __str__(self) -> str:
        mean, std = (", ".join(f"{v:.4g}" for v in values) for values in (self.mean, self.std))
        return f"{self.color}, {self._sizing()}, mean {mean}, deviation {std}"

    def _sizing(self) -> str:
        size = f"{self.size[0]}x{self.size[1]}"
        match self.resize, self.crop:
            case None, None:
                return f"{size} as it is"
            case "cover", float(part) if part < 1:
                return f"the centre {size} of what covers {size} / {part:g}"
            case "cover", _:
                return f"the centre {size} of what covers it"
            case None, _:
                return f"the centre {size}"
            case (tall, wide), None:
                return f"stretched to {tall}x{wide}"
            case (tall, wide), _:
                return f"the centre {size} of {tall}x{wide}"
            case shorter, _:
                return f"the centre {size}, the shorter side being {shorter}"


KEYS = ("color", "size", "resize", "crop", "interpolation", "scale", "mean", "std")


def covering(
    type: TensorType, figures: tuple[tuple[float, ...], ...], crop: float
) -> Preprocessing:
    """The centre of a picture that covers the input, in the figures of ``IMAGENET`` or ``CIFAR``;
    a network of one channel takes green's.
    """
    height, width = type.spatial
    color = "L" if type.channels == 1 else "RGB"
    mean, std = (values[1:2] if color == "L" else values for values in figures)
    return Preprocessing(
        color, (height, width), COVER, crop, "bilinear", _BYTE, tuple(mean), tuple(std)
    )


def stretched(type: TensorType, figures: tuple[tuple[float, ...], ...]) -> Preprocessing:
    """A grey picture stretched to the input."""
    height, width = type.spatial
    mean, std = figures
    return Preprocessing(
        "L", (height, width), (height, width), None, "bilinear", _BYTE, tuple(mean), tuple(std)
    )


def imagenet(type: TensorType) -> Preprocessing:
    """ImageNet's: the centre, 224 of 256, whatever the input's size."""
    return covering(type, IMAGENET, CROP)


def cifar(type: TensorType) -> Preprocessing:
    """CIFAR's: the whole picture."""
    return covering(type, CIFAR, 1.0)


def digits(type: TensorType) -> Preprocessing:
    """That of scikit-learn's digits: grey, stretched."""
    return stretched(type, DIGITS)


PRESETS = MappingProxyType({"imagenet": imagenet, "cifar": cifar, "digits": digits})


def usual(type: TensorType) -> tuple[str, Preprocessing]:
    """What is assumed where nothing is recorded, and its name: CIFAR's up to 32x32."""
    name = "cifar" if max(type.spatial) <= CIFAR_SIZE else "imagenet"
    return name, PRESETS[name](type)


def preset(name: str, type: TensorType) -> Preprocessing | None:
    """One of `PRESETS` for an input, by its name."""
    found: Mapping[str, object] = PRESETS
    return PRESETS[name](type) if name in found else None
