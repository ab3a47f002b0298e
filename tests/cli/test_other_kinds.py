"""A file of another kind than a source: what it is, and which command takes it."""

import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from commands import seqdsl_command
from PIL import Image
from safetensors.numpy import save_file

import seqdsl

NET = "network Net { input 3x8x8; conv2d 3x3, 4; global_average_pool; fc 3 }\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(NET)
    Path("net.onnx").write_bytes(b"\x08\x08\x12\x06seqdsl")
    save_file({"a": np.zeros(3, np.float32)}, "net.safetensors")
    torch.save({"a": torch.zeros(3)}, "net.pt")
    Path("net.py").write_text("import torch\n")
    Image.new("RGB", (8, 8)).save("cat.png")
    np.save("x.npy", np.zeros(3, np.float32))


KINDS = {
    "net.onnx": ("an ONNX model", "`seqdsl run net.onnx INPUT` runs it"),
    "net.safetensors": ("a file of weights", "take weights as `--weights`"),
    "net.pt": ("a file of weights", "take weights as `--weights`"),
    "net.py": ("Python code", "`build` writes Python from it"),
    "cat.png": ("a picture", "`seqdsl run NET.seq cat.png` runs a network on it"),
    "x.npy": ("an array", "`seqdsl run NET.seq x.npy` runs a network on it"),
}
COMMANDS = {
    "check": (), "fmt": (), "stats": (), "table": (), "expand": (), "audit": (), "verify": (),
    "bench": (), "diff": ("net.seq",), "report": ("-o", "a.html"), "train": (),
    "eval": ("--weights", "net.safetensors", "--data", "digits"), "draw": ("-o", "a.svg"),
    "build": ("-o", "a.onnx"),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("file", KINDS)
def test_it_is_named(command: str, file: str) -> None:
    what, way = KINDS[file]
    done = seqdsl_command(command, file, *COMMANDS[command])
    said = " ".join(done.err.split())
    assert done.code == 2
    assert f"error[SEQ009]: {file} is {what}, and a .seq file is needed --> {file} " in said
    assert way in said


@pytest.mark.parametrize("command", ["eval", "build", "draw"])
def test_it_is_named_before_an_option_is_missed(command: str) -> None:
    assert "SEQ009" in seqdsl_command(command, "net.onnx").err
    assert "Missing option" in seqdsl_command(command, "net.seq").err


@pytest.mark.parametrize("file", ["net.safetensors", "net.pt", "cat.png", "x.npy"])
def test_the_first_bytes_tell_where_no_name_does(file: str) -> None:
    Path(file).rename("renamed.seq")
    err = seqdsl_command("stats", "renamed.seq").err
    assert f"renamed.seq is {KINDS[file][0]}, and" in err


def test_weights_larger_than_a_source_may_be() -> None:
    header = json.dumps({}).encode()
    data = struct.pack("<Q", len(header)) + header + bytes(2_000_000)
    Path("large.safetensors").write_bytes(data)
    assert "SEQ009" in seqdsl_command("stats", "large.safetensors").err


def test_a_file_of_a_revision() -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "Files"]):
        subprocess.run(["git", *words], check=True)
    err = seqdsl_command("diff", "HEAD:net.onnx", "net.seq").err
    assert "HEAD:net.onnx is an ONNX model" in err


def test_a_source_may_have_any_other_name() -> None:
    Path("net.seq").rename("net.txt")
    assert seqdsl_command("stats", "net.txt").code == 0


def test_a_folder_names_what_is_in_it() -> None:
    Path("nets").mkdir()
    err = seqdsl_command("stats", "nets").err
    assert "SEQ002" in err and "name a .seq file; this folder has none" in err
    for name in ("b.seq", "a.seq"):
        Path("nets", name).write_text(NET)
    err = " ".join(seqdsl_command("stats", "nets").err.split())
    assert "name a.seq in it or another of its 2 .seq files; `check` and `fmt` take whole" in err
    Path("run").mkdir()
    Path("run", "run.json").write_text("{}")
    assert "it is a run of `train`" in seqdsl_command("stats", "run").err


def test_a_model_that_onnxruntime_refuses_is_its_own_place() -> None:
    model = seqdsl.to_onnx(seqdsl.load("net.seq"))
    node = next(node for node in model.graph.node if node.op_type == "Conv")
    node.op_type = "NoSuchOperation"
    onnx.save(model, "net.onnx")
    done = seqdsl_command("run", "net.onnx", "cat.png")
    assert "SEQ603" in done.err and " --> net.onnx\n" in done.err
