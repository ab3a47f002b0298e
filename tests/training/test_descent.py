"""What a run computes is a plain loop of torch's own optimiser and schedule (section 4.2)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from runs import RECIPE, run_tiny, tiny
from safetensors.torch import load_file
from sklearn.metrics import top_k_accuracy_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.optim.lr_scheduler import MultiStepLR

import seqdsl
from seqdsl.backends.running import Outcome
from seqdsl.training.data.batch import Draw
from seqdsl.training.data.sets import open_data
from seqdsl.training.evaluation import evaluate
from seqdsl.training.options import DataSource
from seqdsl.training.sampling import Share, TrainingBatches
from seqdsl.training.task import Task
from seqdsl.training.watch import Listener

HALVED = replace(RECIPE, epochs=3, milestones=(1, 2), gamma=0.5)


def test_run_is_nesterov_descent_in_steps(tmp_path: Path) -> None:
    network = tiny(drop=0.0)
    data = open_data("digits", None, network.input.type, classes=10)
    torch.manual_seed(0)
    module = seqdsl.to_torch(network)
    descent = torch.optim.SGD(
        module.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True
    )
    rates = MultiStepLR(descent, milestones=[1, 2], gamma=0.5)
    for epoch in range(3):
        for draws in TrainingBatches(len(data.train), 96, Share(), 0, epoch):
            batch = data.train.__getitems__(draws)
            descent.zero_grad()
            F.cross_entropy(module(batch.images), batch.labels).backward()
            descent.step()
        rates.step()
    run_tiny(tmp_path / "run", recipe=HALVED, parameters={"drop": 0.0})
    trained = load_file(tmp_path / "run" / "final.safetensors")
    assert all(torch.equal(trained[key], value) for key, value in module.state_dict().items())


def test_each_part_of_each_step_drops_out_others() -> None:
    made = []
    for rank, steps, index in [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]:
        task = Task(torch.nn.Identity(), RECIPE, 0, Share(rank, 2, 2))
        task.steps = steps
        made.append(task._seed_of(index))
    again = Task(torch.nn.Identity(), RECIPE, 1, Share(0, 2, 2))
    assert len({*made, again._seed_of(0)}) == 5


def test_best_weights_are_those_of_the_best_epoch(tmp_path: Path) -> None:
    """At a rate of nearly nothing that is the first: only statistics move on."""
    folder = tmp_path / "run"
    first, second = run_tiny(folder, recipe=replace(RECIPE, lr=1e-30)).rows
    assert first.top1 < second.top1
    best = load_file(folder / "best.safetensors")
    saved = [
        load_file(folder / "checkpoints" / f"step-{row.step:08}" / "weights.safetensors")
        for row in (first, second)
    ]
    same = [all(torch.equal(best[key], value) for key, value in each.items()) for each in saved]
    assert same == [True, False]


def test_tensorboard_has_the_rows(tmp_path: Path) -> None:
    rows = run_tiny(tmp_path / "run").rows
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    for name in ("lr", "train_loss", "train_error", "val_loss", "top1", "top5"):
        logged = {event.step: event.value for event in events.Scalars(name)}
        assert logged == {row.epoch: np.float32(getattr(row, name)) for row in rows}


def test_errors_are_those_of_scikit_learn() -> None:
    network = tiny()
    data = open_data("digits", None, network.input.type, classes=10)
    random = np.random.default_rng(0)
    logits = random.standard_normal((len(data.validation), 10)).astype(np.float32)
    parts = iter(np.split(logits, range(50, len(logits), 50)))

    def run(images: np.ndarray) -> Outcome:
        return Outcome({"logits": next(parts)[: len(images)]}, "CPU", None)

    errors = evaluate(run, data.validation, 50)
    draws = [Draw(0, index) for index in range(len(data.validation))]
    labels = data.validation.__getitems__(draws).labels.numpy()
    for k, error in ((1, errors.top1), (5, errors.top5)):
        right = top_k_accuracy_score(labels, logits, k=k, labels=range(10))
        assert abs(100 - error - 100 * right) < 1e-9


def test_what_can_not_be_read_is_counted(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("val", 1)):
        for label in range(10):
            folder = tmp_path / "data" / part / str(label)
            folder.mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (16, 16), (20 * label,) * 3).save(folder / f"{number}.png")
    for name in ("train/3/1.png", "val/7/0.png"):
        (tmp_path / "data" / name).write_bytes(b"no image")
    source = DataSource("folder", tmp_path / "data", skip_unreadable=True)
    notes: list[str] = []
    recipe = replace(RECIPE, batch=10)
    trained = run_tiny(
        tmp_path / "run", recipe=recipe, source=source, listener=Listener(note=notes.append)
    )
    told = "1 training and 1 validation samples can't be read, and are passed over"
    assert notes == [told], "once in two epochs"
    assert trained.unreadable == (str(tmp_path / "data" / "train" / "3" / "1.png"),)
