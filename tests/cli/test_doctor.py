"""`seqdsl doctor` tells what is there, what is not, and what is broken."""

import json
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch
from commands import seqdsl_command

from seqdsl.backends.doctor.doctor import examine
from seqdsl.backends.doctor.driver import driver
from seqdsl.backends.onnx import health as onnx_health
from seqdsl.backends.onnx import run as onnx_run
from seqdsl.backends.parts import Part, Verdict, guarded
from seqdsl.backends.torch import health as torch_health


def examined() -> dict[str, Part]:
    return {part.name: part for part in examine()}


def program(folder: Path, name: str, script: str) -> None:
    """A program that comes first on the path."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_what_the_tests_run_on_is_whole() -> None:
    done = seqdsl_command("doctor")
    assert done.code == 0 and not done.err, done.out
    assert f"{torch.__version__}, built for" in done.out and "BROKEN" not in done.out
    rows = json.loads(seqdsl_command("doctor", "--format", "json").out)
    assert [row["part"] for row in rows] == list(examined())
    assert {"seqdsl", "Python", "onnx", "onnxruntime", "torch", "grammar cache"} <= set(examined())
    versions = {row["part"]: row["found"] for row in rows}
    assert versions["lark"] == metadata.version("lark")


def test_two_onnxruntimes_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"onnxruntime": ["onnxruntime-gpu", "onnxruntime", "onnxruntime-gpu"]}
    monkeypatch.setattr(metadata, "packages_distributions", lambda: found)
    monkeypatch.setattr(metadata, "version", lambda _: "1.2")
    done = seqdsl_command("doctor")
    assert done.code == 1
    assert "onnxruntime 1.2 and onnxruntime-gpu 1.2: each overwrites files of the other" in done.out
    mend = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu"
    assert f"onnxruntime: {mend}\n" in done.out


def test_an_onnxruntime_whose_files_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", type(sys)("onnxruntime"))
    part = onnx_health.onnxruntime()
    assert part.verdict is Verdict.BROKEN and "gone" in part.found and "pip install" in part.help


@pytest.mark.parametrize("name", ["torch", "onnxruntime", "onnx", "lark"])
def test_a_library_that_can_not_be_imported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    done = seqdsl_command("doctor", "--format", "json")
    rows = {row["part"]: row for row in json.loads(done.out)}
    assert done.code == 1 and rows[name]["verdict"] == "BROKEN"
    assert f"import of {name} halted" in rows[name]["found"]
    assert rows["numpy"]["verdict"] == "ok"  # the others are told all the same


def test_whatever_a_check_raises_is_a_finding() -> None:
    def fails() -> Part:
        raise OSError("libtorch.so: no such file\nand a second line")

    part = guarded("torch", fails)
    assert part == Part("torch", "OSError: libtorch.so: no such file", Verdict.BROKEN)


def test_without_any_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    parts = examined()
    assert parts["Graphviz"].verdict is Verdict.NOTE
    assert parts["graphviz-pure"].verdict is Verdict.BROKEN
    assert parts["graphviz-pure"].help == "pip install graphviz-pure"


def test_a_graphviz_that_lays_nothing_out(path: Path) -> None:
    script = 'case $1 in -V) echo "dot - graphviz version 9.0 (x)" >&2;; -Tpng) exit 1;; esac'
    program(path, "dot", script)
    assert examined()["Graphviz"].found == f"9.0 (x), {path}/dot"
    program(path, "dot", script.replace("png", "json"))
    assert examined()["Graphviz"].verdict is Verdict.BROKEN


def test_a_driver(path: Path) -> None:
    program(path, "nvidia-smi", "echo 570.1, H100; echo 570.1, H200")
    assert driver() == Part("NVIDIA driver", "570.1; H100, H200")
    program(path, "nvidia-smi", "echo it could not talk to the driver; exit 9")
    part = driver()
    assert part.verdict is Verdict.NOTE and part.found.endswith("could not talk to the driver")


def test_a_torch_for_cuda_that_sees_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> None:
        raise RuntimeError("Found no NVIDIA driver on your system.\nMore.")

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", refuses)
    part = torch_health.cuda_of_torch()
    assert part.found == "not used: Found no NVIDIA driver on your system."
    assert part.verdict is Verdict.NOTE and "CUDA 13.0" in torch_health.torch().found


def test_a_torch_that_sees_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "H100")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    assert torch_health.cuda_of_torch() == Part("CUDA in torch", "H100; cuDNN 91002")


def test_a_device_that_onnxruntime_sees_and_does_not_use(monkeypatch: pytest.MonkeyPatch) -> None:
    if onnx_run.cuda_device():
        pytest.skip("a session would use it")
    assert onnx_health.providers().verdict is Verdict.NOTE
    monkeypatch.setattr(onnx_run, "cuda_device", lambda: True)
    part = onnx_health.providers()
    assert part.verdict is Verdict.BROKEN and part.found.startswith("CPU, and not on the CUDA")


def test_a_cache_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    part = examined()["grammar cache"]
    assert part.verdict is Verdict.NOTE and "can't be written: Not a directory" in part.found
