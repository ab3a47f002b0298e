"""Progress of long work, by a clock that tests set: a line now and then, or a bar."""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import seqdsl_command

from seqdsl.cli import progress
from seqdsl.cli.progress import Estimate, progress_bar
from seqdsl.source.timing import spell_time

NET = """\
use std.seqconv

network N {
  input 3x8x8
  conv 3x3, 8
  seqconv 3x3, 16, k=8
  global_average_pool
  fc 10
  softmax
}
"""


class Clock:
    """Shows what it is set to, and moves on by a step with each look."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    found = Clock()
    monkeypatch.setattr(progress, "monotonic", found)
    yield found


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    out, err = capsys.readouterr()
    assert not out
    return err.splitlines()


def test_short_work_is_silent(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as report:
        for step in range(50):
            clock.now = step / 10
            report("step", step / 50)
    assert lines(capsys) == []


def test_lines_come_first_soon_and_then_seldom(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar() as report:
        for second in range(200):
            clock.now = second
            report(f"step {second}", second / 400)
    found = lines(capsys)
    assert [line.split()[0] for line in found] == [
        "[0:05]", "[0:10]", "[0:20]", "[0:40]", "[1:10]", "[1:40]", "[2:10]", "[2:40]", "[3:10]"
    ]  # fmt: skip
    assert found[2] == "[0:20] 5 %, about 6:20 left: step 20"


def test_a_log_of_a_month_stays_short(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    whole = 30 * 24 * 3600
    with progress_bar() as report:
        for second in range(0, whole, 10):
            clock.now = second
            report("step", second / whole)
    assert 500 < len(lines(capsys)) < 2000


def test_what_was_done_before_is_no_measure(clock: Clock) -> None:
    """A run that goes on from its half: what is left is estimated by what it does now."""
    estimate = Estimate()
    clock.now = 100
    assert estimate.left(0.5) is None
    clock.now = 110
    assert estimate.left(0.6) == pytest.approx(40)
    assert estimate.left(1.0) == 0


def test_spelled_times() -> None:
    assert [spell_time(each) for each in (0, 65.4, 3599.6, 7205, 360_000)] == [
        "0:00", "1:05", "1:00:00", "2:00:05", "100:00:00"
    ]  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_tells_what_is_left(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as report:
        clock.now = 10
        report("epoch 1 of 2", 0.001)
        clock.now = 20
        report("epoch 1 of 2", 0.5)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sys.stderr.getvalue())
    assert "about 0:20 left, epoch 1 of 2" in shown


@pytest.mark.parametrize("command", ["verify", "bench", "eval", "build", "train"])
def test_commands_tell_how_they_get_on(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Each look at the clock takes it a second, and all is told."""
    clock.step = 1.0
    for name in ("_FIRST", "_USUAL", "_LATER"):
        monkeypatch.setattr(progress, name, 0.0)
    net = tmp_path / "net.seq"
    net.write_text(NET)
    options = {
        "verify": [],
        "bench": ["--seconds", "0.01", "--no-memory", "--backend", "onnxruntime"],
        "eval": ["--weights", tmp_path / "net.safetensors", "--batch", "8"],
        "build": ["-o", tmp_path / "net.onnx", "--tune"],
        "train": ["-o", tmp_path / "run", "--set", "epochs=1", "--set", "batch=128",
                  "--accelerator", "cpu"],
    }[command]  # fmt: skip
    if command == "eval":
        from safetensors.numpy import save_file

        import seqdsl
        from seqdsl.backends.weights.state import initial_state

        save_file(dict(initial_state(seqdsl.load(net))), tmp_path / "net.safetensors")
    done = seqdsl_command(command, net, *options)
    assert done.code == 0, done.err
    told = [line for line in done.err.splitlines() if re.match(r"\[\d+:\d\d\] \d+ %", line)]
    assert told, done.err
    assert not any(line.startswith("[") for line in done.out.splitlines())
    if command == "train":
        assert re.search(
            r"epoch 1 of 1, step \d+ of \d+, loss \d\.\d{4}, [0-9.e+]+ steps/s, "
            r"\d+:\d\d left of the epoch", done.err
        ), done.err  # fmt: skip
        assert re.search(r"epoch 1 of 1, validation, batch \d+ of \d+", done.err)
