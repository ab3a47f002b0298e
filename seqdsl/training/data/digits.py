"""Handwritten digits that scikit-learn ships: 1,797 grey images of 8x8 in 17 shades."""

from __future__ import annotations

import numpy as np

from seqdsl.graph.tensor import TensorType
from seqdsl.training.data.arrays import ArraySplit, Samples
from seqdsl.training.data.batch import Data
from seqdsl.training.data.chance import Integers
from seqdsl.training.data.division import divided
from seqdsl.training.data.failures import failure
from seqdsl.training.data.small import Look

_SIZE = 8
_TEST = 5  # every fifth sample is the test set's


def open_digits(type: TensorType, holdout: int, seed: int) -> Data:
    """The digits, stretched to the network's input. Raises `Failure`."""
    height, width = type.spatial
    if type.channels not in (1, 3) or min(height, width) < _SIZE:
        raise failure(
            "unfit-data",
            f"digits have 1 channel, or 3 alike, and are stretched from {_SIZE}x{_SIZE}: an input "
            f"of {type} does not fit",
        )
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise failure(
            "missing-extra",
            f"the digits come with scikit-learn, which can't be imported: {error}",
            help="pip install 'seqdsl[train]'",
        ) from None
    found = load_digits()
    images = found.images.astype(np.uint8)[:, None]
    samples = Samples.of(images, found.target, [("digits", len(images))])
    is_test = np.arange(len(images)) % _TEST == _TEST - 1
    training, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    shades = images[training].astype(np.float64)
    mean, deviation = float(shades.mean()), float(shades.std())
    # A mirrored 3 is no digit, and around a digit is paper, of which the shade is 0.
    look = Look((mean,), (deviation,), type.shape, mirrored=False, beyond=-mean / deviation)

    def split(rows: Integers, augmented: bool) -> ArraySplit:
        return ArraySplit(samples, rows, look, seed if augmented else None)

    return divided(
        "digits",
        tuple(map(str, found.target_names)),
        split,
        training,
        [split(test, False)],
        holdout=holdout,
        seed=seed,
    )
