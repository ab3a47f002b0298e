"""Decodes image files to 8 bits a channel: one decoder for `run`, `eval` and training.

The formats are a list. Pillow opens forty, among them some that run another program (EPS, by
Ghostscript), some that open a file which the image names, and many that raise whatever they come
upon (DDS, BLP). What is not in the list is never parsed.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from seqdsl.backends.files import reason

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 100_000_000

_BYTES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}  # Pillow's modes
_BITS, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # of TIFF
_NPY = "save the numbers that the network is to see as a .npy file"

logging.getLogger("PIL").addHandler(logging.NullHandler())  # what is wrong is said by us


class NotAPictureError(Exception):
    """Says what is wrong with a file: the end of a sentence that begins with its name."""

    def __init__(self, what: str, help: str | None = None) -> None:
        self.what, self.help = what, help
        super().__init__(what)


def decode(path: Path, mode: str) -> Image.Image:
    """Decode a file's picture to ``RGB`` or ``L``, 8 bits a channel. Raises `NotAPictureError`.

    Of 16 bits the upper 8 are kept. It is as it is stored: not turned as EXIF says, the first
    frame of several, the colours that are under transparency, no colour profile applied.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of what is read nevertheless
            with Image.open(path, formats=FORMATS) as opened:
                return _bytes(opened).convert(mode)
    except NotAPictureError:
        raise
    except UnidentifiedImageError:
        kinds = ", ".join(FORMATS)
        raise NotAPictureError("is no image", f"formats that are read: {kinds}") from None
    except Image.DecompressionBombError:
        raise NotAPictureError("has too many pixels") from None
    except MemoryError:
        raise NotAPictureError("needs more memory than there is") from None
    except Exception as error:  # whatever a decoder stumbles over
        cut = "truncated" in str(error)
        raise NotAPictureError("is cut off" if cut else f"can't be read: {reason(error)}") from None


def _bytes(opened: Image.Image) -> Image.Image:
    """The picture in 8 bits a channel, whatever its colours."""
    if opened.width * opened.height > MAX_PIXELS:
        raise NotAPictureError(f"has too many pixels: at most {MAX_PIXELS:,} are read")
    if opened.mode in _BYTES:
        return opened
    bits = _depth(opened)
    if bits is None:
        numbers = "fractions" if opened.mode == "F" else "numbers of no known range"
        raise NotAPictureError(
            f"holds {numbers} (mode {opened.mode}), and no rule says which of them is white", _NPY
        )
    values = np.asarray(opened).astype(np.int64) >> (bits - 8)
    upper = values.clip(0, 255).astype(np.uint8)
    return Image.fromarray(255 - upper if _is_inverted(opened) else upper)


def _depth(opened: Image.Image) -> int | None:
    """The bits of each number of a grey picture; None where a file doesn't define their range."""
    if isinstance(opened, TiffImagePlugin.TiffImageFile):
        if not opened.mode.startswith("I;16"):
            return None  # 32 bits, or 16 with a sign
        return 12 if tuple(opened.tag_v2.get(_BITS, ())) == (12,) else 16
    if opened.mode.startswith("I;16"):
        return 16
    # before Pillow 11 PNG's 16 bits come as "I"; PPM's are scaled to 16 whatever its largest is
    return 16 if opened.mode == "I" and opened.format in ("PNG", "PPM") else None


def _is_inverted(opened: Image.Image) -> bool:
    """Whether 0 is white: Pillow inverts 8 bits so, and leaves 16 as they are."""
    if not isinstance(opened, TiffImagePlugin.TiffImageFile):
        return False
    return bool(opened.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)
