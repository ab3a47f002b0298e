"""`train` and `eval` as a user calls them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from commands import seqdsl_command
from networks import ARCHITECTURES
from patience import until

from seqdsl.training.lock import LOCK, OWNER, held
from seqdsl.training.run import Run

SEQRESNET = ARCHITECTURES / "seqresnet.seq"
IMAGENET = ARCHITECTURES / "seqresnet_imagenet.seq"

NET = """\
use std.seqconv

network Net(classes = 10) {
  train { epochs = 1; batch = 96; lr = 0.05 }
  input 3x16x16
  conv 3x3, 8
  seqconv 3x3, 16, k=8
  conv 3x3, 16, stride=4
  global_average_pool
  fc classes
  softmax
}
"""
MADE = {
    "best.safetensors", "checkpoints", "curves.svg", "final.safetensors", "metrics.csv",
    ".lock", "model.onnx", "network.seq", "run.json", "tensorboard", "weights.svg",
}  # fmt: skip
ERRORS = re.compile(r"digits +359 +([0-9.]+) +([0-9.]+)")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.seq"
    path.write_text(NET)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A source, the folder of a run of its network, and what standard output told."""
    folder = tmp_path_factory.mktemp("command")
    source = folder / "net.seq"
    source.write_text(NET)
    done = seqdsl_command("train", source, "-o", folder / "run", "--accelerator", "cpu")
    assert done.code == 0, done.err
    return source, folder / "run", done.out


def test_run_leaves_all_that_is_told_of(run: tuple[Path, Path, str]) -> None:
    source, folder, out = run
    assert {path.name for path in folder.iterdir()} == MADE
    assert list((folder / "tensorboard").glob("events.out.tfevents.*"))
    assert "last epoch" in out and "best epoch" in out
    expanded = seqdsl_command("expand", source).out
    assert (folder / "network.seq").read_text() == expanded
    recipe = json.loads((folder / "run.json").read_text())["recipe"]
    assert (recipe["epochs"], recipe["batch"], recipe["lr"]) == (1, 96, 0.05)


def test_every_engine_tells_the_errors_of_the_run(run: tuple[Path, Path, str]) -> None:
    source, folder, out = run
    told = re.search(r"last epoch +1 +([0-9.]+) +([0-9.]+)", out)
    for engine in ("onnxruntime", "torch"):
        done = seqdsl_command(
            "eval", source, "--weights", folder / "final.safetensors", "--engine", engine
        )
        found = ERRORS.search(done.out)
        assert found and told and found.groups() == told.groups()


def test_trained_weights_build_the_same_model(tmp_path: Path, run: tuple[Path, Path, str]) -> None:
    source, folder, _ = run
    made = tmp_path / "made.onnx"
    weights = folder / "final.safetensors"
    assert seqdsl_command("build", source, "--weights", weights, "-o", made).code == 0
    assert made.read_bytes() == (folder / "model.onnx").read_bytes()


def test_another_network_is_refused_with_what_differs(
    tmp_path: Path, run: tuple[Path, Path, str]
) -> None:
    other = tmp_path / "net.seq"
    other.write_text(NET.replace("conv 3x3, 16,", "conv 5x5, 16,"))
    done = seqdsl_command("train", other, "-o", run[1], "--resume")
    assert done.code == 2
    assert "SEQ705" in done.err
    assert "kernel=3x3" in done.err and "kernel=5x5" in done.err


def recipe_of(*arguments: object) -> str:
    done = seqdsl_command("train", *arguments, "--show-recipe")
    assert done.code == 0, done.err
    return " ".join(done.out.split())


def test_recipes_are_those_of_section_4_2() -> None:
    cifar = recipe_of(SEQRESNET, "--network", "S1", "--data", "cifar10")
    assert cifar == (
        "train { epochs = 300 batch = 64 lr = 0.1 momentum = 0.9 weight_decay = 0.0001 "
        "milestones = [150, 225] gamma = 0.1 holdout = 0 }"
    )
    imagenet = recipe_of(IMAGENET, "--network", "SeqResNetB22", "--data", "imagenet")
    assert imagenet == (
        "train { epochs = 100 batch = 256 lr = 0.1 momentum = 0.9 weight_decay = 0.0001 "
        "milestones = [30, 60, 90] gamma = 0.1 holdout = 0 }"
    )


