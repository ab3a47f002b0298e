"""What Lightning trains: a network, its loss, its optimiser, and what is counted."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqdsl.graph.recipe import Recipe
from seqdsl.training.data.batch import Batch
from seqdsl.training.position import Sums
from seqdsl.training.sampling import Share


class Task(pl.LightningModule):
    """Cross-entropy of the logits, by stochastic gradient descent (section 4.2)."""

    def __init__(self, network: nn.Module, recipe: Recipe, seed: int, share: Share) -> None:
        super().__init__()
        self.network = network
        self._recipe, self._seed, self._share = recipe, seed, share
        self.training_sums = torch.zeros(3, dtype=torch.float64)  # loss, wrong, samples
        # loss, top1, top5, samples, unreadable ones
        self.validation_sums = torch.zeros(5, dtype=torch.float64)
        self.unreadable: set[int] = set()  # training samples that were passed over
        self.steps = 0  # that are done

    def configure_optimizers(self) -> torch.optim.Optimizer:
        recipe = self._recipe
        return torch.optim.SGD(
            self.network.parameters(), lr=recipe.lr, momentum=recipe.momentum,
            weight_decay=recipe.weight_decay, nesterov=recipe.momentum > 0,
        )  # fmt: skip

    def logits(self, images: Tensor) -> Tensor:
        given = self.network(images)
        logits: Tensor = given[0] if isinstance(given, tuple) else given
        return logits.flatten(1)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        # the randomness of a step depends on its number alone, so a run can go on at any
        torch.manual_seed(self._seed_of(index))
        logits = self.logits(batch.images)
        loss = F.cross_entropy(logits, batch.labels)
        with torch.no_grad():
            wrong = (logits.argmax(1) != batch.labels).sum()
            count = len(batch.labels)
            sums = [loss.detach().double() * count, wrong.double(), wrong.new_tensor(count)]
            self.training_sums += torch.stack([each.double() for each in sums])
        if len(batch.unreadable):
            self.unreadable.update(batch.unreadable.tolist())
        return loss

    def _seed_of(self, index: int) -> int:
        """Of the dropout of a part of a step in a process."""
        share = self._share
        part = index % share.parts * share.processes + share.rank
        sequence = np.random.SeedSequence((self._seed, self.steps, part))
        return int(sequence.generate_state(1, np.uint64)[0])

    def validation_step(self, batch: Batch, _: int) -> None:
        logits = self.logits(batch.images)
        loss = F.cross_entropy(logits, batch.labels, reduction="sum").double()
        wrong = [wrong_of(logits, batch.labels, k) for k in (1, 5)]
        counts = [loss.new_tensor(len(each)) for each in (batch.labels, batch.unreadable)]
        self.validation_sums += torch.stack([loss, *(each.double() for each in wrong), *counts])

    def begin(self, sums: Sums) -> None:
        """Counts an epoch from where it stands; each process counts its own."""
        values = (sums.loss, sums.wrong, sums.samples) if self._share.rank == 0 else (0, 0, 0)
        self.training_sums = torch.tensor(values, dtype=torch.float64, device=self.device)

    def on_validation_epoch_start(self) -> None:
        self.validation_sums = torch.zeros(5, dtype=torch.float64, device=self.device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"] = self.network.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {f"network.{key}": value for key, value in state.items()}


def wrong_of(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    """How many samples' class is not among the k likeliest; all of fewer classes are."""
    best = logits.topk(min(k, logits.shape[1]), 1).indices
    return (best != labels[:, None]).all(1).sum()
