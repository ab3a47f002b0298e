"""Several processes, and several machines, train as one does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from runs import TINY

from seqdsl.training.metrics import Row, read_metrics

# few small steps: what float32 rounds away is multiplied by each step that follows
RECIPE = ["--set", "epochs=1", "--set", "batch=240", "--set", "lr=0.001", "-D", "drop=0.0"]
TRAIN = [sys.executable, "-m", "seqdsl", "train"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.seq"
    path.write_text(TINY)
    return path


def trained(source: Path, name: str, *options: str) -> Row:
    folder = source.parent / name
    command = [*TRAIN, str(source), *RECIPE, "--accelerator", "cpu", "-o", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("parameters, on digits") == 1, "one process tells"
    return only_row(folder)


def only_row(folder: Path) -> Row:
    (row,) = read_metrics(folder / "metrics.csv")
    return row


def agree(some: Row, others: Row) -> bool:
    """To float32's rounding, over the five steps."""
    return all(
        getattr(some, name) == pytest.approx(getattr(others, name), rel=2e-6)
        for name in ("train_loss", "train_error", "val_loss", "top1", "top5")
    )


def test_two_processes_are_one(source: Path) -> None:
    alone = trained(source, "alone")
    together = trained(source, "together", "--devices", "2", "--sync-batch-norm")
    assert agree(together, alone)


def test_processes_are_parts_of_a_batch(source: Path) -> None:
    """Without --sync-batch-norm each process has its own statistics, as each part has."""
    parts = trained(source, "parts", "--accumulate", "2")
    together = trained(source, "together", "--devices", "2")
    assert together.train_loss == pytest.approx(parts.train_loss, rel=2e-6)
    assert together.train_error == pytest.approx(parts.train_error)


def test_two_machines_are_one(source: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    folder = source.parent / "machines"
    started = [
        subprocess.Popen(
            [
                sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", rank,
                "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", port,
                *TRAIN[1:], str(source), *RECIPE, "--accelerator", "cpu", "-o", str(folder),
                "--sync-batch-norm",
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
        )
        for rank in ("0", "1")
    ]  # fmt: skip
    ends = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0], ends
    alone = trained(source, "alone")
    assert agree(only_row(folder), alone)
