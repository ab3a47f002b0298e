"""``seqdsl build``: schedules, and what tuning leaves beside a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import seqdsl_command

SOURCE = """
use std.seqconv
network N { input 3x8x8; seqconv 3x3, 8, k=2; wseqconv 3x3, 8, k=2; global_average_pool; fc 4 }
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(SOURCE)


def test_tuning_keeps_what_it_found_to_be_used_again() -> None:
    done = seqdsl_command("build", "net.seq", "-o", "net.onnx", "--tune", "--batch", "2")
    assert done.code == 0, done.err
    kept = json.loads(Path("net.schedule.json").read_text())
    assert kept["batch"] == 2 and len(kept["schedules"]) == 2
    assert kept["milliseconds"] > 0 and "ms by gather" in done.err
    again = seqdsl_command(
        "build", "net.seq", "-o", "again.onnx", "--schedule", "net.schedule.json"
    )
    assert again.code == 0, again.err
    assert Path("again.onnx").read_bytes() == Path("net.onnx").read_bytes()


def test_schedules_differ_in_the_model() -> None:
    models = set()
    for word in ("gather", "scatter", "blocked"):
        assert seqdsl_command("build", "net.seq", "-o", "a.onnx", "--schedule", word).code == 0
        models.add(Path("a.onnx").read_bytes())
    assert len(models) == 3


def test_a_schedule_of_another_network_is_refused() -> None:
    Path("other.schedule.json").write_text('{"version": 1, "network": "M", "schedules": {}}')
    done = seqdsl_command("build", "net.seq", "-o", "a.onnx", "--schedule", "other.schedule.json")
    assert done.code == 2 and "SEQ611" in done.err and not Path("a.onnx").exists()


@pytest.mark.parametrize(
    ("output", "options"),
    [
        ("a.py", ("--tune",)),
        ("a.py", ("--schedule", "scatter")),
        ("a.py", ("--batch", "8")),
        ("a.py", ("--recompute", "--schedule", "gather")),
        ("a.onnx", ("--schedule", "net.schedule.json", "--batch", "8")),
        ("a.onnx", ("--recompute",)),
        ("a.onnx", ("--tune", "--schedule", "gather")),
        ("a.onnx", ("--schedule", "fastest")),
        ("a.onnx", ("--batch", "0")),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(output: str, options: tuple[str, ...]) -> None:
    done = seqdsl_command("build", "net.seq", "-o", output, *options)
    assert done.code == 2 and "Error: " in done.err and not Path(output).exists()
