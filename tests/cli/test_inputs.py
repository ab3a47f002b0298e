"""How an input is made travels with the weights: what trained it, `eval`, `run` and others see."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from commands import seqdsl_command
from networks import ARCHITECTURES, ROOT
from PIL import Image
from safetensors import safe_open
from sklearn.datasets import load_digits

import seqdsl
from seqdsl.backends.recorded import NOTHING, Recorded, given_preprocessing
from seqdsl.backends.weights import random_state, save_state

# The README's first `train`, but for its 30 epochs.
SEQRESNET = [ARCHITECTURES / "seqresnet.seq", "--network", "SeqResNet"]
SEQRESNET += ["-D", "k=8", "-D", "r=1", "-D", "N=1"]
LABELS = load_digits().target[4::5]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's folder, and the test digits as PNG beside it, 16 being 255."""
    folder = tmp_path_factory.mktemp("inputs")
    done = seqdsl_command(
        "train", *SEQRESNET, "-o", folder / "run", "--accelerator", "cpu", "--set", "epochs=1"
    )
    assert done.code == 0, done.err
    shades = np.round(load_digits().images[4::5] * 255 / 16).astype(np.uint8)
    for number, (digit, label) in enumerate(zip(shades, LABELS, strict=True)):
        path = folder / "png" / f"{label}" / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digit).save(path)
    return folder


def pngs(folder: Path) -> list[Path]:
    return sorted((folder / "png").rglob("*.png"), key=lambda path: path.name)


def first_answers(*arguments: object) -> list[int]:
    done = seqdsl_command("run", *arguments, "--format", "csv")
    assert done.code == 0, done.err
    assert "note" not in done.err
    return [int(r["class"]) for r in csv.DictReader(io.StringIO(done.out)) if r["rank"] == "1"]


def evaluated(*arguments: object) -> float:
    done = seqdsl_command("eval", *SEQRESNET, *arguments, "--format", "json")
    assert done.code == 0, done.err
    error = json.loads(done.out)[0]["rows"][0]["top-1 error"]
    assert isinstance(error, float)
    return error


@pytest.mark.parametrize("kind", ["safetensors", "safetensors, torch", "onnx", "built onnx"])
def test_run_errs_as_often_as_eval(trained: Path, kind: str) -> None:
    weights = trained / "run" / "final.safetensors"
    match kind:
        case "onnx":
            subject = [trained / "run" / "model.onnx"]
        case "built onnx":
            built = trained / "built.onnx"
            done = seqdsl_command("build", *SEQRESNET, "--weights", weights, "-o", built)
            assert done.code == 0, done.err
            subject = [built]
        case _:
            engine = "torch" if "torch" in kind else "onnxruntime"
            subject = [*SEQRESNET, "--weights", weights, "--engine", engine]
    wrong = int((np.array(first_answers(*subject, *pngs(trained))) != LABELS).sum())
    assert 0 < wrong < len(LABELS)
    assert 100 * wrong / len(LABELS) == evaluated("--weights", weights)


def test_a_folder_of_the_same_pictures_gives_the_same_errors(trained: Path) -> None:
    """A folder's own way would be CIFAR's; what the weights record is used, and said to be."""
    weights = trained / "run" / "final.safetensors"
    (trained / "set").mkdir()
    for part in ("train", "val"):
        (trained / "set" / part).symlink_to(trained / "png")
    data = ["--data", "folder", "--data-path", trained / "set"]
    done = seqdsl_command("eval", *SEQRESNET, "--weights", weights, *data, "--format", "json")
    assert json.loads(done.out)[0]["rows"][0]["top-1 error"] == evaluated("--weights", weights)
    assert "warning: folder is shown as L, stretched to 32x32" in done.err


def test_the_digits_are_shown_as_the_weights_record_it(trained: Path) -> None:
    weights = trained / "run" / "final.safetensors"
    done = seqdsl_command("eval", *SEQRESNET, "--weights", weights, "--preprocessing", "cifar")
    assert done.code == 0 and "warning: digits is shown as RGB" in done.err
    own = seqdsl_command("eval", *SEQRESNET, "--weights", weights)
    assert "warning" not in own.err and own.out != done.out


