"""What `seqdsl bench` prints, and how it exits."""

import csv
import io
import json
import math
from pathlib import Path

import pytest
import torch
from commands import seqdsl_command

import seqdsl
from seqdsl.backends.bench import bench as bench_module
from seqdsl.backends.bench.bench import Report, Row
from seqdsl.backends.onnx.run import cuda_device

SMALL = "network Small { input 3x8x8; conv 3x3, 4; global_average_pool; fc 5 }\n"
QUICK = ("bench", "small.seq", "--seconds", "0.000001", "--no-memory", "--provider", "cpu")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.seq").write_text(SMALL)
    Path("false.seq").write_text("network F { input 3x8x8; conv 3x3, 4; expect params 5K }")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--backend", "onnxruntime", "--train"), "needs --backend torch"),
        (("--backend", "onnxruntime", "--compile"), "needs --backend torch"),
        (("--recompute",), "--recompute needs --train"),
        (("--train", "--recompute", "--schedule", "gather"), "a schedule other than gather"),
        (("--backend", "torch", "--schedule", "scatter"), "auto and gather alone"),
        (("--train", "--dtype", "float16"), "take bfloat16"),
        (("--threads", "1", "--provider", "cuda"), "--threads needs --provider cpu"),
        (("--batch", "0"), "0 is not in the range"),
        (("--seconds", "0"), "0.0 is not in the range"),
        (("--schedule", "nosuch"), "nosuch"),
        (("--dtype", "float64"), "float64"),
    ],
)
def test_what_makes_no_sense(arguments: tuple[str, ...], said: str) -> None:
    done = seqdsl_command("bench", "small.seq", *arguments)
    assert done.code == 2 and said in done.err and not done.out


def test_a_false_claim_is_not_timed_unless_claims_are_left_alone() -> None:
    arguments = ("bench", "false.seq", *QUICK[2:], "--backend", "torch")
    assert seqdsl_command(*arguments).code == 1
    assert seqdsl_command(*arguments, "--no-claims").code == 0


def test_json_has_every_figure() -> None:
    done = seqdsl_command(*QUICK, "--train", "--batch", "3", "--batch", "1", "--format", "json")
    assert done.code == 0, done.err
    (table,) = json.loads(done.out)
    rows = table["rows"]
    of_gather = [(r["backend"], r["batch"]) for r in rows if r["schedule"] == "gather"]
    assert of_gather == [(b, n) for n in (3, 1) for b in ("onnxruntime", "torch", "torch train")]
    macs = seqdsl.load("small.seq").macs
    for row in rows:
        seconds = row["ms"] / 1000
        assert row["images/s"] == pytest.approx(row["batch"] / seconds)
        assert row["GMAC/s"] == pytest.approx(row["images/s"] * macs / 1e9)
        assert row["p10 ms"] <= row["ms"] <= row["p90 ms"] and row["calls"] >= 3
        assert row["device"] == "CPU" and row["note"] == "" and row["start s"] > 0
        assert (row["saved MiB"] is not None) == (row["backend"] == "torch train")
        assert row["MiB"] is None
        if row["schedule"] == "gather":
            assert row["ratio"] == 1


def test_a_reader_sees_what_tells_rows_apart() -> None:
    one = seqdsl_command(*QUICK, "--threads", "1").out
    title, headings, *_ = one.splitlines()
    assert title == "Small, 6.93e-06 GMAC an image, batch 1"
    assert headings.split() == ["backend", "schedule", "ms", "p10..p90", "images/s", "GMAC/s",
                                "ratio"]  # fmt: skip
    assert "CPU, 1 thread, float32" in one
    assert max(map(len, one.splitlines())) <= 80
    two = seqdsl_command(*QUICK, "--batch", "1", "--batch", "2").out
    assert "batch" in two.splitlines()[1].split() and "batch" not in two.splitlines()[0]


def test_csv_and_markdown() -> None:
    rows = list(csv.DictReader(io.StringIO(seqdsl_command(*QUICK, "--format", "csv").out)))
    assert {row["backend"] for row in rows} == {"onnxruntime", "torch"}
    assert all(float(row["p10 ms"]) <= float(row["p90 ms"]) for row in rows)
    assert "| torch | gather |" in seqdsl_command(*QUICK, "--format", "md").out


@pytest.mark.skipif(torch.cuda.is_available() or cuda_device(), reason="there is a CUDA device")
def test_no_device_is_said_and_nothing_is_made_up() -> None:
    arguments = ("bench", "small.seq", "--provider", "cuda", "--train")
    done = seqdsl_command(*arguments)
    rows = [line for line in done.out.splitlines() if "gather " in line and "ratio" not in line]
    assert done.code == 0 and len(rows) == 3
    assert all(line.endswith("not measured: no device") for line in rows)
    (table,) = json.loads(seqdsl_command(*arguments, "--format", "json").out)
    for row in table["rows"]:
        assert (
            row["ms"] is row["images/s"] is row["MiB"] is row["saved MiB"] is row["ratio"] is None
        )


def test_what_a_backend_refuses_is_a_finding() -> None:
    done = seqdsl_command(*QUICK, "--dtype", "bfloat16", "--format", "csv")
    rows = {row["backend"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert rows["torch"]["ms"]
    if rows["onnxruntime"]["ms"]:
        pytest.skip("onnxruntime computes in bfloat16 here")
    assert done.code == 1
    assert rows["onnxruntime"]["note"].startswith("not measured: onnxruntime refuses it")


def test_an_interruption_prints_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def bench(_: object, cases: list[bench_module.Case], *__: object) -> Report:
        return Report(tuple(Row(case, reason="interrupted") for case in cases), True)

    monkeypatch.setattr(bench_module, "bench", bench)
    done = seqdsl_command(*QUICK)
    assert done.code == 130 and done.out.count("not measured: interrupted") >= 2


def test_a_busy_machine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (99.0, 0.0, 0.0), raising=False)
    assert "a load of 99.0" in seqdsl_command(*QUICK, "--backend", "torch").err
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr("seqdsl.cli.progress._FIRST", math.inf)  # on a machine that is slow
    assert seqdsl_command(*QUICK, "--backend", "torch").err == ""


def test_scatter_and_blocked_are_of_onnxruntime() -> None:
    schedules = ("--schedule", "scatter", "--schedule", "auto")
    done = seqdsl_command(*QUICK, *schedules, "--train", "--format", "json")
    (table,) = json.loads(done.out)
    found = [(row["backend"], row["schedule"]) for row in table["rows"]]
    assert found == [
        ("onnxruntime", "auto"),
        ("onnxruntime", "scatter"),
        ("torch", "auto"),
        ("torch train", "auto"),
    ]


def test_what_is_noted_is_a_comment_of_latex() -> None:
    before, _, _ = seqdsl_command(*QUICK, "--format", "latex").out.partition("\\begin{tabular}")
    assert len(before.splitlines()) > 2
    assert all(line.startswith("% ") for line in before.splitlines())
