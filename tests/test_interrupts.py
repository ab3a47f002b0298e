"""Ctrl-C ends a command with code 130 and no word, whenever it comes; so does a kill, with 143."""

from __future__ import annotations

import fcntl
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from random import Random
from typing import IO

import pytest
from commands import seqdsl_command
from networks import ROOT

# Sends an interrupt at the Nth call of a function, from the first import of ours on; so every
# moment is as likely, on a fast machine and on a slow one.
INTERRUPTED = """
import atexit, os, signal, sys
import seqdsl.__main__ as program

at, count = int(sys.argv.pop(1)), 0

def step(frame, event, argument):
    global count
    count += 1
    if count == at:
        os.kill(os.getpid(), signal.SIGINT)

if at < 0:
    atexit.register(lambda: print("calls:", count))
sys.setprofile(step)
program.main()
"""
FILE = str(ROOT / "architectures" / "resnet.seq")
COMMANDS = {
    "check": ["check", FILE],
    "audit": ["audit", FILE],
    "build": ["build", FILE, "--network", "ResNet50", "-o", "out.py"],
    "draw": ["draw", FILE, "--network", "ResNet50", "-o", "out.dot"],
    "a missing file": ["check", "missing.seq"],
}


def interrupted(at: int, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-c", INTERRUPTED, str(at), *command]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_at_any_moment(tmp_path: Path, name: str) -> None:
    calls = re.search(r"calls: (\d+)", interrupted(-1, COMMANDS[name], tmp_path).stdout)
    assert calls is not None
    random = Random(name)
    moments = [1, 100, *(random.randrange(int(calls[1])) for _ in range(5))]
    for path in tmp_path.iterdir():
        path.unlink()
    for at in moments:
        done = interrupted(at, COMMANDS[name], tmp_path)
        assert done.returncode in (130, -signal.SIGINT), (at, done.stderr)
        assert not re.search("Traceback|Exception|KeyboardInterrupt", done.stderr), (
            at,
            done.stderr,
        )
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_an_interrupt_that_another_exception_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a class is made: before Python 3.12 what `__set_name__` raises is wrapped."""

    class Interrupting:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    def check(*_: object, **__: object) -> None:
        try:
            type("Made", (), {"field": Interrupting()})
        except KeyboardInterrupt as error:  # from Python 3.12 on
            raise RuntimeError("wrapped") from error

    monkeypatch.setattr("seqdsl.cli.check.check_one", check)
    done = seqdsl_command("check", FILE)
    assert (done.code, done.err) == (130, "")


PROGRAMS = {
    "python -m seqdsl": [sys.executable, "-m", "seqdsl"],
    "seqdsl": [str(Path(sys.executable).with_name("seqdsl"))],
}


def unread(pipe: IO[bytes]) -> int:
    """The bytes that nobody has taken from a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_while_it_waits_for_its_input(program: str, number: int, code: int) -> None:
    command = [*PROGRAMS[program], "check", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        process.stdin.write(b"network")
        process.stdin.flush()
        while unread(process.stdin):  # until it waits for more
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate()
    assert process.returncode == code
    assert not out and not err.strip()
