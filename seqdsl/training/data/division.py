"""How samples are divided: what trains, what validates, what tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from seqdsl.backends.inputs.preprocessing import Preprocessing
from seqdsl.training.data.batch import Data, Split
from seqdsl.training.data.chance import Integers, sample
from seqdsl.training.data.failures import failure


def held_out(rows: Integers, holdout: int, seed: int) -> tuple[Integers, Integers]:
    """What is left of training samples, and what validates. Raises `Failure`."""
    if holdout >= len(rows):
        raise failure(
            "unfit-data",
            f"{holdout:,} training samples are to be held out, and there are {len(rows):,}",
        )
    chosen = np.zeros(len(rows), np.bool_)
    chosen[sample(seed, len(rows), holdout)] = True
    return rows[~chosen], rows[chosen]


def divided(
    name: str,
    classes: tuple[str, ...],
    preprocessing: Preprocessing,
    split: Callable[[Integers, bool], Split],  # of rows, augmented or not
    training: Integers,
    tests: Sequence[Split],
    *,
    holdout: int,
    seed: int,
) -> Data:
    """The data set of some rows and of test sets: what is held out validates, or else the first
    test set, and the last of what is left tests. Raises `Failure`.
    """
    left, kept = held_out(training, holdout, seed)
    validation, *others = [*([split(kept, False)] if holdout else []), *tests]
    test = others[-1] if others else None
    return Data(name, classes, preprocessing, split(left, True), validation, test)
