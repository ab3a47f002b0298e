"""Reads an image file of a data set, or says what is wrong, and how to pass over it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from seqdsl.backends.inputs.pictures import NotAPictureError, decode
from seqdsl.source.diagnostic import Failure
from seqdsl.training.data.failures import failure, shown

_PASSED = "replace it, or pass over such files by --skip-unreadable"


def read_image(path: Path, color: str) -> Image.Image:
    """The picture in a file, as `inputs.pictures.decode` gives it. Raises `Failure`."""
    try:
        return decode(path, color)
    except NotAPictureError as error:
        raise unreadable(path, error.what) from None


def unreadable(path: Path, what: str) -> Failure:
    return failure("unreadable-data", f"{shown(path)} {what}", path, _PASSED)
