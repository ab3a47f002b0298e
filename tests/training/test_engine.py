"""A run ends the same wherever it was broken off, and stops with what was saved intact."""

from __future__ import annotations

import math
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from runs import ON_CPU, RECIPE, run_tiny, told
from safetensors.torch import load_file

from seqdsl.source.diagnostic import Failure
from seqdsl.training.checkpoint import checkpoints, read_checkpoint
from seqdsl.training.engine import Trained
from seqdsl.training.metrics import read_metrics
from seqdsl.training.options import DataSource, Machine
from seqdsl.training.watch import Listener

STEPS = 1438 // RECIPE.batch  # of an epoch
EACH = Machine(accelerator="cpu", save_every=1)


class Broken(Exception):
    """As a bug, or a power cut, would end a run: nothing is saved first."""


def broken_at(count: int) -> Listener:
    """Ends a run at its nth report: one for each step and for each validation."""
    reports = iter(range(1, 10**6))

    def report(_: str, __: float) -> None:
        if next(reports) == count:
            raise Broken

    return Listener(report=report)


def weights(folder: Path) -> bytes:
    return (folder / "final.safetensors").read_bytes()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    return folder, run_tiny(folder)


@pytest.mark.parametrize(
    "report",
    [1, 2, 7, STEPS, STEPS + 1, STEPS + 2, 2 * STEPS + 1, 2 * STEPS + 2],
    ids=lambda n: f"report {n}",
)
@pytest.mark.parametrize("machine", [ON_CPU, EACH], ids=["saved by epoch", "saved by step"])
def test_resumed_run_is_the_unbroken_one(
    tmp_path: Path, unbroken: tuple[Path, Trained], report: int, machine: Machine
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Broken):
        run_tiny(folder, machine=machine, listener=broken_at(report))
    resumed = run_tiny(folder, machine=machine, resume=True)
    assert weights(folder) == weights(unbroken[0])
    assert told(resumed.rows) == told(unbroken[1].rows)
    assert told(tuple(read_metrics(folder / "metrics.csv"))) == told(unbroken[1].rows)


@pytest.mark.parametrize(
    "machine",
    [
        Machine(accelerator="cpu", accumulate=2),
        Machine(accelerator="cpu", channels_last=True, recompute=True),
        Machine(accelerator="cpu", precision="bf16"),
        Machine(accelerator="cpu", workers=1),
    ],
    ids=["parts", "channels last", "bf16", "workers"],
)
def test_however_it_is_computed_a_resumed_run_is_the_unbroken_one(
    tmp_path: Path, machine: Machine
) -> None:
    run_tiny(tmp_path / "whole", machine=machine)
    with pytest.raises(Broken):
        run_tiny(tmp_path / "run", machine=replace(machine, save_every=1), listener=broken_at(9))
    run_tiny(tmp_path / "run", machine=machine, resume=True)
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


def test_seed_decides(tmp_path: Path, unbroken: tuple[Path, Trained]) -> None:
    run_tiny(tmp_path / "same")
    run_tiny(tmp_path / "other", source=DataSource(seed=1))
    assert weights(tmp_path / "same") == weights(unbroken[0]) != weights(tmp_path / "other")


def test_finished_run_stays_as_it_is(tmp_path: Path, unbroken: tuple[Path, Trained]) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    notes: list[str] = []
    again = run_tiny(folder, resume=True, listener=Listener(note=notes.append))
    assert weights(folder) == weights(unbroken[0])
    assert again.rows == unbroken[1].rows
    assert notes == [f"the run in {folder} has come to its end already"]


def test_best_weights_are_kept(unbroken: tuple[Path, Trained]) -> None:
    folder, trained = unbroken
    best = min(trained.rows, key=lambda row: row.top1)
    assert best is trained.rows[-1], "the last epoch is this run's best"
    kept, last = load_file(folder / "best.safetensors"), load_file(folder / "final.safetensors")
    assert all(torch.equal(kept[key], last[key]) for key in last)


def test_damaged_checkpoint_is_passed_over(tmp_path: Path, unbroken: tuple[Path, Trained]) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Broken):
        run_tiny(folder, machine=EACH, listener=broken_at(9))
    latest, _ = checkpoints(folder / "checkpoints")
    with (latest / "weights.safetensors").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff\xff\xff\xff")
    notes: list[str] = []
    run_tiny(folder, machine=EACH, resume=True, listener=Listener(note=notes.append))
    assert "weights.safetensors is not as it was written" in notes[0]
    assert weights(folder) == weights(unbroken[0])


