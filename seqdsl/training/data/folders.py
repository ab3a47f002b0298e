"""Folders of images, ImageNet among them: each class is a folder of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqdsl.backends.inputs.preprocessing import CIFAR_SIZE, Preprocessing, usual
from seqdsl.graph.tensor import TensorType
from seqdsl.training.data.batch import Data, Split
from seqdsl.training.data.division import divided
from seqdsl.training.data.failures import failure, shown
from seqdsl.training.data.image_files import FileSplit, Way
from seqdsl.training.data.listing import Listing, class_folders, listed
from seqdsl.training.data.photographs import Cropped, Whole
from seqdsl.training.data.small import Look

_LAYOUT = "it is a folder with train/ and val/, and in each a folder a class"
_UNSORTED = (
    "put each image into a folder of its class, named as in train/; for ImageNet's val/ the script "
    "valprep.sh does so"
)


def open_folder(
    name: str,
    path: Path,
    type: TensorType,
    holdout: int,
    seed: int,
    skip: bool,
    given: Preprocessing | None,
) -> Data:
    """The data set in a folder, the names of which are listed now. Raises `Failure`.

    Either train/ and val/ or test/ are in it, or folders of classes, of which a part is held out.
    """
    if type.channels not in (1, 3):
        raise failure("unfit-data", f"images have 1 or 3 channels, and the network takes {type}")
    parts = _parts(name, path, holdout)
    classes = class_folders(parts[0])
    _, own = usual(type)
    way = _way(type, given or own)
    training = _training(parts[0], classes)
    tests: list[Split] = []
    for folder in parts[1:]:
        listing = _evaluation(folder, classes)
        rows = np.arange(len(listing))
        tests.append(FileSplit(listing, rows, way, seed=None, skip=skip))
    return divided(
        name,
        tuple(map(shown, classes)),
        own,
        lambda rows, augmented: FileSplit(
            training, rows, way, seed=seed if augmented else None, skip=skip
        ),
        np.arange(len(training)),
        tests,
        holdout=holdout,
        seed=seed,
    )


def _parts(name: str, path: Path, holdout: int) -> list[Path]:
    """The folder that trains, and those that validate and test."""
    folders = class_folders(path)
    if "train" in folders:
        # ImageNet's own test/ has no labels.
        tests = ["val"] if name == "imagenet" else ["val", "test"]
        parts = [path / part for part in ["train", *tests] if part in folders]
    elif name == "imagenet" or not folders:
        raise failure("missing-data", f"{shown(path)} has no folder train", path, _LAYOUT)
    else:
        parts = [path]
    if name == "imagenet" and len(parts) == 1:
        raise failure("missing-data", f"{shown(path)} has no folder val", path, _LAYOUT)
    if len(parts) == 1 and not holdout:
        raise failure(
            "unfit-data",
            f"{shown(path)} has no folder val: there is nothing to validate with",
            path,
            "keep training images for it: --set holdout=... of train, --holdout of eval",
        )
    return parts


def _training(folder: Path, classes: tuple[str, ...]) -> Listing:
    if not classes:
        raise failure(
            "missing-data", f"{shown(folder)} has no folder of a class in it", folder, _UNSORTED
        )
    listing = listed(folder, classes, classes)
    counts = np.bincount(listing.labels.numpy(), minlength=len(classes))
    empty = [name for name, count in zip(classes, counts, strict=True) if not count]
    if empty:
        raise failure(
            "unfit-data",
            f"{shown(folder / empty[0])} holds no image"
            + (f", nor do {len(empty) - 1} other classes" if len(empty) > 1 else ""),
            folder / empty[0],
            "remove what is no class, or fill it",
        )
    return listing


def _evaluation(folder: Path, classes: tuple[str, ...]) -> Listing:
    found = class_folders(folder)
    if not found:
        raise failure(
            "missing-data", f"{shown(folder)} has no folder of a class in it", folder, _UNSORTED
        )
    known = frozenset(classes)
    unknown = [name for name in found if name not in known]
    if unknown:
        message = f"{shown(folder / unknown[0])} is no class of the training set"
        raise failure("unfit-data", message, folder / unknown[0], _UNSORTED)
    listing = listed(folder, classes, found)
    if not len(listing):
        raise failure("unfit-data", f"{shown(folder)} holds no image", folder)
    return listing


def _way(type: TensorType, how: Preprocessing) -> Way:
    if max(type.spatial) > CIFAR_SIZE:
        return Cropped(how, type.channels)
    return Whole(Look(how, type.channels, mirrored=True))
