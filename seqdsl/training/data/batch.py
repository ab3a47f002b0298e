"""What a loader gives to the engine, and what it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from torch import Tensor

from seqdsl.backends.inputs.preprocessing import Preprocessing
from seqdsl.backends.weights.recorded import Recorded


class Draw(NamedTuple):
    """A sample in an epoch: with the seed of the run, all that its augmentation depends on."""

    epoch: int
    index: int  # type: ignore[assignment]  # a tuple's method is called so, too


class Batch(NamedTuple):
    """Samples as a network takes them."""

    images: Tensor  # float32 [N, C, H, W], normalised
    labels: Tensor  # int64 [N]
    unreadable: Tensor  # int64, the indices of samples that were asked for and passed over


class Split(Protocol):
    """A part of a data set; it can be pickled, and any process draws the same samples."""

    def __len__(self) -> int: ...

    def __getitems__(self, draws: Sequence[Draw]) -> Batch:
        """The samples of some draws. Raises `Failure` for a file that can't be read, where those
        are not passed over.
        """
        ...

    def name(self, index: int) -> str:
        """Where a sample comes from, for messages: a file, or a place in one."""
        ...


class Data(NamedTuple):
    """A data set in its parts."""

    name: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing  # the data set's own, by which a network is trained on it
    train: Split  # augmented
    validation: Split  # not augmented: what was held out of the training samples, or the test set
    test: Split | None  # not augmented; None where there is none beside what validates

    @property
    def recorded(self) -> Recorded:
        """What goes with the weights of a network that is trained on it."""
        return Recorded(self.preprocessing, self.classes)
