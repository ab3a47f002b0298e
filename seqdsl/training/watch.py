"""Follows a run: rates, counts, checkpoints, signals, and numbers that have left the finite."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic
from types import FrameType
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from seqdsl.backends.weights.checkpoints import write_tensors
from seqdsl.graph.recipe import Recipe
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.ending import ENDING
from seqdsl.source.frozen import frozen
from seqdsl.source.timing import spell_time
from seqdsl.training.metrics import Row, write_metrics
from seqdsl.training.options import SIGNALS, Machine
from seqdsl.training.position import Position, Sums
from seqdsl.training.run import Run
from seqdsl.training.saves import POSITION
from seqdsl.training.task import Task

_OFTEN = 20  # steps between looks at what only all processes, or a GPU, can tell


@frozen
class Listener:
    """Who is told how a run gets on; silent processes of a run tell no one."""

    begin: Callable[[], None] = lambda: None  # once all is well
    report: Callable[[str, float], None] = lambda _, __: None  # of a step, and the part of all
    tell: Callable[[Row], None] = lambda _: None  # of an epoch
    note: Callable[[str], None] = lambda _: None  # of what is out of the ordinary


SILENT = Listener()


class Stopped(Exception):
    """A signal has come, and the run is saved."""

    def __init__(self, number: int, position: Position) -> None:
        self.number, self.position = number, position
        super().__init__(f"stopped by {signal.Signals(number).name}")


class Watch(pl.Callback):
    """Holds the `Position` of a run; saves and reports it."""

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        steps: int,  # of an epoch
        machine: Machine,
        position: Position,
        listener: Listener,
        metadata: Mapping[str, str],  # of the weights that are written
    ) -> None:
        self.position = position
        self._run, self._recipe, self._steps = run, recipe, steps
        self._parts, self._save_every = machine.accumulate, machine.save_every
        self._listener, self._metadata = listener, metadata
        self._unreadable = (0, 0)  # training and validation samples
        self._saved: Position | None = None
        self._signal = 0
        self._began = 0.0
        self._loss = ""

    # --- hooks of Lightning

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        for name in SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._note)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        task = _task(pl_module)
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self._recipe.rate(self.position.epoch)
        task.begin(self.position.sums)
        task.steps = self.position.step
        self._began = monotonic() - self.position.sums.seconds

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        if (batch_idx + 1) % self._parts:
            return
        task, at = _task(pl_module), self.position
        self.position = at = replace(at, batch=at.batch + 1, step=at.step + 1)
        task.steps = at.step
        is_last = at.batch == self._steps
        if at.batch % self._pace(trainer) == 0:
            self._loss = f", loss {float(outputs['loss']) * self._parts:.4f}"
            self._look(trainer, task, may_stop=not is_last)
        part = (at.epoch + at.batch / self._steps) / self._recipe.epochs
        self._listener.report(self._doing(), part)
        if self._save_every and at.step % self._save_every == 0 and not is_last:
            self._save(trainer, task)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        task = _task(pl_module)
        sums, at = self._sums(trainer, task), self.position
        self._require_finite(trainer, task, sums)
        loss, top1, top5, samples, unreadable = _summed(trainer, task.validation_sums)
        self._tell_unreadable(trainer, task, int(unreadable))
        if not samples:
            message = f"none of {int(unreadable):,} validation samples can be read"
            raise unlocated("unreadable-data", message, "--data")
        row = Row(
            at.epoch + 1, at.step, self._recipe.rate(at.epoch),
            sums.loss / sums.samples, 100 * sums.wrong / sums.samples,
            loss / samples, 100 * top1 / samples, 100 * top5 / samples,
            monotonic() - self._began,
        )  # fmt: skip
        is_best = all(row.top1 < before.top1 for before in at.rows)
        self.position = at.after_epoch(row)
        if trainer.is_global_zero:
            self._keep(trainer, task, row, is_best)
        self._save(trainer, task)
        self._look(trainer, task, may_stop=self.position.epoch < self._recipe.epochs)

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        checkpoint[POSITION] = self.position

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        epoch, epochs = self.position.epoch + 1, self._recipe.epochs
        count = f"{batch_idx + 1:,} of {trainer.num_val_batches[0]:,}"
        self._listener.report(
            f"epoch {epoch} of {epochs}, validation, batch {count}", epoch / epochs
        )

    # --- the parts

    def _doing(self) -> str:
        """The place in the epoch, what is lost there, how fast it goes, and what is left of it."""
        at, seconds = self.position, monotonic() - self._began
        where = (
            f"epoch {at.epoch + 1} of {self._recipe.epochs}, step {at.batch:,} of {self._steps:,}"
        )
        if not seconds:
            return f"{where}{self._loss}"
        rate = at.batch / seconds
        left = spell_time((self._steps - at.batch) / rate)
        return f"{where}{self._loss}, {rate:.3g} steps/s, {left} left of the epoch"

    def _pace(self, trainer: pl.Trainer) -> int:
        """Steps between looks: one where looking costs nothing."""
        alone = trainer.world_size == 1 and trainer.strategy.root_device.type == "cpu"
        return 1 if alone else _OFTEN

    def _look(self, trainer: pl.Trainer, task: Task, *, may_stop: bool) -> None:
        """Ends a run that has left the finite; and, once it is saved, one that is told to end."""
        agree = trainer.strategy.reduce_boolean_decision  # all go on, or none does
        if not agree(bool(torch.isfinite(task.training_sums[0]))):
            raise self._diverged("loss")
        if not (may_stop and agree(self._signal != 0, all=False)):
            return
        self._save(trainer, task)
        raise Stopped(self._signal or signal.SIGTERM, self.position)

    def _keep(self, trainer: pl.Trainer, task: Task, row: Row, is_best: bool) -> None:
        """What a reader of the run's folder finds after each epoch."""
        write_metrics(self._run.metrics, self.position.rows)
        if is_best:
            write_tensors(self._run.best, task.network.state_dict(), self._metadata)
        if trainer.logger is not None:
            values = {name: getattr(row, name) for name in _LOGGED}
            trainer.logger.log_metrics(values, step=row.epoch)
            trainer.logger.save()
        self._listener.tell(row)

    def _tell_unreadable(self, trainer: pl.Trainer, task: Task, validation: int) -> None:
        """Once, and again where there are more."""
        own = task.validation_sums.new_tensor([len(task.unreadable)])
        counts = (int(_summed(trainer, own)[0]), validation)
        if counts != self._unreadable and trainer.is_global_zero:
            told = f"{counts[0]:,} training and {counts[1]:,} validation samples can't be read"
            self._listener.note(f"{told}, and are passed over")
        self._unreadable = counts

    def _save(self, trainer: pl.Trainer, task: Task) -> None:
        if self.position.batch:
            sums = self._sums(trainer, task)
            self._require_finite(trainer, task, sums)
            self.position = replace(self.position, sums=sums)
        if self.position != self._saved:
            trainer.save_checkpoint(self._run.checkpoints)
        self._saved = self.position

    def _sums(self, trainer: pl.Trainer, task: Task) -> Sums:
        """Those of all processes; from here on the first process counts for all."""
        loss, wrong, samples = _summed(trainer, task.training_sums)
        sums = Sums(loss, int(wrong), int(samples), monotonic() - self._began)
        task.begin(sums)
        return sums

    def _require_finite(self, trainer: pl.Trainer, task: Task, sums: Sums) -> None:
        """Raises `Failure` in every process, so none waits for another."""
        finite = all(bool(torch.isfinite(p).all()) for p in task.network.state_dict().values())
        if not trainer.strategy.reduce_boolean_decision(finite):
            raise self._diverged("weights")
        if not torch.isfinite(torch.tensor(sums.loss)):
            raise self._diverged("loss")

    def _diverged(self, what: str) -> Failure:
        at = self.position
        verb = "is" if what == "loss" else "are"
        saved = f"; what was saved is whole: {self._run.checkpoints}" if self._saved else ""
        return unlocated(
            "diverged",
            f"the {what} {verb} NaN or infinite in epoch {at.epoch + 1}, by step {at.step:,}",
            self._run.folder,
            f"a smaller rate than {self._recipe.lr:g} may hold, by --set lr=...{saved}",
        )

    def _note(self, number: int, _: FrameType | None) -> None:
        """Lets the step end; a second signal does not wait."""
        if self._signal == number == signal.SIGINT:
            ENDING.begin(number)
        self._signal = number


_LOGGED = ("lr", "train_loss", "train_error", "val_loss", "top1", "top5")


def _summed(trainer: pl.Trainer, sums: Tensor) -> list[float]:
    total = trainer.strategy.reduce(sums.clone(), reduce_op="sum")
    assert isinstance(total, Tensor)
    values: list[float] = total.tolist()
    return values


def _task(module: pl.LightningModule) -> Task:
    assert isinstance(module, Task)
    return module
