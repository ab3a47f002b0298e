"""Folders of images, ImageNet among them: each class is a folder of its own."""

from __future__ import annotations

from pathlib import Path

from seqdsl.graph.tensor import TensorType
from seqdsl.training.data.batch import Data


def open_folder(
    name: str, path: Path, type: TensorType, holdout: int, seed: int, skip: bool
) -> Data:
    """The data set in a folder. Raises `Failure`."""
    raise NotImplementedError
