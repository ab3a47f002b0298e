"""A record that goes from file to file: in shards, through an import, and set by options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import seqdsl_command
from PIL import Image

import seqdsl
from seqdsl.backends.weights.state import random_state, save_state

NET = "network N { input 1x8x8; conv 3x3, 4; global_average_pool; fc 2 }"
HOW = {
    "color": "L", "size": [8, 8], "resize": [8, 8], "crop": None, "interpolation": "bilinear",
    "scale": 1 / 255, "mean": [0.5], "std": [0.25],
}  # fmt: skip
RECORD = {"preprocessing": json.dumps(HOW), "classes": '["cat", "dog"]'}
IMPORT = ("weights", "import", "held.safetensors", "-o", "new.safetensors", "--into")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a network, weights that record their use, and a picture."""
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(NET)
    save_state(Path("held.safetensors"), random_state(seqdsl.load("net.seq")), RECORD)
    Image.new("L", (8, 8)).save("a.png")


def shard(*records: dict[str, str]) -> None:
    """The weights in two files, with a record each."""
    state = sorted(random_state(seqdsl.load("net.seq")).items())
    places = {}
    for number, (part, record) in enumerate(zip((state[:3], state[3:]), records, strict=True)):
        name = f"{number}.safetensors"
        save_state(Path(name), dict(part), record)
        places |= {key: name for key, _ in part}
    Path("all.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


@pytest.mark.parametrize("records", [(RECORD, RECORD), ({}, RECORD)])
def test_shards_record_what_their_files_do(records: tuple[dict[str, str], ...]) -> None:
    shard(*records)
    assert seqdsl.recorded("all.safetensors.index.json") == seqdsl.recorded("held.safetensors")
    done = seqdsl_command("run", "net.seq", "a.png", "--weights", "all.safetensors.index.json")
    assert done.code == 0 and "cat" in done.out and "assuming" not in done.err
    into = ("--into", "net.seq", "-o", "new.safetensors")
    assert seqdsl_command("weights", "import", "all.safetensors.index.json", *into).code == 0
    assert seqdsl.recorded("new.safetensors") == seqdsl.recorded("held.safetensors")


def test_shards_that_record_different_uses_are_refused() -> None:
    shard(RECORD, {"classes": '["dog", "cat"]'})
    done = seqdsl_command("run", "net.seq", "a.png", "--weights", "all.safetensors.index.json")
    assert done.code == 2 and "SEQ617" in done.err
    assert "its files do not record the same: 1.safetensors differs" in done.err


def test_a_new_head_does_not_take_the_old_names_of_classes() -> None:
    done = seqdsl_command(*IMPORT, "net.seq", "--head", "new")
    assert done.code == 0, done.err
    record = seqdsl.recorded("new.safetensors")
    assert record.classes is None
    assert record.preprocessing == seqdsl.recorded("held.safetensors").preprocessing


def test_an_import_leaves_out_a_record_of_another_input() -> None:
    Path("wide.seq").write_text(NET.replace("8x8", "16x16"))
    done = seqdsl_command(*IMPORT, "wide.seq")
    assert done.code == 0 and "it makes 8x8, and the network takes 1x16x16" in done.err
    record = seqdsl.recorded("new.safetensors")
    assert record.preprocessing is None and record.classes == ("cat", "dog")
    weights = ("--weights", "new.safetensors")
    assert seqdsl_command("run", "wide.seq", "a.png", *weights).code == 0


def test_files_of_options_may_begin_with_a_byte_order_mark() -> None:
    Path("names.txt").write_text("\ufeffbird\r\nfish\r\n", newline="")
    Path("names.json").write_text('\ufeff["bird", "fish"]')
    Path("how.json").write_text("\ufeff" + json.dumps(HOW))
    for names in ("names.txt", "names.json"):
        given = ("--classes", names, "--preprocessing", "how.json")
        assert seqdsl_command("build", "net.seq", *given, "-o", "net.onnx").code == 0
        assert seqdsl.recorded("net.onnx").classes == ("bird", "fish")


def test_what_an_option_gives_is_not_blamed_on_the_weights() -> None:
    Path("names.txt").write_text("one\n")
    given = ("build", "net.seq", "--weights", "held.safetensors", "-o", "net.onnx")
    assert seqdsl_command(*given).code == 0
    wide = json.dumps({**HOW, "size": [9, 9], "resize": [9, 9]})
    for command in (given, ("run", "net.onnx", "a.png")):
        done = seqdsl_command(*command, "--classes", "names.txt")
        assert done.code == 2 and "names.txt: it names 1 classes" in done.err, done.err
        done = seqdsl_command(*command, "--preprocessing", wide)
        assert done.code == 2 and "--preprocessing: " in done.err, done.err
        assert "it makes 9x9" in done.err and "net.onnx" not in done.err
