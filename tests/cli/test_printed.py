"""What the commands print and write."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import seqdsl_command
from networks import ARCHITECTURES
from onnx import numpy_helper

import seqdsl
from seqdsl.backends.onnx import variants as onnx_variants
from seqdsl.backends.onnx.model import to_onnx

SMALL = """network Small(width = 16) {
  input 3x32x32
  conv 3x3, width
  conv 3x3, 2*width, stride=2
  global_average_pool
  fc 10
}
"""
MAP = "network Map { input 3x32x32; conv 3x3, 8 }\n"
FALSE = "network False_ { input 3x32x32; stage s -> 16x16 { conv 3x3, 8 }; expect params 5K }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.seq").write_text(SMALL)
    Path("map.seq").write_text(MAP)
    Path("false.seq").write_text(FALSE)
    np.save("x.npy", np.random.default_rng(0).standard_normal((2, 3, 32, 32), np.float32))


def test_json_has_numbers() -> None:
    network = seqdsl.load("small.seq")
    (table,) = json.loads(seqdsl_command("stats", "small.seq", "--format", "json").out)
    total = table["rows"][-1]
    assert (total["params"], total["MACs"]) == (network.params, network.macs)
    assert type(total["params"]) is type(total["activations"]) is int
    assert sum(row["% params"] for row in table["rows"][:-1]) == pytest.approx(100)
    file = ARCHITECTURES / "seqresnet_imagenet.seq"
    (table,) = json.loads(seqdsl_command("audit", file, "--format", "json").out)
    row = next(r for r in table["rows"] if r["figure"] == "params" and "B22" in r["network"])
    assert (row["printed"], row["computed"]) == (11_800_000, 11_859_656)
    assert row["% difference"] == pytest.approx(0.50556, abs=1e-5)


def test_csv_is_exact() -> None:
    network = seqdsl.load("small.seq")
    text = seqdsl_command("stats", "small.seq", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert int(rows[-1]["params"]) == network.params == sum(int(r["params"]) for r in rows[:-1])
    assert int(rows[-1]["MACs"]) == network.macs


def test_a_small_network_is_readable() -> None:
    text = seqdsl_command("stats", "small.seq").out
    assert re.search(r"total +5\.466K +100\.0 +1\.622M +100\.0 +24\.586K", text)
    assert re.search(r"conv1 +16x32x32 +0\.464K", text)  # a column has one unit
    file = ARCHITECTURES / "seqresnet_imagenet.seq"
    text = seqdsl_command("stats", file, "--network", "SeqResNetB22", "--convention", "paper").out
    assert re.search(r"total +11\.860M +100\.0 +2\.730G", text)


def test_verify_gives_a_table_in_every_format() -> None:
    (table,) = json.loads(seqdsl_command("verify", "small.seq", "--format", "json").out)
    assert len(table["rows"]) == 12
    assert all(row["relative error"] < 1e-5 and row["batch"] in (1, 3) for row in table["rows"])
    lines = seqdsl_command("verify", "small.seq", "--format", "csv").out.splitlines()
    assert lines[0] == "backend,batch,relative error,verdict"
    assert len(lines) == 13 and all(line.endswith(",agrees") for line in lines[1:])
    assert seqdsl_command("verify", "small.seq", "--format", "md").out.count("| agrees |") == 12


def test_verify_names_what_differs_in_every_format(monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(*arguments, **options):
        model = to_onnx(*arguments, **options)
        (bias,) = [t for t in model.graph.initializer if t.name == "fc1.linear.bias"]
        bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + 1, bias.name))
        return model

    monkeypatch.setattr(onnx_variants, "to_onnx", moved)
    found = {
        format: seqdsl_command("verify", "small.seq", "--format", format)
        for format in ("json", "csv", "md", "table", "latex")
    }
    assert {done.code for done in found.values()} == {1}
    (table,) = json.loads(found["json"].out)
    where = [row["first node that differs"] for row in table["rows"]]
    assert where == [""] * 8 + ["fc1/linear"] * 4
    rows = list(csv.DictReader(io.StringIO(found["csv"].out)))
    assert [row["first node that differs"] for row in rows] == where
    assert all(done.out.count("fc1/linear") == 4 for done in found.values())


def test_a_feature_map_is_summed_up_and_saved() -> None:
    done = seqdsl_command("run", "map.seq", "x.npy", "--save", "out.npy")
    assert done.code == 0, done.err
    saved = np.load("out.npy")
    assert saved.shape == (2, 8, 32, 32) and saved.dtype == np.float32
    shown = re.findall(r"^logits +8x32x32 +(\S+) +(\S+) +(\S+) +(\S+)$", done.out, re.MULTILINE)
    sample = [float(word) for word in shown[1]]
    one = saved[1]
    assert sample == pytest.approx([one.mean(), one.std(), one.min(), one.max()], rel=1e-3)


@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_every_output_is_shown_and_held_finite(engine: str) -> None:
    Path("two.seq").write_text(SMALL.replace("global", "output map\n  global", 1))
    done = seqdsl_command("run", "two.seq", "x.npy", "--engine", engine, "--save", "out.npy")
    assert done.code == 0, done.err
    assert len(re.findall(r"^map +32x16x16 ", done.out, re.MULTILINE)) == 2
    assert done.out.count("probability") == 2 and np.load("out.npy").shape == (2, 10)
    state = seqdsl.to_torch(seqdsl.load("two.seq")).state_dict()
    state["fc1.linear.weight"].zero_()
    torch.save({**state, "conv2.batch_norm.bias": torch.full((32,), 3e38)}, "bad.pt")
    done = seqdsl_command("run", "two.seq", "x.npy", "--engine", engine, "--weights", "bad.pt")
    assert done.code == 1 and "SEQ608" in done.err


def test_json_of_differences_has_numbers() -> None:
    done = seqdsl_command("diff", "small.seq", "small.seq", "-B", "width=8", "--format", "json")
    (table,) = json.loads(done.out)
    before, after = seqdsl.load("small.seq"), seqdsl.load("small.seq", width=8)
    total = table["rows"][-1]
    assert (total["params before"], total["params after"]) == (before.params, after.params)
    assert (total["MACs before"], total["MACs after"]) == (before.macs, after.macs)
    assert total["count"] is None and all(row["count"] >= 1 for row in table["rows"][:-1])
    Path("both.seq").write_text(SMALL + MAP)
    (table,) = json.loads(seqdsl_command("diff", "small.seq", "both.seq", "--format", "json").out)
    assert [row["params"] for row in table["rows"]] == [seqdsl.load("map.seq").params]


def test_logits_of_several_inputs_are_saved_together() -> None:
    np.save("y.npy", np.ones((3, 32, 32), np.float32))
    done = seqdsl_command("run", "small.seq", "x.npy", "y.npy", "--save", "OUT.NPY")
    logits = np.load("OUT.NPY")
    assert logits.shape == (3, 10)
    best = re.findall(r"^ +1 +(\d+) ", done.out, re.MULTILINE)
    assert [int(index) for index in best] == logits.argmax(1).tolist()
    assert seqdsl_command("run", "small.seq", "x.npy", "--save", "out.txt").code == 2


@pytest.mark.parametrize("name", ["net.PY", "net.ONNX", "net.Onnx"])
def test_capitals_in_an_extension(name: str) -> None:
    assert seqdsl_command("build", "small.seq", "-o", name).code == 0
    assert Path(name).stat().st_size


@pytest.mark.parametrize(
    ("name", "mark"), [("net.SVG", b"<svg"), ("net.PNG", b"PNG"), ("net.Dot", b"digraph")]
)
def test_capitals_in_the_extension_of_a_drawing(name: str, mark: bytes) -> None:
    assert seqdsl_command("draw", "small.seq", "-o", name).code == 0
    assert mark in Path(name).read_bytes()


@pytest.mark.parametrize(
    ("command", "name"), [("build", "folder.py"), ("build", "folder.onnx"), ("draw", "folder.DOT")]
)
def test_a_folder_is_no_output(command: str, name: str) -> None:
    Path(name).mkdir()
    done = seqdsl_command(command, "small.seq", "-o", name)
    assert done.code == 2 and f"error[SEQ609]: {name} is a directory" in done.err
    assert not list(Path().glob(".*"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "false.seq", "-o", "out.py"),
        ("draw", "false.seq", "-o", "out.dot"),
        ("run", "false.seq", "x.npy", "--save", "out.npy"),
    ],
)
def test_false_claims_are_passed_over_when_asked(arguments: tuple[str, ...]) -> None:
    done = seqdsl_command(*arguments)
    assert done.code == 1 and {"SEQ401", "SEQ402"} <= set(re.findall(r"SEQ\d+", done.err))
    assert "--no-claims goes on without them" in done.err
    assert not Path(arguments[-1]).exists()
    done = seqdsl_command(*arguments, "--no-claims")
    assert done.code == 0 and "SEQ4" not in done.err
    assert Path(arguments[-1]).exists()


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("concatenate it, it, width=9", "SEQ403"),
        ("expect flops 1 by papre", "SEQ216"),
        ("expect params 224 +- 100%", "SEQ406"),
    ],
)
def test_what_is_about_a_claim_is_passed_over_too(claim: str, code: str) -> None:
    Path("claim.seq").write_text(MAP.replace("}", f"; {claim} }}"))
    arguments = ("build", "claim.seq", "-o", "out.py")
    assert code in seqdsl_command(*arguments).err
    done = seqdsl_command(*arguments, "--no-claims")
    assert done.code == 0 and "SEQ" not in done.err and Path("out.py").exists()


def test_no_claims_passes_over_nothing_else() -> None:
    Path("wrong.seq").write_text(FALSE + MAP.replace("8 }", "0 }"))
    done = seqdsl_command("build", "wrong.seq", "--network", "Map", "-o", "out.py", "--no-claims")
    assert done.code == 1 and "SEQ302" in done.err and "--no-claims" not in done.err


def test_statistics_do_not_look_at_claims() -> None:
    assert seqdsl_command("stats", "false.seq").code == 0


def test_nan_is_a_finding() -> None:
    state = seqdsl.to_torch(seqdsl.load("small.seq")).state_dict()
    torch.save({**state, "fc1.linear.bias": torch.full((10,), torch.nan)}, "nan.pt")
    torch.save({**state, "conv2.batch_norm.bias": torch.full((32,), 3e38)}, "overflow.pt")
    np.save("nan.npy", np.full((3, 32, 32), np.nan, np.float32))
    np.save("large.npy", np.full((3, 32, 32), 1e300))
    for arguments, said in (
        (("nan.npy",), "nan.npy holds NaN or infinity (3,072 of 3,072)"),
        (("large.npy",), "large.npy holds NaN or infinity"),
        (("x.npy", "--weights", "nan.pt"), "(10 in all), first in fc1.linear.bias"),
        (("x.npy", "--weights", "overflow.pt"), "20 of the 20 logits of Small"),
        (("x.npy", "--weights", "overflow.pt", "--engine", "torch"), "20 of the 20 logits"),
    ):
        done = seqdsl_command("run", "small.seq", *arguments)
        assert done.code == 1 and "SEQ608" in done.err and said in done.err
        assert not done.out and "Warning" not in done.err


def test_torch_says_where_it_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = seqdsl_command("run", "small.seq", "x.npy", "--engine", "torch", "--provider", "cuda")
    assert "no CUDA device is to be had; running on CPU" in done.err
    assert "on PyTorch, CPU" in done.err
    done = seqdsl_command("run", "small.seq", "x.npy", "--engine", "torch")
    assert "note" not in done.err


def test_torch_runs_on_cuda() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for provider, device in (("auto", "CUDA"), ("cuda", "CUDA"), ("cpu", "CPU")):
        engine = ("--engine", "torch", "--provider", provider)
        done = seqdsl_command("run", "small.seq", "x.npy", *engine)
        assert f"on PyTorch, {device}" in done.err and "note" not in done.err


def test_timings_follow_a_command() -> None:
    done = seqdsl_command("--timings", "build", "small.seq", "-o", "small.onnx")
    rows = [line.split()[0] for line in done.err.splitlines()[1:]]
    assert rows[0] == "stage" and rows[-2:] == ["other", "total"]
    assert {"start", "import", "read", "rules", "expand", "weights", "schedule"} <= set(rows)
    assert {"emit", "onnx", "write", "count"} <= set(rows)


def test_timings_follow_a_command_that_fails() -> None:
    done = seqdsl_command("--timings", "check", "false.seq")
    assert done.code == 1
    assert "claims" in done.err and done.err.splitlines()[-1].startswith("total")
