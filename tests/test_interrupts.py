"""Ctrl-C ends a command with code 130 and no word, whenever it comes; so does a kill, with 143."""

from __future__ import annotations

import fcntl
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path
from random import Random
from typing import IO

import pytest
from commands import seqdsl_command
from networks import ROOT
from patience import HANG, until

from seqdsl.source.ending import Ending

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
    interrupted(0, COMMANDS[name], tmp_path)  # where there is no cache, this fills it
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

    monkeypatch.setattr("seqdsl.cli.commands.check.check_one", check)
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
        until(lambda: not unread(process.stdin))  # it waits for more
        process.send_signal(number)
        out, err = process.communicate()
    assert process.returncode == code
    assert not out and not err.strip()


# --- signals that come where Python, or a library, drops what their handlers raise

DROPPED = """
import ctypes, gc, os, signal, sys, threading, weakref
from pathlib import Path
import seqdsl.__main__ as program
import seqdsl.cli.commands.check

def send():
    os.kill(os.getpid(), signal.{name})
    sum(range(1000))  # the handler runs in here

class Deleted:
    def __del__(self):
        send()

class Set:
    def __set_name__(self, owner, name):
        send()

class Sending:
    def write(self, text):
        send()
    def flush(self):
        pass

class Watched:
    pass

def closed():
    try:
        yield
    finally:
        send()

def in_del():
    Deleted()

def in_a_cycle():
    made = Deleted()
    made.itself = made
    del made
    gc.collect()

def in_a_weakref_s_callback():
    watched = Watched()
    weakref.finalize(watched, send)
    del watched

def in_a_generator_that_is_closed():
    made = closed()
    next(made)
    del made

def in_a_callback_from_c():
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    compare = kind(lambda *_: send() or 0)
    qsort = ctypes.CDLL(None).qsort
    qsort(ctypes.create_string_buffer(16), 2, 8, compare)

def behind_a_bare_except():
    try:
        send()
    except BaseException:
        pass

def kept_by_what_dropped_it():
    try:
        send()
    except BaseException as error:
        kept.append(error)

def as_a_class_is_made():
    type("Made", (), {{"field": Set()}})

def in_a_module_that_is_imported():
    Path("taken.py").write_text("try:\\n import given\\nexcept BaseException:\\n pass\\n")
    Path("given.py").write_text("from __main__ import send\\nsend()\\n")
    sys.modules["__main__"] = sys.modules[__name__]
    sys.path.insert(0, "")
    import taken

def in_what_reports_an_exception():
    class Failing:
        def __del__(self):
            raise ValueError
    tell, sys.stderr = sys.stderr, Sending()
    Failing()
    sys.stderr = tell

kept = []

def check(*_, **__):
    try:
        {place}()
        while True:  # for ever, if it were lost
            threading.Event().wait(0.01)
    finally:
        threading.Event().wait(0.3)  # an order that takes its time is not disturbed
        print("unwound", flush=True)

seqdsl.cli.commands.check.check_one = check
program.main()
"""
PLACES = re.findall(r"^def ((?:in|behind|kept|as)_\w+)", DROPPED, re.MULTILINE)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("place", PLACES)
def test_no_signal_is_lost(tmp_path: Path, place: str, name: str, code: int) -> None:
    program = DROPPED.format(name=name, place=place)
    command = [sys.executable, "-c", program, "check", FILE]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=HANG)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (code, "unwound\n", "")


WRITING = """
import os, signal, sys, threading
import seqdsl.__main__ as program

class Deleted:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        sum(range(1000))

def slow(_):
    Deleted()
    while True:
        threading.Event().wait(0.01)

os.fsync = slow
program.main()
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_lost_signal_leaves_no_half_of_a_file(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "out.py").write_text("before")
    command = [sys.executable, "-c", WRITING.format(name=name), *COMMANDS["build"]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=HANG)
    assert (done.returncode, done.stderr.strip()) == (code, "")
    assert [path.name for path in tmp_path.iterdir()] == ["out.py"]
    assert (tmp_path / "out.py").read_text() == "before"


def test_what_acts_on_a_signal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `bench`, which prints what it has measured."""
    ending, sent = Ending(), []
    monkeypatch.setattr(ending, "_send", sent.append)
    with pytest.raises(KeyboardInterrupt):
        ending.begin(signal.SIGINT)
    assert ending.take() == signal.SIGINT and ending.take() == 0
    ending._follow(1)  # ends at once
    assert not sent
