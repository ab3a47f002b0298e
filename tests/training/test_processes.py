"""Several processes, and several machines, train as one does."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import seqdsl_command
from patience import HANG, until
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
    try:
        ends = [process.communicate(timeout=HANG) for process in started]
    finally:
        for process in started:  # one that failed would leave the other waiting
            process.kill()
    assert [process.returncode for process in started] == [0, 0], ends
    alone = trained(source, "alone")
    assert agree(only_row(folder), alone)


def test_each_process_has_samples_to_validate_on(source: Path) -> None:
    trained(source, "few", "--devices", "2", "--set", "holdout=3")


def started(source: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    """A run of many epochs, in a group of processes of its own, once the first epoch is done."""
    log = folder.with_suffix(".log")
    with log.open("w") as err:
        process = subprocess.Popen(
            [*TRAIN, str(source), "--accelerator", "cpu", "-o", str(folder), *options],
            stderr=err, env=ENVIRONMENT, start_new_session=True, text=True,
        )  # fmt: skip
    until(lambda: "\n    1 " in log.read_text() or process.poll() is not None)
    return process


@pytest.mark.parametrize("options", [["--workers", "2"], ["--devices", "2"]], ids=lambda o: o[0])
def test_signal_to_a_group_of_processes_saves(source: Path, options: list[str]) -> None:
    """As Slurm and `timeout` send it; and the run goes on to its end."""
    folder = source.parent / "run"
    recipe = ["--set", "epochs=8", "--set", "batch=96", "--set", "lr=0.02"]
    process = started(source, folder, *recipe, *options)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    told = folder.with_suffix(".log").read_text()
    (step,) = re.findall(r"step ([0-9]+) is saved", told)
    assert "Traceback" not in told and int(step) >= 14
    assert (folder / "checkpoints" / f"step-{int(step):08}").is_dir()
    command = [*TRAIN, str(source), *recipe, *options, "--accelerator", "cpu", "-o", str(folder)]
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert [row.epoch for row in read_metrics(folder / "metrics.csv")] == list(range(1, 9))


def test_process_that_fails_takes_the_others_with_it(source: Path) -> None:
    """A disk that is full, to the first of them."""
    folder = source.parent / "full"
    done = subprocess.run(
        [*TRAIN, str(source), *RECIPE, "--devices", "2", "--accelerator", "cpu", "-o", str(folder)],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=HANG,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)),
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("error[") == 1 and "SEQ609" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("environment", "options", "told"),
    [
        ({"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}, ["--devices", "4"], "says 2 on 1"),
        ({}, ["--nodes", "2"], "nothing has started a process on each"),
        ({}, ["--devices", "400"], "can't share 359 validation samples"),
        ({}, ["--precision", "fp16"], "fp16 is of CUDA devices"),
    ],
    ids=["launcher", "machines", "processes", "precision"],
)
def test_processes_that_can_not_be_had_are_told(
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    options: list[str],
    told: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folder = source.parent / "run"
    call = ["train", source, "--accelerator", "cpu", "-o", folder, *options]
    done = seqdsl_command(*call)
    assert (done.code, told in done.err, folder.exists()) == (2, True, False), done.err


AT_ITS_END = """\
import atexit, pathlib, sys

def tell() -> None:
    tasks = pathlib.Path("/proc/self/task").glob("*/comm")
    print("threads:", *sorted(task.read_text().strip() for task in tasks), file=sys.stderr)

atexit.register(tell)  # the first is the last to be called
from seqdsl.cli.main import main
main()
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are seen on Linux")
@pytest.mark.parametrize("limit", [None, 30_000], ids=["well", "on a full disk"])
def test_no_connection_outlasts_the_training(source: Path, limit: int | None) -> None:
    """An interpreter that ended with its threads aborted once in some twenty runs."""
    program = source.parent / "program.py"
    program.write_text(AT_ITS_END)
    done = subprocess.run(
        [sys.executable, str(program), *TRAIN[3:], str(source), *RECIPE, "--devices", "2",
         "--accelerator", "cpu", "-o", str(source.parent / "run")],
        capture_output=True, text=True, env=ENVIRONMENT,
        preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))),
    )  # fmt: skip
    assert done.returncode == (2 if limit else 0), done.stderr
    ends = re.findall(r"^threads: (.*)$", done.stderr, re.MULTILINE)
    assert ends and not any("gloo" in end for end in ends)