def test_other_classes_are_warned_of(trained: Path) -> None:
    found = seqdsl.recorded(trained / "run" / "final.safetensors")
    other = Recorded(found.preprocessing, ("zero", *"123456789")).as_metadata()
    network = seqdsl.load(SEQRESNET[0], "SeqResNet", k=8, r=1, N=1)
    save_state(trained / "other.safetensors", random_state(network), other)
    done = seqdsl_command("eval", *SEQRESNET, "--weights", trained / "other.safetensors")
    assert done.code == 0 and "zero where that has 0" in done.err


def test_a_run_that_began_before_there_was_a_record_goes_on(trained: Path, tmp_path: Path) -> None:
    copytree(trained / "run", tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    described = json.loads(path.read_text())
    del described["preprocessing"]
    path.write_text(json.dumps(described))
    again = ("train", *SEQRESNET, "-o", tmp_path / "run", "--resume", "--accelerator", "cpu")
    done = seqdsl_command(*again, "--set", "epochs=1")
    assert done.code == 0, done.err
    path.write_text(json.dumps({**described, "preprocessing": HOW}))
    done = seqdsl_command(*again, "--set", "epochs=1")
    assert done.code == 2 and "its preprocessing is" in done.err


def test_the_script_of_the_documents_gives_the_same_answers(trained: Path) -> None:
    """It has the file alone, and neither seqdsl nor torch."""
    text = (ROOT / "docs" / "inputs.md").read_text()
    (script,) = re.findall(r"```python\n(import json.*?)```", text, re.DOTALL)
    assert "seqdsl" not in script and "torch" not in script
    (trained / "answer.py").write_text(script)
    model = trained / "run" / "model.onnx"
    command = [sys.executable, "answer.py", model, *pngs(trained)]
    done = subprocess.run(command, cwd=trained, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = [int(line.split()[-1]) for line in done.stdout.splitlines()]
    assert answers == first_answers(model, *pngs(trained))


def test_every_file_of_a_run_holds_the_record(trained: Path) -> None:
    run = trained / "run"
    described = json.loads((run / "run.json").read_text())
    how, classes = described["preprocessing"], described["classes"]
    assert list(how) == [
        "color", "size", "resize", "crop", "interpolation", "scale", "mean", "std"
    ]  # fmt: skip
    assert how["color"] == "L" and how["size"] == [32, 32]
    assert how["mean"] == pytest.approx([0.306], abs=5e-4)
    assert how["std"] == pytest.approx([0.376], abs=5e-4)
    assert classes == [str(digit) for digit in range(10)]
    held = {p.name: p for p in run.rglob("*.safetensors") if p.name != "momentum.safetensors"}
    assert held.keys() == {"best.safetensors", "final.safetensors", "weights.safetensors"}
    metadata = []
    for path in held.values():
        with safe_open(path, "np") as file:
            metadata.append(file.metadata())
    props = onnx.load(run / "model.onnx").metadata_props
    metadata.append({entry.key: entry.value for entry in props})
    for each in metadata:
        assert json.loads(each["preprocessing"]) == how
        assert json.loads(each["classes"]) == classes


def test_the_record_is_read_from_python(trained: Path) -> None:
    found = seqdsl.recorded(trained / "run" / "final.safetensors")
    assert found == seqdsl.recorded(trained / "run" / "model.onnx")
    assert found.classes == tuple("0123456789")
    assert isinstance(found.preprocessing, seqdsl.Preprocessing)
    array = found.preprocessing.input(Image.open(pngs(trained)[0]), 3)
    assert array.shape == (1, 3, 32, 32) and array.dtype == np.float32


def test_commands_and_python_of_the_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(NET.replace("3x8x8", "3x32x32").replace("classes = 3", "classes=2"))
    run = Path("runs/Net-digits")
    run.mkdir(parents=True)
    network = seqdsl.load("net.seq")
    how = given_preprocessing("digits", network.input.type)
    metadata = Recorded(how, ("0", "1")).as_metadata()
    for path in (run / "final.safetensors", Path("final.safetensors")):
        save_state(path, random_state(network), metadata)
    model = seqdsl.to_onnx(network, preprocessing="digits", classes=["0", "1"])
    onnx.save(model, run / "model.onnx")
    image = Image.new("RGB", (50, 40))
    for name in ("cat.png", "dog.png"):
        image.save(name)
    text = (ROOT / "docs" / "inputs.md").read_text()
    lines = re.findall(r"^seqdsl (run .*)$", text, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        done = seqdsl_command(*line.split())
        assert done.code == 0 and "note" not in done.err, done.err
    (snippet,) = re.findall(r"```python\n(import seqdsl.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"image": image}
    exec(snippet, names)
    assert names["array"].shape == (1, 3, 32, 32)
    assert len(names["model"].metadata_props) == 7


# --- without a training

NET = """network Net(classes = 3) {
  input 3x8x8
  conv 3x3, 4
  global_average_pool
  fc classes
}
"""
HOW = {
    "color": "RGB", "size": [8, 8], "resize": [8, 8], "crop": None, "interpolation": "nearest",
    "scale": 0.5, "mean": [1, 2, 3], "std": [4, 5, 6],
}  # fmt: skip


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network, its weights with a record and without one, and a picture."""
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(NET)
    network = seqdsl.load("net.seq")
    state = random_state(network)
    how = given_preprocessing(HOW, network.input.type)
    metadata = Recorded(how, ("cat", "=dog", "\x1b[31mfish")).as_metadata()
    save_state(Path("held.safetensors"), state, metadata)
    save_state(Path("bare.safetensors"), state)
    torch.save({key: torch.from_numpy(value) for key, value in state.items()}, "bare.pth")
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    Image.fromarray(pixels).save("a.png")
    np.save("a.npy", np.zeros((2, 3, 8, 8), np.float32))
    Path("how.json").write_text(json.dumps(HOW))
    Path("names.txt").write_text("cat\n=dog\nfish\n")
    return tmp_path


def logits(*arguments: object) -> np.ndarray:
    done = seqdsl_command("run", *arguments, "--save", "out.npy")
    assert done.code == 0, done.err
    found: np.ndarray = np.load("out.npy")
    return found


@pytest.mark.usefixtures("net")
def test_what_is_assumed_is_said_and_can_be_set() -> None:
    bare = ("net.seq", "a.png", "--weights", "bare.safetensors")
    done = seqdsl_command("run", *bare)
    assert "note: bare.safetensors records no preprocessing; assuming cifar's: RGB" in done.err
    assert "--preprocessing sets it" in done.err and "name" not in done.out
    assert "note" not in seqdsl_command("run", "net.seq", "a.npy").err
    assert "note: Net records no preprocessing" in seqdsl_command("run", "net.seq", "a.png").err
    held = logits("net.seq", "a.png", "--weights", "held.safetensors")
    for given in ("how.json", json.dumps(HOW)):
        assert np.array_equal(logits(*bare, "--preprocessing", given), held)
    assert np.array_equal(logits(*bare), logits(*bare, "--preprocessing", "cifar"))
    assert not np.allclose(logits(*bare), held, atol=1e-3)
    done = seqdsl_command("run", *bare, "--preprocessing", "how.json")
    assert "note" not in done.err
    for wrong in ("imagnet", '{"color": "RGB"}', "none.json", "digits.json"):
        assert seqdsl_command("run", *bare, "--preprocessing", wrong).code == 2


@pytest.mark.usefixtures("net")
def test_classes_are_printed_by_name() -> None:
    held = ("net.seq", "a.png", "a.npy", "--weights", "held.safetensors")
    done = seqdsl_command("run", *held)
    assert re.search(r"rank +class +name +probability", done.out) and "\x1b" not in done.out
    assert re.search(r"^ +\d +0 +cat +[0-9.]+$", done.out, re.MULTILINE)
    (table,) = json.loads(seqdsl_command("run", *held, "--format", "json").out)
    assert len(table["rows"]) == 9
    assert {(row["input"], row["sample"]) for row in table["rows"]} == {
        ("a.png", 0), ("a.npy", 0), ("a.npy", 1)
    }  # fmt: skip
    assert {row["class"]: row["name"] for row in table["rows"]}[0] == "cat"
    rows = list(csv.DictReader(io.StringIO(seqdsl_command("run", *held, "--format", "csv").out)))
    assert [row["rank"] for row in rows] == ["1", "2", "3"] * 3
    assert {row["name"] for row in rows if row["class"] == "1"} == {"'=dog"}  # no formula
    for format in ("md", "latex"):
        assert seqdsl_command("run", *held, "--format", format).out.count("cat") == 3
    bare = ("net.seq", "a.npy", "--weights", "bare.safetensors", "--format", "csv")
    assert {r["name"] for r in csv.DictReader(io.StringIO(seqdsl_command("run", *bare).out))} == {
        ""
    }
    assert "fish" in seqdsl_command("run", *bare, "--classes", "names.txt").out
    done = seqdsl_command("run", *bare, "--classes", "net.seq")
    assert done.code == 2 and "SEQ617" in done.err


@pytest.mark.usefixtures("net")
def test_a_model_alone_is_run_as_its_source_is() -> None:
    for weights, given in (("held.safetensors", ()), ("bare.pth", ("--preprocessing", "how.json",
                           "--classes", "names.txt"))):  # fmt: skip
        command = ("build", "net.seq", "--weights", weights, *given, "-o", "net.onnx")
        assert seqdsl_command(*command).code == 0
        props = {p.key: p.value for p in onnx.load("net.onnx").metadata_props}
        assert json.loads(props["preprocessing"]) == HOW and "cat" in props["classes"]
        of_source = logits("net.seq", "a.png", "a.npy", "--weights", "held.safetensors")
        assert np.allclose(logits("net.onnx", "a.png", "a.npy"), of_source, atol=1e-5)
    done = seqdsl_command("run", "net.onnx", "a.png")
    assert "Net, net.onnx, on onnxruntime" in done.err and "cat" in done.out
    for option in (("-D", "classes=3"), ("--network", "Net"), ("--weights", "bare.pth"),
                   ("--engine", "torch")):  # fmt: skip
        done = seqdsl_command("run", "net.onnx", "a.png", *option)
        assert done.code == 2 and "needs a .seq file" in done.err
    done = seqdsl_command("build", "net.seq", "-o", "net.py", "--preprocessing", "cifar")
    assert done.code == 2 and "--preprocessing goes with .onnx" in done.err


def foreign(path: str, operator: str, shape: list[int | str], kind: int = 1) -> None:
    """Another's model: of a picture the mean of each channel, and what an operator makes of it."""
    from onnx import helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node(operator, ["flat"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info("picture", kind, shape)],
        [helper.make_tensor_value_info("scores", kind, None)],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path
    )


@pytest.mark.usefixtures("net")
def test_a_model_of_another_program_is_run_with_what_is_assumed() -> None:
    answers = {}
    for operator in ("Identity", "Softmax"):  # logits, and probabilities
        foreign("theirs.onnx", operator, [1, 3, 8, 8])
        done = seqdsl_command("run", "theirs.onnx", "a.png", "a.npy")
        assert done.code == 0 and "theirs.onnx records no preprocessing" in done.err
        answers[operator] = done.out
    assert answers["Identity"] == answers["Softmax"]
    for shape, kind, told in [
        ([1, 3, "h", "w"], 1, "takes an input of 1x3x?x?"),
        ([1, 3], 1, "takes an input of 1x3"),
        ([4, 3, 8, 8], 1, "takes 4 samples at once"),
        ([1, 3, 8, 8], 10, "another type than float32"),
    ]:
        foreign("theirs.onnx", "Identity", shape, kind)
        done = seqdsl_command("run", "theirs.onnx", "a.png")
        assert done.code == 2 and told in done.err, done.err
    whole = Path("theirs.onnx").read_bytes()
    for data in (b"", b"x" * 100, whole[: len(whole) // 2], whole[:-3] + b"\xff" * 30):
        Path("theirs.onnx").write_bytes(data)
        done = seqdsl_command("run", "theirs.onnx", "a.npy")
        assert done.code == 2 and "SEQ005" in done.err, done.err


@pytest.mark.usefixtures("net")
def test_weights_with_keys_of_another_program_are_used() -> None:
    state = random_state(seqdsl.load("net.seq"))
    save_state(Path("theirs.safetensors"), state, {"classes": "80", "preprocessing": "none"})
    done = seqdsl_command("run", "net.seq", "a.png", "--weights", "theirs.safetensors")
    assert done.code == 0 and "`classes` is not seqdsl's and is ignored" in done.err
    assert "records no preprocessing; assuming" in done.err
    save_state(Path("theirs.safetensors"), state, {"classes": "80"})
    with pytest.warns(UserWarning, match="`classes` is not seqdsl's") as caught:
        assert seqdsl.recorded("theirs.safetensors").classes is None
    assert [Path(warning.filename).name for warning in caught] == ["test_inputs.py"]


@pytest.mark.usefixtures("net")
def test_a_hostile_record_is_a_diagnostic() -> None:
    state = random_state(seqdsl.load("net.seq"))
    for metadata in (
        {"preprocessing": "[" * 100_000},
        {"preprocessing": json.dumps({**HOW, "std": [0, 0, 0]})},
        {"preprocessing": json.dumps({**HOW, "size": [16, 16]})},
        {"classes": "3"},
        {"classes": '["one", "two"]'},
    ):
        save_state(Path("bad.safetensors"), state, {"seqdsl": "1", **metadata})
        for command in (
            ("run", "net.seq", "a.png", "--weights", "bad.safetensors"),
            ("build", "net.seq", "--weights", "bad.safetensors", "-o", "bad.onnx"),
            ("eval", "net.seq", "-D", "classes=3", "--weights", "bad.safetensors"),
        ):
            done = seqdsl_command(*command)
            assert done.code == 2 and "SEQ617" in done.err, done.err
            assert "bad.safetensors" in done.err and len(done.err) < 1500


@pytest.mark.usefixtures("net")
def test_a_record_goes_out_and_back_with_weights() -> None:
    for command in (
        ("export", "held.safetensors", "--from", "net.seq", "--like", "bare.pth", "-o",
         "theirs.safetensors"),
        ("import", "theirs.safetensors", "--into", "net.seq", "-o", "back.safetensors"),
        ("export", "held.safetensors", "--from", "net.seq", "--like", "bare.pth", "-o", "t.pth"),
        ("import", "t.pth", "--into", "net.seq", "-o", "lost.safetensors"),
    ):  # fmt: skip
        assert seqdsl_command("weights", *command).code == 0
    held = seqdsl.recorded("held.safetensors")
    assert held == seqdsl.recorded("back.safetensors") == seqdsl.recorded("theirs.safetensors")
    assert seqdsl.recorded("lost.safetensors") == NOTHING


@pytest.mark.usefixtures("net")
def test_a_new_head_has_no_names_yet() -> None:
    """Those that the checkpoint records are of the head that is left out."""
    for classes in (2, 3):
        done = seqdsl_command(
            "weights", "import", "held.safetensors", "--into", "net.seq", "-D",
            f"classes={classes}", "--head", "new", "-o", "new.safetensors",
        )  # fmt: skip
        assert done.code == 0, done.err
        how = seqdsl.recorded("held.safetensors").preprocessing
        assert seqdsl.recorded("new.safetensors") == Recorded(how)
        new = ("-D", f"classes={classes}", "--weights", "new.safetensors")
        assert seqdsl_command("run", "net.seq", "a.png", *new).code == 0


@pytest.mark.usefixtures("net")
def test_python_takes_what_commands_take() -> None:
    network = seqdsl.load("net.seq")
    how = seqdsl.recorded("held.safetensors").preprocessing
    for given in (how, HOW, json.dumps(HOW), "how.json"):
        model = seqdsl.to_onnx(network, preprocessing=given, classes=["cat", "dog", "fish"])
        onnx.save(model, "net.onnx")
        assert seqdsl.recorded("net.onnx") == Recorded(how, ("cat", "dog", "fish"))
    for wrong in ({"preprocessing": "imagnet"}, {"preprocessing": {}}, {"classes": ["one"]},
                  {"classes": [1, 2, 3]}):  # fmt: skip
        with pytest.raises(seqdsl.CompileError, match="SEQ617"):
            seqdsl.to_onnx(network, **wrong)
    with pytest.raises(seqdsl.CompileError, match="SEQ001"):
        seqdsl.recorded("none.onnx")
