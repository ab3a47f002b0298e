"""Processes that load data end when a run ends them, and by no signal to their group."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import torch

from seqdsl.training.data.batch import Batch, Draw
from seqdsl.training.loading import loader
from seqdsl.training.options import SIGNALS
from seqdsl.training.sampling import EvaluationBatches, Share


class Signalled:
    """Samples that a process is told to end by each signal before it reads them."""

    def __len__(self) -> int:
        return 6

    def __getitems__(self, draws: Sequence[Draw]) -> Batch:
        for name in SIGNALS:
            os.kill(os.getpid(), getattr(signal, name))
        indices = torch.tensor([draw.index for draw in draws])
        return Batch(indices.float(), indices, torch.empty(0, dtype=torch.int64))

    def name(self, index: int) -> str:
        return f"sample {index}"


def test_workers_outlast_signals_and_this_process_gets_them() -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    batches = loader(Signalled(), EvaluationBatches(6, 2, Share()), 2)
    read = [batch.labels.tolist() for batch in batches]
    assert read == [[0, 1], [2, 3], [4, 5]]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
