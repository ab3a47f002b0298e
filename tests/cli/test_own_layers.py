"""A network of primitives and its own blocks alone goes through every command."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from commands import Done, seqdsl_command
from PIL import Image
from safetensors.torch import load_file

import seqdsl
from seqdsl.backends.weights.state import initial_state, save_state
from seqdsl.cli.main import COMMANDS
from seqdsl.graph.dump import dump

SOURCE = """
block unit(kernel: size, width: positive, act: layer = relu) {
  conv2d kernel, width
  batch_norm
  act
}

block gated {
  gate = it | global_average_pool | conv2d 1x1, in.width, bias=true | hard_sigmoid
  multiply gate
}

block growing(n: positive, k: positive) {
  aggregate i in 1..n, window=powers(2), keep=input { unit 3x3, k, hard_swish }
}

network Own(width: positive = 8, classes = 5) {
  input 3x16x16
  stage start -> 16x16 {
    unit 3x3, width
    growing 3, 4
    expect params 1264
  }
  stage deep -> 8x8 {
    max_pool 2
    unit 3x3, width
    gated
  }
  upsample 2, mode=bilinear
  concatenate it, start
  unit 1x1, width
  output pixels = it | conv2d 1x1, 2, bias=true
  global_average_pool
  linear classes
  softmax
  expect params 3095
}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "own.seq"
    path.write_text(SOURCE)
    return str(path)


def succeed(*arguments: str) -> Done:
    done = seqdsl_command(*arguments)
    assert done.code == 0, (arguments, done.err)
    return done


def test_nothing_is_the_librarys(file: str) -> None:
    network = seqdsl.load(file)
    scopes = {scope for node in network.nodes for scope in node.scope.ancestry()}
    assert not any(node.span.source.library for node in network.nodes)
    assert not any(scope.span.source.library for scope in scopes)


def test_check(file: str) -> None:
    assert "1 network checked" in succeed("check", file).err


@pytest.mark.parametrize("level", ["network", "stage", "block", "layer"])
def test_stats(file: str, level: str) -> None:
    result = succeed("stats", file, "--by", level, "--format", "json")
    (table,) = json.loads(result.out)
    assert table["rows"][-1]["params"] == seqdsl.load(file).params


def test_audit(file: str) -> None:
    assert succeed("audit", file).out.count("met") >= 2


def test_expand(file: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.seq"
    plain.write_text(succeed("expand", file).out)
    assert dump(seqdsl.load(plain)) == dump(seqdsl.load(file))


def test_diff(file: str, tmp_path: Path) -> None:
    other = tmp_path / "other.seq"
    other.write_text(SOURCE.replace("output pixels = it", "output pixels = start"))
    assert "no difference" in succeed("diff", file, file).out
    found = seqdsl_command("diff", file, str(other))
    assert found.code == 1


def test_weights(file: str, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.pth", tmp_path / "ours.safetensors"
    module = seqdsl.to_torch(seqdsl.load(file))
    torch.save({f"net.{key}": value for key, value in module.state_dict().items()}, theirs)
    succeed("weights", "import", str(theirs), "--into", file, "-o", str(ours))
    assert all(torch.equal(load_file(ours)[k], v) for k, v in module.state_dict().items())


def test_build(file: str, tmp_path: Path) -> None:
    source, model = tmp_path / "own.py", tmp_path / "own.onnx"
    succeed("build", file, "-o", str(source))
    succeed("build", file, "-o", str(model))
    code = (
        "import own, torch\n"
        "logits, pixels = own.Own()(torch.zeros(2, 3, 16, 16))\n"
        "assert logits.shape == (2, 5) and pixels.shape == (2, 2, 16, 16)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    names = [output.name for output in onnx.load(model).graph.output]
    assert names == ["logits", "probabilities", "pixels"]


@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_run(file: str, tmp_path: Path, engine: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 16, 16), dtype=np.float32)
    np.save(tmp_path / "x.npy", x)
    printed = succeed("run", file, str(tmp_path / "x.npy"), "--engine", engine).out
    assert printed.count("probability") == 2
    assert printed.count("pixels") == 2 and "2x16x16" in printed


def test_verify(file: str) -> None:
    result = succeed("verify", file, "--format", "json")
    (table,) = json.loads(result.out)
    verdicts = [row["verdict"] for row in table["rows"]]
    assert len(verdicts) >= 8 and set(verdicts) == {"agrees"}
    assert "logits, pixels" in table["note"]


@pytest.mark.parametrize("depth", ["network", "block", "layer", "group"])
@pytest.mark.parametrize("suffix", [".svg", ".dot"])
def test_draw(file: str, tmp_path: Path, depth: str, suffix: str) -> None:
    path = tmp_path / f"own{suffix}"
    succeed("draw", file, "-o", str(path), "--depth", depth)
    assert "output pixels" in path.read_text()


def test_bench(file: str) -> None:
    options = ("--backend", "onnxruntime", "--seconds", "0.05", "--no-memory", "--format", "json")
    (table,) = json.loads(succeed("bench", file, *options).out)
    assert table["rows"] and all(row["ms"] > 0 for row in table["rows"])


def test_fmt(file: str) -> None:
    before = succeed("stats", file, "--format", "json").out
    succeed("fmt", file)
    succeed("fmt", file, "--check")
    assert succeed("stats", file, "--format", "json").out == before


def images(folder: Path) -> str:
    """Five classes of grey pictures, each of its own grey."""
    for part, count in (("train", 8), ("val", 2)):
        for label in range(5):
            (folder / part / str(label)).mkdir(parents=True)
            for number in range(count):
                picture = Image.new("RGB", (16, 16), (50 * label + number,) * 3)
                picture.save(folder / part / str(label) / f"{number}.png")
    return str(folder)


def test_train(file: str, tmp_path: Path) -> None:
    """Whose further output has no loss."""
    data = ["--data", "folder", "--data-path", images(tmp_path / "data"), "--accelerator", "cpu"]
    brief = ["--set", "epochs=1", "--set", "batch=8"]
    result = succeed("train", file, *data, *brief, "-o", str(tmp_path / "run"))
    assert "last epoch" in result.out
    names = [o.name for o in onnx.load(tmp_path / "run" / "model.onnx").graph.output]
    assert names == ["logits", "probabilities", "pixels"]


def test_eval(file: str, tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    save_state(weights, initial_state(seqdsl.load(file)))
    data = ["--data", "folder", "--data-path", images(tmp_path / "data")]
    result = succeed("eval", file, *data, "--weights", str(weights), "--format", "json")
    (table,) = json.loads(result.out)
    assert table["rows"][0]["samples"] == 10 and table["rows"][0]["top-5 error"] == 0


def test_plot(file: str, tmp_path: Path) -> None:
    weights, picture = tmp_path / "weights.safetensors", tmp_path / "heat.svg"
    save_state(weights, initial_state(seqdsl.load(file)))
    arguments = ["plot", "weights", file, "--weights", str(weights), "-o", str(picture)]
    succeed(*arguments)
    assert picture.read_text().count("</svg>") == 1


def test_table(file: str) -> None:
    (table,) = json.loads(succeed("table", file, "--format", "json").out)
    assert [row["stage"] for row in table["rows"]][:1] == ["start"]


def test_report(file: str, tmp_path: Path) -> None:
    path = tmp_path / "own.html"
    succeed("report", file, "-o", str(path))
    assert "output pixels" in path.read_text()


def test_no_command_is_left_out() -> None:
    """The others are not about a file; of what serves, its own tests tell."""
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(COMMANDS) - {"explain", "doctor", "completion", "lsp", "preview"} <= tested
