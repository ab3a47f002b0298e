"""Whatever a command writes is written whole; or what was there stays, and nothing beside it."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import seqdsl_command
from networks import compiled
from patience import HANG

from seqdsl.backends.files import write_whole
from seqdsl.backends.weights.state import random_state, save_state
from seqdsl.source.diagnostic import Failure

NETWORK = "network N { input 3x8x8; conv 3x3, 4; global_average_pool; fc 5 }\n"
UNTIDY = "network   N { input 3x8x8; _a = 1; b = 2; conv 3x3, 4 }\n"
OLD = b"what was there before"
# What is written, and the command: of net.seq, net.safetensors, x.npy.
COMMANDS = {
    "out.py": ["build", "net.seq", "-o", "out.py"],
    "out.onnx": ["build", "net.seq", "-o", "out.onnx"],
    "out.svg": ["draw", "net.seq", "-o", "out.svg"],
    "out.dot": ["draw", "net.seq", "-o", "out.dot"],
    "out.seq": ["expand", "net.seq", "-o", "out.seq"],
    "out.npy": ["run", "net.seq", "x.npy", "--save", "out.npy"],
    "out.safetensors": ["weights", "import", "net.safetensors", "--into", "net.seq", "-o",
                        "out.safetensors"],
    "out.pth": ["weights", "export", "net.safetensors", "--from", "net.seq", "--like",
                "net.safetensors", "-o", "out.pth"],
    "formatted.seq": ["fmt", "formatted.seq"],
    "mended.seq": ["check", "--fix", "mended.seq"],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    network = compiled(tmp_path, NETWORK)
    save_state(tmp_path / "net.safetensors", random_state(network))
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 8, 8), np.float32))
    for name in COMMANDS:
        (tmp_path / name).write_bytes(UNTIDY.encode() if name.endswith("ed.seq") else OLD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_command_writes_its_file(folder: Path) -> None:
    before = contents(folder)
    for name, arguments in COMMANDS.items():
        done = seqdsl_command(*arguments)
        assert "can't be written" not in done.err
        assert Path(name).read_bytes() != before[name], done.err
    assert contents(folder).keys() == before.keys()


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("when", ["fsync", "replace"])
def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, when: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = contents(folder)
    monkeypatch.setattr(*((os, "fsync") if when == "fsync" else (Path, "replace")), full)
    done = seqdsl_command(*COMMANDS[name])
    assert done.code == 2
    assert f"{name} can't be written: No space left on device" in done.err
    assert contents(folder) == before


def test_a_file_that_may_grow_no_further(folder: Path) -> None:
    """The kernel itself stops the write in its midst."""
    before = contents(folder)
    for name in ("out.py", "out.dot", "out.seq"):
        done = subprocess.run(
            [sys.executable, "-m", "seqdsl", *COMMANDS[name]],
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)),
        )
        assert done.returncode == 2 and f"{name} can't be written: File too large" in done.stderr
    assert contents(folder) == before


BROKEN_OFF = """
import os, signal, sys
from pathlib import Path
from seqdsl.cli.main import main
place, name = sys.argv[1], sys.argv[2]
end = lambda *_: os.kill(os.getpid(), getattr(signal, name)) or signal.pause()
if place == "fsync": os.fsync = end
else: Path.replace = end
sys.argv[1:] = sys.argv[3:]
main()
"""


@pytest.mark.parametrize("place", ["fsync", "replace"])
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGKILL", -9)])
def test_a_process_that_ends_while_it_writes(
    folder: Path, place: str, name: str, code: int
) -> None:
    before = contents(folder)
    done = subprocess.run(
        [sys.executable, "-c", BROKEN_OFF, place, name, *COMMANDS["out.py"]],
        capture_output=True,
        text=True,
    )
    assert done.returncode == code and not done.stderr.strip()
    after = contents(folder)
    if name == "SIGKILL":  # nothing can be cleared away: what is left says whose it is
        (left,) = after.keys() - before.keys()
        assert left.startswith(".seqdsl.")
        del after[left]
    assert after == before


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "real").write_bytes(OLD)
    (tmp_path / "link").symlink_to(Path("inner") / "real")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "inner" / "real").read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_rights_of_a_file_stay(tmp_path: Path, mode: int) -> None:
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "file").chmod(mode)
    write_whole(tmp_path / "file", b"new")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.seq")
    (tmp_path / "net.seq").write_text(NETWORK)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe.seq").read_bytes()))
    reader.start()
    assert seqdsl_command("expand", tmp_path / "net.seq", "-o", tmp_path / "pipe.seq").code == 0
    reader.join(timeout=HANG)
    assert read and b"network N" in read[0]
    assert (tmp_path / "pipe.seq").is_fifo()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        lambda path: path.symlink_to(path),
        lambda path: path.with_name("nul\0"),
        lambda path: path / "of no folder",
    ],
)
def test_what_is_no_place_for_a_file(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "out"
    made = make(path)
    with pytest.raises(Failure) as caught:
        write_whole(made if isinstance(made, Path) else path, b"new")
    assert caught.value.diagnostic.code.id == "SEQ609"
