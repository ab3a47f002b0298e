"""An engine is a leaf and a row, and so is a kind of file: nothing else names them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import seqdsl_command
from fake_engine import ROW

import seqdsl
from seqdsl.backends.doctor.doctor import examine
from seqdsl.backends.drawing.formats import FORMATS, Text
from seqdsl.backends.targets import ENGINES, FILES, FileTarget, Request
from seqdsl.backends.weights.state import save_state
from seqdsl.cli.commands.build import command as build

NETWORK = "network Net { input 1x8x8; conv 3x3, 4; global_average_pool; fc 10 }\n"
WITH_FAKE = (
    "import fake_engine\n"
    "from seqdsl.backends.targets import ENGINES\n"
    "ENGINES['fake'] = fake_engine.ROW\n"
    "from seqdsl.cli.main import main\n"
    "main()\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(NETWORK)


def with_fake(*arguments: str) -> tuple[str, str]:
    """What a command prints where one row more is in the table of engines."""
    path = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", WITH_FAKE, *arguments],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_run_takes_an_engine_by_its_row() -> None:
    np.save("x.npy", np.random.default_rng(0).standard_normal((2, 1, 8, 8), dtype=np.float32))
    _, said = with_fake("run", "net.seq", "x.npy", "--engine", "fake", "--save", "fake.npy")
    assert "on the fake, CPU" in said
    assert not seqdsl_command("run", "net.seq", "x.npy", "--save", "other.npy").code
    np.testing.assert_allclose(np.load("fake.npy"), np.load("other.npy"), rtol=1e-5, atol=1e-6)


def test_eval_takes_it() -> None:
    state = seqdsl.to_torch(seqdsl.load("net.seq")).state_dict()
    save_state(Path("net.safetensors"), {key: value.numpy() for key, value in state.items()})
    arguments = ("eval", "net.seq", "--weights", "net.safetensors", "--format", "json")
    out, said = with_fake(*arguments, "--engine", "fake")
    assert "on fake, CPU" in said
    assert json.loads(out) == json.loads(seqdsl_command(*arguments, "--engine", "torch").out)


def test_verify_compares_it() -> None:
    out, _ = with_fake("verify", "net.seq", "--format", "json")
    rows = [row["backend"] for row in json.loads(out)[0]["rows"]]
    assert rows[:2] == ["fake, float32"] * 2 and len(rows) > 10


def test_bench_times_it_by_the_schedules_that_it_has() -> None:
    quick = ("--seconds", "0.000001", "--provider", "cpu", "--format", "json")
    out, _ = with_fake("bench", "net.seq", *quick, "--backend", "fake", "--backend", "torch")
    rows = json.loads(out)[0]["rows"]
    told = [(row["backend"], row["schedule"]) for row in rows]
    assert told == [("torch", "gather"), ("torch", "auto"), ("fake", "gather")]
    assert rows[-1]["ms"] > 0 and (rows[-1]["MiB"] or 0) >= 0


def test_doctor_lists_it() -> None:
    out, _ = with_fake("doctor", "--format", "json")
    parts = {row["part"]: row for row in json.loads(out)}
    assert parts["fake"]["found"] == "1.0, in the tests" and parts["fake"]["verdict"] == "ok"


def test_help_offers_it() -> None:
    assert "[onnxruntime|torch|fake]" in with_fake("run", "--help")[0]
    assert "[onnxruntime|torch|fake]" in with_fake("bench", "--help")[0]


def test_an_engine_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(ROW, name="no_such_library", extra="fakes")
    monkeypatch.setitem(ENGINES, row.name, row)
    part = next(part for part in examine() if part.name == row.name)
    assert (part.found, part.help) == ("not installed", "pip install 'seqdsl[fakes]'")
    done = seqdsl_command("verify", "net.seq", "--batch", "1")
    assert not done.code and "fake" not in done.out
    done = seqdsl_command("bench", "net.seq", "--seconds", "0.000001", "--no-memory")
    assert not done.code and "no_such_library" not in done.out


def test_the_table_is_light() -> None:
    code = (
        "import sys, seqdsl.backends.targets\nprint(*{'torch', 'onnx', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "\n", done.stdout + done.stderr


def test_a_kind_of_file_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(network: seqdsl.Network, path: Path, request: Request) -> None:
        path.write_text(f"{network.name}, {request.recompute}")

    monkeypatch.setitem(FILES, ".txt", FileTarget(".txt", write, ("--recompute",)))
    assert not seqdsl_command("build", "net.seq", "-o", "net.txt", "--recompute").code
    assert Path("net.txt").read_text() == "Net, True"
    done = seqdsl_command("build", "net.seq", "-o", "net.txt", "--batch", "2")
    assert done.code == 2 and "--batch goes with .onnx" in done.err
    done = seqdsl_command("build", "net.seq", "-o", "net.onnx", "--recompute")
    assert done.code == 2
    assert "--recompute goes with .py or .txt: an .onnx has no backward pass" in done.err


def test_a_format_of_drawings_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Text(".txt", lambda picture, *_: f"{len(picture.boxes)} boxes", lambda *_: "a note")
    monkeypatch.setitem(FORMATS, ".txt", row)
    done = seqdsl_command("draw", "net.seq", "-o", "net.txt")
    assert not done.code and "note: a note" in done.err
    assert Path("net.txt").read_text().endswith(" boxes")
    assert ".txt" in seqdsl_command("draw", "net.seq", "-o", "net.nosuch").err


def test_rows_name_options_that_build_has() -> None:
    options = {option for parameter in build.params for option in parameter.opts}
    for target in FILES.values():
        named = {*target.options, *dict(target.lacks)}
        assert {name.partition(" ")[0] for name in named} <= options
