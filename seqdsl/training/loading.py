"""The loaders that Lightning asks for, an epoch at a time."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, Sampler

from seqdsl.training.data.batch import Batch, Data, Draw, Split
from seqdsl.training.data.workers import Workable, passed_on, received
from seqdsl.training.options import SIGNALS
from seqdsl.training.position import Position
from seqdsl.training.sampling import EvaluationBatches, Share, TrainingBatches


class Loaders(pl.LightningDataModule):
    """A process's share of the samples, from where the run is."""

    def __init__(
        self,
        data: Data,
        batch: int,
        share: Share,
        seed: int,
        workers: int,
        position: Callable[[], Position],
    ) -> None:
        super().__init__()
        self._data, self._batch, self._share = data, batch, share
        self._seed, self._workers, self._position = seed, workers, position

    def train_dataloader(self) -> DataLoader[Batch]:
        at, split = self._position(), self._data.train
        batches = TrainingBatches(
            len(split), self._batch, self._share, self._seed, at.epoch, at.batch
        )
        return loader(split, batches, self._workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        split = self._data.validation
        size = self._share.size(self._batch)
        return loader(split, EvaluationBatches(len(split), size, self._share), self._workers)


def loader(split: Split, batches: Sampler[list[Draw]], workers: int) -> DataLoader[Batch]:
    """Batches as `batches` names them; read ahead by worker processes, where there are any."""
    dataset: Any = Workable(split)  # torch asks `__getitems__` for a whole batch
    return _Received(
        dataset, batch_sampler=batches, num_workers=workers, collate_fn=passed_on,
        pin_memory=torch.cuda.is_available(),
    )  # fmt: skip


class _Received(DataLoader[Batch]):
    """Raises the `Failure` that a worker met."""

    def __iter__(self) -> Any:
        with _held_back(SIGNALS):
            batches = super().__iter__()
        return map(received, batches)


@contextmanager
def _held_back(names: Sequence[str]) -> Iterator[None]:
    """Signals wait meanwhile, and processes that are started never get them: one to a whole group
    ends the run, which then ends its workers.
    """
    if not hasattr(signal, "pthread_sigmask"):  # a system that has no such groups
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [getattr(signal, name) for name in names])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
