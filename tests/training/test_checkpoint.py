"""What is in a run's folder is whole, of this run, and not lost to what else is there."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from runs import run_tiny

from seqdsl.backends.running import Outcome
from seqdsl.source.diagnostic import Failure
from seqdsl.training.checkpoint import (
    Checkpoint,
    checkpoints,
    read_checkpoint,
    read_latest,
    write_checkpoint,
)
from seqdsl.training.engine import _fit
from seqdsl.training.evaluation import evaluate
from seqdsl.training.position import Position, Sums


def at(step: int, loss: float = 0.5) -> Checkpoint:
    weights = {"conv.weight": torch.full((2, 3), float(step))}
    position = Position(1, step, step, Sums(loss, 3, 4, 5.0))
    return Checkpoint("a hash", weights, {"conv.weight": torch.ones(2, 3)}, position, {"a": [1]})


def steps(folder: Path) -> list[int]:
    return [int(path.name.removeprefix("step-")) for path in checkpoints(folder)]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = at(7, loss=1 / 3)
    read = read_checkpoint(write_checkpoint(tmp_path, written))
    assert (read.position, read.network, read.engine) == (written.position, "a hash", {"a": [1]})
    assert torch.equal(read.weights["conv.weight"], written.weights["conv.weight"])
    assert torch.equal(read.momentum["conv.weight"], written.momentum["conv.weight"])


def test_a_state_without_a_hash_of_its_own_is_read(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, at(7)) / "state.json"
    state = json.loads(path.read_text())
    del state["sha256"]["state.json"]
    path.write_text(json.dumps(state))
    assert read_checkpoint(path.parent).position == at(7).position


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        write_checkpoint(tmp_path, at(step))
    assert steps(tmp_path) == [4, 3]


def test_one_behind_damaged_ones_stays(tmp_path: Path) -> None:
    for step in (10, 20):
        (write_checkpoint(tmp_path, at(step)) / "state.json").write_text("{")
    write_checkpoint(tmp_path, at(5))
    assert steps(tmp_path) == [5]


def test_same_step_again_is_written_over(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, at(3, loss=1.0))
    path = write_checkpoint(tmp_path, at(3, loss=2.0))
    assert read_checkpoint(path).position.sums.loss == 2.0
    assert [each.name for each in tmp_path.iterdir()] == ["step-00000003"]


def test_what_was_killed_halfway_is_swept(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, at(1))
    (tmp_path / ".step-00000002.99").mkdir()
    assert steps(tmp_path) == [1]
    write_checkpoint(tmp_path, at(2))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["step-00000001", "step-00000002"]


@pytest.mark.parametrize("name", ["weights.safetensors", "momentum.safetensors", "state.json"])
@pytest.mark.parametrize("how", ["cut", "changed", "a bit", "gone", "empty"])
def test_damage_is_told_and_the_one_before_is_taken(tmp_path: Path, name: str, how: str) -> None:
    write_checkpoint(tmp_path, at(1))
    file = write_checkpoint(tmp_path, at(2)) / name
    whole = file.read_bytes()
    middle = len(whole) // 2
    if how == "gone":
        file.unlink()
    else:
        changed = whole[:middle] + bytes([whole[middle] ^ 0x80]) + whole[middle + 1 :]
        bit = whole[:-1] + bytes([whole[-1] ^ 0x80])  # of the last number
        made = {"cut": whole[:-3], "changed": changed, "a bit": bit, "empty": b""}
        file.write_bytes(made[how])
    found = read_latest(tmp_path)
    assert found is not None
    path, checkpoint, problems = found
    assert (path.name, checkpoint.position.step, len(problems)) == ("step-00000001", 1, 1)


def test_nothing_whole_is_no_beginning(tmp_path: Path) -> None:
    for step in (1, 2):
        (write_checkpoint(tmp_path, at(step)) / "state.json").unlink()
    with pytest.raises(Failure, match="can't be read as a checkpoint"):
        read_latest(tmp_path)
    assert read_latest(tmp_path / "none") is None


@pytest.mark.parametrize("text", ["{}", "[]", "null", "{", '{"recipe": 3}', ""])
def test_description_that_is_none_of_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(Failure) as caught:
        run_tiny(tmp_path, resume=True)
    assert caught.value.diagnostic.code.name == "unfit-run"


def test_checkpoints_without_a_description_are_no_place_to_begin(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "checkpoints", at(3))
    with pytest.raises(Failure, match="holds a run already"):
        run_tiny(tmp_path)


def test_other_samples_are_another_run(tmp_path: Path) -> None:
    run_tiny(tmp_path / "run")
    description = tmp_path / "run" / "run.json"
    told = json.loads(description.read_text())
    description.write_text(json.dumps({**told, "training samples": 1437}))
    with pytest.raises(Failure, match="its training samples is 1437, and 1438 is given"):
        run_tiny(tmp_path / "run", resume=True)


def test_checkpoint_of_another_network_is_not_gone_on_with(tmp_path: Path) -> None:
    run_tiny(tmp_path / "run")
    folder = tmp_path / "run" / "checkpoints"
    latest = read_checkpoint(checkpoints(folder)[0])
    write_checkpoint(folder, replace(latest, network="another hash"))
    with pytest.raises(Failure, match="is of another network than the run's"):
        run_tiny(tmp_path / "run", resume=True)


class Few:
    """Three samples of two classes, of which a file may be gone."""

    def __init__(self, readable: int) -> None:
        self._readable = readable

    def __len__(self) -> int:
        return 3

    def __getitems__(self, draws: list) -> SimpleNamespace:
        n = min(self._readable, len(draws))
        gone = torch.arange(n, len(draws))
        images, labels = torch.zeros(n, 1, 2, 2), torch.ones(n, dtype=torch.int64)
        return SimpleNamespace(images=images, labels=labels, unreadable=gone)

    def name(self, index: int) -> str:
        return f"sample {index}"


def answering(*row: float):
    def run(images: np.ndarray) -> Outcome:
        logits = np.tile(np.array(row, np.float32), (len(images), 1))
        return Outcome({"logits": logits}, "CPU", None)

    return run


def test_errors_are_of_what_can_be_read() -> None:
    errors = evaluate(answering(0, 1), Few(2), 3)
    assert (errors.top1, errors.samples, errors.unreadable) == (0, 2, ("sample 2",))


def test_a_tie_is_not_right() -> None:
    assert evaluate(answering(1, 1), Few(3), 3).top1 == 100


@pytest.mark.parametrize(
    ("readable", "row", "code"),
    [(0, (0, 1), "unreadable-data"), (3, (float("nan"), 1), "not-finite")],
)
def test_no_error_is_made_up(readable: int, row: tuple[float, ...], code: str) -> None:
    with pytest.raises(Failure) as caught:
        evaluate(answering(*row), Few(readable), 3)
    assert caught.value.diagnostic.code.name == code


def test_nothing_is_written_under_the_name_of_a_checkpoint(tmp_path: Path) -> None:
    """So that a process can be killed at any instant: the name comes with all that is in it."""
    opened: list[str] = []

    def audit(event: str, arguments: tuple) -> None:
        if event == "open" and is_watching and isinstance(arguments[0], str):
            opened.append(arguments[0])

    sys.addaudithook(audit)
    is_watching = True
    path = write_checkpoint(tmp_path, at(3))
    is_watching = False
    written = [name for name in opened if str(tmp_path) in name]
    assert any("weights.safetensors" in name for name in written)
    assert not [name for name in written if name.startswith(f"{path}/")]


def test_process_that_fails_ends_those_that_it_started() -> None:
    """As it must where their devices wait for one another, and no connection is closed."""
    ended: list[object] = []

    def fit(*_: object, **__: object) -> None:
        raise ValueError("as Lightning might")

    process = SimpleNamespace(kill=lambda: ended.append(process))
    launcher = SimpleNamespace(procs=[process])
    trainer = SimpleNamespace(fit=fit, strategy=SimpleNamespace(launcher=launcher))
    with pytest.raises(Failure, match="torch refuses it: as Lightning might"):
        _fit(trainer, None, None, None)
    # what Lightning watches is empty: it would end this process, too
    assert (ended, launcher.procs) == ([process], [])
