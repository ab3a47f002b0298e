"""One process trains in a folder: another is told which, and a killed one is in nobody's way."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seqdsl.source.diagnostic import Failure
from seqdsl.training.lock import LOCK, OWNER, held
from seqdsl.training.run import Run

HOLDING = """
import os, sys
from pathlib import Path
from seqdsl.training.lock import held
from seqdsl.training.run import Run

with held(Run(Path(sys.argv[1]))):
    if sys.argv[2] == "with a worker" and os.fork() == 0:
        print("held", flush=True)
        sys.stdin.read()  # ends some time after its parent
        os._exit(0)
    if sys.argv[2] == "alone":
        print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holding(folder: Path, how: str = "alone") -> Iterator["subprocess.Popen[str]"]:
    """Another process that has a run's folder."""
    command = [sys.executable, "-c", HOLDING, str(folder), how]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def refused(folder: Path) -> str:
    with pytest.raises(Failure) as caught, held(Run(folder)):
        pass
    assert caught.value.diagnostic.code.id == "SEQ704"
    return caught.value.diagnostic.message


def test_another_is_told_who_has_the_folder(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        message = refused(tmp_path)
        assert f"process {process.pid} on {socket.gethostname()}, since 20" in message
        process.communicate("")
    with held(Run(tmp_path)):
        assert "another process trains in" in refused(tmp_path)
    with held(Run(tmp_path)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


@pytest.mark.parametrize("how", ["alone", "with a worker"])
def test_a_killed_one_blocks_nobody(tmp_path: Path, how: str) -> None:
    """Nor does a data worker that outlasts it by some seconds: it is waited for."""
    with holding(tmp_path, how) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / OWNER).exists()
        if process.stdin is not None:
            process.stdin.close()
        with held(Run(tmp_path)):
            assert json.loads((tmp_path / OWNER).read_text())[1] == os.getpid()


@pytest.mark.parametrize(
    "text", ["", "{}", "[" * 100_000, "[1, 2, 3]", '["a", 1e999, "b"]', "\xff"]
)
def test_a_damaged_record_of_who_has_it(tmp_path: Path, text: str) -> None:
    with holding(tmp_path):
        (tmp_path / OWNER).write_text(text, encoding="latin-1")
        assert refused(tmp_path).endswith("which one is not known")


def test_of_another_machine(tmp_path: Path) -> None:
    """Whether its process lives can't be asked: the folder may be one of a network."""
    with holding(tmp_path):
        (tmp_path / OWNER).write_text(json.dumps(["elsewhere", 2**30, "yesterday"]))
        assert refused(tmp_path).endswith("process 1073741824 on elsewhere, since yesterday")


def test_a_folder_of_which_nothing_came_goes(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(Run(tmp_path / "runs" / "new")):
        raise ZeroDivisionError
    assert not (tmp_path / "runs" / "new").exists()
    with held(Run(tmp_path / "runs" / "new")):
        (tmp_path / "runs" / "new" / "run.json").write_text("{}")
    assert (tmp_path / "runs" / "new").exists()


def test_a_place_for_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "can't be made or locked" in refused(tmp_path / "file")
    assert "can't be made or locked" in refused(tmp_path / "file" / "run")
