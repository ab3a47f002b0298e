"""Which samples each step sees: a function of the seed, the epoch and the step alone.

However many processes share a batch, and wherever a run is resumed, a step sees the same samples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from seqdsl.source.frozen import frozen_value
from seqdsl.training.data.batch import Draw


@frozen_value
class Share:
    """What one of several processes takes of each batch."""

    rank: int = 0
    processes: int = 1
    parts: int = 1  # that a process goes through one after another, in a step

    def size(self, batch: int) -> int:
        """The samples of a part. Raises ValueError where a batch can't be divided so."""
        size, left = divmod(batch, self.processes * self.parts)
        if left or not size:
            parts = f" of {self.parts} parts" if self.parts > 1 else ""
            raise ValueError(
                f"a batch of {batch} can't be divided among {self.processes} "
                f"process{'es' if self.processes > 1 else ''}{parts}"
            )
        return size


class TrainingBatches(Sampler[list[Draw]]):
    """The parts of an epoch's batches that are one process's, from a step on.

    Samples come in a new order each epoch; those that fill no batch at its end wait for another.
    """

    def __init__(
        self, samples: int, batch: int, share: Share, seed: int, epoch: int, start: int = 0
    ) -> None:
        self._samples, self._batch, self._share = samples, batch, share
        self._seed, self._epoch, self._start = seed, epoch, start
        self._size = share.size(batch)

    def __len__(self) -> int:
        return (self._samples // self._batch - self._start) * self._share.parts

    def __iter__(self) -> Iterator[list[Draw]]:
        order = np.random.default_rng((self._seed, self._epoch)).permutation(self._samples)
        for step in range(self._start, self._samples // self._batch):
            for part in range(self._share.parts):
                turn = part * self._share.processes + self._share.rank
                first = step * self._batch + turn * self._size
                chosen = order[first : first + self._size]
                yield [Draw(self._epoch, int(index)) for index in chosen]


class EvaluationBatches(Sampler[list[Draw]]):
    """Every sample once over all processes, in batches that they take in turns."""

    def __init__(self, samples: int, batch: int, share: Share) -> None:
        size = min(batch, -(-samples // share.processes)) or 1  # a batch for each, or more
        starts = range(0, samples, size)
        self._batches = [
            range(start, min(start + size, samples))
            for start in starts[share.rank :: share.processes]
        ]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[Draw]]:
        for batch in self._batches:
            yield [Draw(0, index) for index in batch]