def test_call_comes_over_the_source_and_that_over_the_data_set(net: Path) -> None:
    assert "epochs = 1 batch = 96 lr = 0.05 momentum = 0.9" in recipe_of(net)
    changed = recipe_of(net, "--set", "lr=1e-3", "--set", "epochs=9", "--set", "milestones=3,6")
    assert "epochs = 9 batch = 96 lr = 0.001" in changed and "milestones = [3, 6]" in changed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--set", "learning=1"], "SEQ224"),
        (["--set", "epochs=0"], "epochs is a whole number, at least 1, and '0' is given"),
        (["--set", "epochs=1e3"], "SEQ325"),
        (["--set", "lr=nan"], "SEQ325"),
        (["--set", "lr=inf"], "SEQ325"),
        (["--set", "milestones=[4,2]"], "SEQ325"),
        (["--set", "epochs=4", "--set", "milestones=[9]"], "milestone"),
        (["--data", "cifar10"], "SEQ701"),
        (["--data", "folder", "--data-path", "nowhere"], "SEQ701"),
        (["--data", "cifar10", "--data-path", "nowhere"], "SEQ703"),
        (["--set", "holdout=2000"], "SEQ703"),
        (["-D", "classes=7"], "SEQ703"),
        (["--resume", "-o", "none"], "SEQ704"),
        (["-o", "/dev/null/run"], "SEQ704"),
        (["--accumulate", "5"], "SEQ704"),
        pytest.param(
            ["--accelerator", "cuda"],
            "no CUDA device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here"),
        ),
    ],
)
def test_call_at_fault_is_told(
    net: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(net.parent)
    done = seqdsl_command("train", net, *arguments)
    assert (done.code, told in done.err) == (2, True), done.err
    assert "Traceback" not in done.err


def test_what_gives_no_classes_is_not_trained(net: Path) -> None:
    net.write_text("network Map { input 3x16x16; conv 3x3, 8 }")
    done = seqdsl_command("train", net, "-o", net.parent / "run")
    assert done.code == 2 and "SEQ703" in done.err


@pytest.mark.parametrize("library", ["lightning", "lightning.pytorch", "sklearn.datasets"])
def test_missing_library_is_named(net: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    for name in [name for name in sys.modules if name.startswith("seqdsl.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    done = seqdsl_command("train", net, "-o", net.parent / "run")
    assert done.code == 2
    assert "SEQ707" in done.err and "pip install 'seqdsl[train]'" in done.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_signal_ends_a_run_that_is_saved(net: Path, number: signal.Signals) -> None:
    net.write_text(NET.replace("epochs = 1", "epochs = 200"))
    folder = net.parent / "run"
    command = [sys.executable, "-m", "seqdsl", "train", str(net), "-o", str(folder)]
    log = net.parent / "log"
    with log.open("w") as err:
        process = subprocess.Popen([*command, "--accelerator", "cpu"], stderr=err)
    until(lambda: "\n    1 " in log.read_text() or process.poll() is not None)
    os.kill(process.pid, number)
    assert process.wait() == 128 + number
    stopped = re.search(r"stopped by (\w+): epoch (\d+), step (\d+) is saved", log.read_text())
    assert stopped and stopped[1] == number.name and int(stopped[3]) >= 14
    state = next((folder / "checkpoints").glob(f"step-{int(stopped[3]):08}/state.json"))
    assert json.loads(state.read_text())["position"]["step"] == int(stopped[3])


@pytest.mark.parametrize("options", [[], ["--resume"]], ids=["anew", "resumed"])
def test_a_folder_in_which_another_trains(net: Path, options: list[str]) -> None:
    """Two that resume one run would write over one another; reading it is allowed."""
    folder = net.parent / "run"
    folder.mkdir()
    with held(Run(folder)):
        done = seqdsl_command("train", net, "-o", folder, "--accelerator", "cpu", *options)
        assert (done.code, done.out) == (2, "")
        assert f"process {os.getpid()} on" in done.err and "SEQ704" in done.err
        assert {path.name for path in folder.iterdir()} == {LOCK, OWNER}


def test_usual_recipe_of_a_folder_is_that_of_its_networks_size(net: Path) -> None:
    net.write_text(NET.replace("  train { epochs = 1; batch = 96; lr = 0.05 }\n", ""))
    assert "epochs = 300 batch = 64" in recipe_of(net, "--data", "folder")
    net.write_text(net.read_text().replace("3x16x16", "3x64x64"))
    assert "epochs = 100 batch = 256" in recipe_of(net, "--data", "folder")


def test_what_is_held_out_validates_and_the_test_set_tests(net: Path) -> None:
    held = ["--set", "holdout=200", "--set", "batch=300"]
    done = seqdsl_command("train", net, *held, "-o", net.parent / "run")
    assert done.code == 0, done.err
    assert "1,238 samples to train on, 200 to validate" in done.err
    told = re.search(r"test, last epoch +1 +([0-9.]+) +([0-9.]+)", done.out)
    weights = net.parent / "run" / "final.safetensors"
    found = ERRORS.search(seqdsl_command("eval", net, "--weights", weights).out)
    assert told and found and told.groups() == found.groups()
