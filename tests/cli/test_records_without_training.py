"""How an input is made: what commands and Python do with a record that no training wrote."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from commands import seqdsl_command
from PIL import Image
from small_inputs import HOW, NET

import seqdsl
from seqdsl.backends.weights.recorded import NOTHING, Recorded, given_preprocessing
from seqdsl.backends.weights.state import random_state, save_state


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
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]


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
