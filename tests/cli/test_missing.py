"""A library that is not installed is an error of the installation: exit 2, and what to install."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from commands import seqdsl_command
from networks import ROOT
from PIL import Image

import seqdsl
from seqdsl.backends.weights.state import initial_state, save_state
from seqdsl.cli.missing import TRAIN, missing_library

NETWORK = """
use std.seqconv

network N {
  input 1x8x8
  seqconv 3x3, 16, k=8
  max_pool 2
  global_average_pool
  fc 10
  softmax
}
"""
# Which commands need a module.
NEEDED = {
    "lark": ("check net.seq", "stats net.seq", "fmt net.seq"),
    "platformdirs": ("check net.seq",),
    "numpy": ("build net.seq -o net.onnx", "run net.seq x.npy", "verify net.seq"),
    "onnx": ("build net.seq -o net.onnx", "run net.seq x.npy", "verify net.seq",
             "bench net.seq --backend onnxruntime", "eval net.seq --weights w.safetensors"),
    "onnxruntime": ("run net.seq x.npy", "verify net.seq", "bench net.seq --backend onnxruntime",
                    "build net.seq -o net.onnx --tune", "eval net.seq --weights w.safetensors"),
    "torch": ("run net.seq x.npy --engine torch", "verify net.seq", "train net.seq -o run",
              "eval net.seq --weights w.safetensors"),
    "safetensors": ("run net.seq x.npy --weights w.safetensors",
                    "eval net.seq --weights w.safetensors"),
    "PIL": ("run net.seq x.png",),
    "graphviz": ("draw net.seq -o net.svg", "draw net.seq -o net.dot"),
    "reportlab": ("draw net.seq -o net.pdf",),
    "resvg_py": ("draw net.seq -o net.png",),
    "pygls": ("lsp",),
    "watchfiles": ("check net.seq --watch",),
    "filelock": ("train net.seq -o run",),
    "lightning": ("train net.seq -o run",),
    "matplotlib": ("train net.seq -o run",
                   "plot weights net.seq --weights w.safetensors -o heat.svg"),
    "sklearn": ("train net.seq -o run", "eval net.seq --weights w.safetensors"),
}  # fmt: skip
# Nothing runs without click; rich draws on terminals; `Network.graph` needs networkx, and no
# command; without tensorboard, training keeps no log of that kind.
OTHERS = {"click", "rich", "networkx", "tensorboard"}
NAMES = {"onnxruntime-gpu": "onnxruntime", "scikit-learn": "sklearn", "pillow": "PIL",
         "resvg-py": "resvg_py", "graphviz-pure": "graphviz"}  # fmt: skip

RUN = """
import json, sys
sys.path.insert(0, {tests!r})

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {library!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
from commands import seqdsl_command
done = [seqdsl_command(*command.split()) for command in {commands!r}]
print(json.dumps([(each.code, each.err) for each in done]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.seq").write_text(NETWORK)
    np.save(tmp_path / "x.npy", np.zeros((1, 8, 8), np.float32))
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    save_state(tmp_path / "w.safetensors", initial_state(seqdsl.load(tmp_path / "net.seq")))
    return tmp_path


def requirements(*groups: list[str]) -> set[str]:
    """The modules that requirements of pyproject.toml install."""
    names = (re.split(r"[>=<;\[ ]", line, maxsplit=1)[0] for group in groups for line in group)
    return {NAMES.get(name, name) for name in names}


def test_every_declared_library_is_looked_at() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    train = project["optional-dependencies"]["train"]
    assert requirements(project["dependencies"], train) == NEEDED.keys() | OTHERS
    assert requirements(train) == TRAIN


@pytest.mark.parametrize("library", NEEDED)
def test_a_command_names_what_it_misses(folder: Path, library: str) -> None:
    script = RUN.format(tests=str(ROOT / "tests"), library=library, commands=NEEDED[library])
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    pip = "pip install 'seqdsl[train]'" if library in TRAIN else "pip install seqdsl"
    for command, (code, err) in zip(NEEDED[library], json.loads(done.stdout), strict=True):
        assert code == 2 and "SEQ707" in err and "Traceback" not in err, (command, err)
        said = err.replace("scikit-learn", "sklearn")
        assert re.search(rf"{library}, which\s", said) and pip in err, (command, err)


def test_terminals_need_rich(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("seqdsl.cli.tables.use_color", lambda _: True)
    monkeypatch.setitem(sys.modules, "rich.box", None)
    done = seqdsl_command("stats", "net.seq")
    assert done.code == 2 and "SEQ707" in done.err and "pip install seqdsl" in done.err


def test_nothing_runs_without_click(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError('No module', name='click')")
    code = "import sys; sys.path.insert(0, '.'); from seqdsl.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 2 and done.stderr.count("\n") == 2
    assert "needs click" in done.stderr and "pip install seqdsl" in done.stderr


def test_a_broken_library_is_installed_again() -> None:
    found = missing_library(ImportError("libcublas.so.12: cannot open it", name="torch._C"))
    assert found is not None and found[1] == "pip install --force-reinstall torch"
    assert "libcublas.so.12" in found[0]
    found = missing_library(ImportError("cannot import name 'x' from 'sklearn'", name="sklearn"))
    assert found is not None and found[1] == "pip install 'seqdsl[train]'"


def test_a_module_of_ours_that_is_missing_is_our_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seqdsl.cli.commands.stats", None)
    assert seqdsl_command("stats", "net.seq").code == 70
