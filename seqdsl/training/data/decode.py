"""Reads an image file, whatever is in it, or says what is wrong.

Pillow decodes JPEG as torchvision does, to the same pixels: by libjpeg-turbo.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from seqdsl.backends.images import MAX_PIXELS
from seqdsl.source.diagnostic import Failure
from seqdsl.training.data.failures import failure, reason, shown

# No format of Pillow's that runs another program, or reads a file that the image names.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")


_PASSED = "replace it, or pass over such files by --skip-unreadable"


def read_image(path: Path, channels: int) -> Image.Image:
    """An image of 8 bits in 3 channels (RGB) or 1 (grey). Raises `Failure`.

    It is as it is stored, as `seqdsl run` sees it: not turned as EXIF says, the first frame of
    several, and what lies under transparency. Of 16 bits the upper 8 are kept.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of what is read nevertheless
            return _read(path, "RGB" if channels == 3 else "L")
    except Failure:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        large = isinstance(error, Image.DecompressionBombError)
        raise unreadable(path, "has too many pixels" if large else "is no image") from None
    except Exception as error:  # whatever a decoder stumbles over
        cut = "truncated" in str(error)
        raise unreadable(path, "is cut off" if cut else f"can't be read: {reason(error)}") from None


def unreadable(path: Path, what: str) -> Failure:
    return failure("unreadable-data", f"{shown(path)} {what}", path, _PASSED)


def _read(path: Path, mode: str) -> Image.Image:
    with Image.open(path, formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise unreadable(path, "has too many pixels")
        if opened.mode[0] == "I":  # 16 bits, or 32 that hold them
            values = np.asarray(opened)
            if values.min() < 0 or values.max() >= 2**16:
                raise unreadable(path, "holds numbers of more than 16 bits")
            return Image.fromarray((values >> 8).astype(np.uint8)).convert(mode)
        if opened.mode == "F":
            raise unreadable(path, "holds numbers with a fraction, not bytes")
        return opened.convert(mode)
