"""Handwritten digits that scikit-learn ships: 1,797 grey images of 8x8, 17 shades as bytes."""

from __future__ import annotations

import numpy as np

from seqdsl.backends.inputs.preprocessing import Preprocessing, digits
from seqdsl.graph.tensor import TensorType
from seqdsl.training.data.arrays import ArraySplit, Samples
from seqdsl.training.data.batch import Data
from seqdsl.training.data.chance import Integers
from seqdsl.training.data.division import divided
from seqdsl.training.data.failures import failure
from seqdsl.training.data.small import Look

_SIZE, _WHITE = 8, 16  # pixels of a side; the lightest of the 17 shades
_TEST = 5  # every fifth sample is the test set's


def open_digits(
    type: TensorType, holdout: int, seed: int, given: Preprocessing | None = None
) -> Data:
    """The digits, stretched to the network's input. Raises `Failure`.

    They are the pictures that a PNG of them holds, so that whatever reads one sees what trained.
    """
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
    images = np.round(found.images * (255 / _WHITE)).astype(np.uint8)[:, None]
    samples = Samples.of(images, found.target, [("digits", len(images))])
    is_test = np.arange(len(images)) % _TEST == _TEST - 1
    training, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    own = digits(type)
    how = given or own
    # A mirrored 3 is no digit, and around a digit is paper, of which the shade is 0.
    paper = float(-how.means[0] / how.deviations[0])
    look = Look(how, type.channels, mirrored=False, beyond=paper)

    def split(rows: Integers, augmented: bool) -> ArraySplit:
        return ArraySplit(samples, rows, look, seed if augmented else None)

    return divided(
        "digits",
        tuple(map(str, found.target_names)),
        own,
        split,
        training,
        [split(test, False)],
        holdout=holdout,
        seed=seed,
    )