def test_full_disk_ends_a_run_and_leaves_what_was_saved(
    tmp_path: Path, unbroken: tuple[Path, Trained]
) -> None:
    folder, limits = tmp_path / "run", resource.getrlimit(resource.RLIMIT_FSIZE)
    reports = iter(range(1, 10**6))

    def report(_: str, __: float) -> None:
        if next(reports) == 5:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))

    try:
        with pytest.raises(Failure) as caught:
            run_tiny(folder, machine=EACH, listener=Listener(report=report))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = caught.value.diagnostic
    assert found.code.name == "unwritable-output"
    assert "File too large" in found.message
    latest = checkpoints(folder / "checkpoints")[0]
    assert read_checkpoint(latest).position.step == 4
    assert sorted(path.name for path in latest.parent.iterdir()) == sorted(
        path.name for path in checkpoints(folder / "checkpoints")
    ), "nothing half written stays"
    run_tiny(folder, machine=EACH, resume=True)
    assert weights(folder) == weights(unbroken[0])


def test_diverged_run_ends_and_leaves_what_was_saved(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Failure) as caught:
        run_tiny(folder, recipe=replace(RECIPE, lr=1e25), machine=EACH)
    found = caught.value.diagnostic
    assert found.code.name == "diverged"
    assert "in epoch 1" in found.message
    for path in checkpoints(folder / "checkpoints"):
        saved = read_checkpoint(path)
        assert math.isfinite(saved.position.sums.loss)
        assert all(bool(torch.isfinite(tensor).all()) for tensor in saved.weights.values())


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({}, None, ""),
        ({"source": DataSource(seed=3)}, "unfit-run", "its seed is 0, and 3 is given"),
        ({"recipe": replace(RECIPE, lr=0.2)}, "unfit-run", "its lr is 0.05, and 0.2 is given"),
        ({"parameters": {"drop": 0.3}}, "other-network", "of another network than Tiny"),
    ],
    ids=["nothing", "seed", "recipe", "network"],
)  # fmt: skip
def test_run_goes_on_as_it_was_begun(
    tmp_path: Path, unbroken: tuple[Path, Trained], change: dict, code: str | None, told: str
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    refused = refusal(lambda: run_tiny(folder, resume=True, **change))
    assert (refused and refused.diagnostic.code.name) == code
    assert told in (refused.diagnostic.message if refused else "")


def test_folder_holds_one_run(tmp_path: Path, unbroken: tuple[Path, Trained]) -> None:
    taken = refusal(lambda: run_tiny(unbroken[0]))
    missing = refusal(lambda: run_tiny(tmp_path / "none", resume=True))
    assert taken is not None and "holds a run already" in taken.diagnostic.message
    assert missing is not None and "holds no run to be resumed" in missing.diagnostic.message


@pytest.mark.parametrize(
    ("recipe", "machine", "told"),
    [
        (replace(RECIPE, batch=64), Machine(accelerator="cpu", accumulate=3), "can't be divided"),
        (replace(RECIPE, batch=1500), ON_CPU, "1,438 samples, and a batch is of 1500"),
    ],
    ids=["parts", "batch"],
)
def test_batches_are_whole(tmp_path: Path, recipe, machine: Machine, told: str) -> None:
    refused = refusal(lambda: run_tiny(tmp_path / "run", recipe=recipe, machine=machine))
    assert refused is not None and refused.diagnostic.code.name == "unfit-run"
    assert told in refused.diagnostic.message
    assert not (tmp_path / "run").exists(), "the folder is free for a call that is right"


def refusal(work: Callable[[], object]) -> Failure | None:
    try:
        work()
    except Failure as failure:
        return failure
    return None


def test_killed_at_random_moments() -> None:
    """The same program kills a run ten times and more, outside of the suite."""
    script = Path(__file__).parent / "killing.py"
    command = [sys.executable, str(script), "--times", "2", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 runs ended the same, bit for bit" in done.stdout


def test_folder_where_nothing_was_saved_is_free(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        run_tiny(tmp_path / "run", listener=broken_at(1))
    run_tiny(tmp_path / "run", recipe=replace(RECIPE, lr=0.01, epochs=1, milestones=()))


def test_momentum_of_none_is_plain_descent(tmp_path: Path) -> None:
    run_tiny(tmp_path / "run", recipe=replace(RECIPE, momentum=0.0, epochs=1, milestones=()))
