"""A network that trains in seconds, and runs of it in processes that can be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import seqdsl
from seqdsl.graph.network import Network
from seqdsl.graph.recipe import RECIPES, Recipe
from seqdsl.training.data.sets import open_data
from seqdsl.training.engine import Trained, train
from seqdsl.training.metrics import Row
from seqdsl.training.options import DataSource, Machine
from seqdsl.training.run import Run
from seqdsl.training.watch import SILENT, Listener

TINY = """\
use std.seqconv

network Tiny(classes = 10, drop = 0.1) {
  input 3x16x16
  conv 3x3, 8
  seqconv 3x3, 16, k=8
  residual {
    dropout drop
    wseqconv 3x3, 16, k=8
    wseqconv 3x3, 16, k=8
  }
  conv 3x3, 16, stride=4
  global_average_pool
  fc classes
  softmax
}
"""
DIGITS = DataSource()
ON_CPU = Machine(accelerator="cpu")
RECIPE = replace(RECIPES["digits"], epochs=2, batch=96, lr=0.05, milestones=(1,))


def tiny(**parameters: float) -> Network:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.seq"
        path.write_text(TINY)
        return seqdsl.load(path, **parameters)


def run_tiny(
    folder: Path,
    *,
    recipe: Recipe = RECIPE,
    source: DataSource = DIGITS,
    machine: Machine = ON_CPU,
    resume: bool = False,
    listener: Listener = SILENT,
    parameters: Mapping[str, float] | None = None,
) -> Trained:
    network = tiny(**(parameters or {}))
    data = open_data(
        source.data, source.path, network.input.type, classes=10, holdout=recipe.holdout,
        seed=source.seed, skip_unreadable=source.skip_unreadable,
    )  # fmt: skip
    return train(
        network, recipe, data, source, machine, Run(folder), resume=resume, listener=listener
    )


def told(rows: tuple[Row, ...]) -> list[Row]:
    """What a run has measured, without the time that it took."""
    return [replace(row, seconds=0.0) for row in rows]


def in_a_process(work: Callable[[], object], killed_after: float | None = None) -> int:
    """The exit code of a forked process, or minus the signal that ended it.

    Where it is to be killed, that is by SIGKILL, so many seconds after its start. This process must
    not have run torch's threads: a fork does not have them.
    """
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            os._exit(1)
        os._exit(0)
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
