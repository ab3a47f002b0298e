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
from commands import seqdsl_command
from networks import ARCHITECTURES, ROOT
from PIL import Image
from safetensors import safe_open
from sklearn.datasets import load_digits
from small_inputs import HOW, NET

import seqdsl
from seqdsl.backends.weights.recorded import Recorded, given_preprocessing
from seqdsl.backends.weights.state import random_state, save_state

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
