"""Files that a disk, a pipe or a hand has damaged: a value or a diagnostic comes of each."""

import json
import math
import os
import shutil
import string
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

import seqdsl
from seqdsl.backends.bench.schedule_file import read_schedules
from seqdsl.backends.weights.checkpoints import read_checkpoint
from seqdsl.backends.weights.name_map import read_map
from seqdsl.passes.schedule.choose import choose
from seqdsl.passes.schedule.record import record
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.source.diagnostic import Failure
from seqdsl.source.discover import discover
from seqdsl.source.json_text import parse_json
from seqdsl.training.checkpoint import Checkpoint, write_checkpoint
from seqdsl.training.checkpoint import read_checkpoint as read_saved
from seqdsl.training.metrics import Row, read_metrics, write_metrics
from seqdsl.training.position import Position, Sums
from seqdsl.training.run import Run, require_same

SOURCE = """\
use std.seqconv

network N {
  input 3x8x8
  conv 3x3, 8
  seqconv 3x3, 16, k=8
  global_average_pool
  fc 10
}
"""
with TemporaryDirectory() as _folder:
    (Path(_folder) / "net.seq").write_text(SOURCE)
    NETWORK = seqdsl.load(Path(_folder) / "net.seq")
DESCRIPTION = {
    "network": "N", "graph": "ab", "data": "digits", "seed": 0, "classes": ["0", "1"],
    "training samples": 3, "recipe": {"epochs": 1, "lr": 0.1, "milestones": [1]},
}  # fmt: skip
TENSORS = {"a.weight": torch.ones(2, 3), "a.bias": torch.zeros(3).half()}
ROWS = (Row(1, 3, 0.1, 2.5, 90.0, 2.4, 80.0, 20.0, 1.5), Row(2, 6))
BRACKETS = b"[" * 100_000


def saved(folder: Path) -> Path:
    position = Position(2, 1, 7, Sums(1.5, 2, 3, 0.5), ROWS)
    engine = {"groups": [{"lr": 0.1}], "loops": None, "version": "2.6", "scaler": {1: math.nan}}
    return write_checkpoint(folder, Checkpoint("ab", TENSORS, TENSORS, position, engine))


def a_state(folder: Path) -> Path:
    return saved(folder) / "state.json"


def weights_of_a_run(folder: Path) -> Path:
    return saved(folder) / "weights.safetensors"


def description(folder: Path) -> Path:
    path = folder / "run.json"
    path.write_text(json.dumps(DESCRIPTION))
    return path


def metrics(folder: Path) -> Path:
    write_metrics(folder / "metrics.csv", ROWS)
    return folder / "metrics.csv"


def schedules(folder: Path) -> Path:
    path = folder / "net.schedule.json"
    path.write_text(record(NETWORK, choose(NETWORK, Strategy.AUTO), {"batch": 1}))
    return path


def toml_map(folder: Path) -> Path:
    path = folder / "map.toml"
    path.write_text('"a.weight" = "b.weight"\n[head]\nfc.linear = "fc"\n[deep.er]\nx = "y"\n')
    return path


def json_map(folder: Path) -> Path:
    path = folder / "map.json"
    path.write_text('{"a.weight": "b.weight", "head": {"fc": {"linear": "fc"}}}')
    return path


def safetensors(folder: Path) -> Path:
    path = folder / "net.safetensors"
    path.write_bytes(save(TENSORS, {"format": "pt"}))
    return path


def ignore(folder: Path) -> Path:
    (folder / "a.seq").write_text("")
    path = folder / ".gitignore"
    path.write_text("*.tmp\n!a[b-c]?.seq\n/build/**/x\n\\!y\n[!a]*/\n")
    return path


def require_own(path: Path) -> object:
    require_same(Run(path.parent), DESCRIPTION)
    return None


def read_arrays(path: Path) -> object:
    file = read_checkpoint(path)
    return [file.array(key) for key in file.shapes]


READERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], object]]] = {
    "state.json": (a_state, lambda path: read_saved(path.parent)),
    "weights of a run": (weights_of_a_run, lambda path: read_saved(path.parent)),
    "run.json": (description, require_own),
    "metrics.csv": (metrics, read_metrics),
    "schedules": (schedules, lambda path: read_schedules(path, NETWORK)),
    "name map, toml": (toml_map, read_map),
    "name map, json": (json_map, read_map),
    "safetensors": (safetensors, read_checkpoint),
    "safetensors as arrays": (safetensors, read_arrays),
    ".gitignore": (ignore, lambda path: discover([str(path.parent)])),
}
JSON = ("state.json", "run.json", "schedules", "name map, json")


def read(name: str, path: Path) -> str | None:
    """What is wrong with a file, in one line; None where nothing is. All else is raised."""
    try:
        READERS[name][1](path)
    except Failure as failure:
        assert failure.diagnostic.message and "\n" not in failure.diagnostic.message.strip("\n")
        return failure.diagnostic.message
    return None


@pytest.mark.parametrize("name", READERS)
def test_a_whole_file_is_read(tmp_path: Path, name: str) -> None:
    assert read(name, READERS[name][0](tmp_path)) is None


NASTY = (
    b"", b"\x00", b"\xff\xfe\x00", BRACKETS, b'{"a":' * 100_000, b"9" * 5000, b"NaN", b"-Infinity",
    b"null", b"[]", b"{}", b'"\\ud800"', b"1e999", b"{" + b'"x": 1,' * 3 + b'"x": 2}', b"\n" * 1000,
    b"a" * 300_000, b"\xef\xbb\xbf{}", b"\xff" * 8 + b"{}", b"[x]\n[x]\n", b"x = " + BRACKETS,
    b"[" + b"a." * 50_000 + b"b]", b"x = 1" + b"0" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_another_s_bytes(tmp_path: Path, name: str, number: int) -> None:
    path = READERS[name][0](tmp_path)
    path.write_bytes(NASTY[number])
    told = read(name, path)
    assert told or name in (".gitignore", "name map, toml", "name map, json")


def test_a_hundred_thousand_brackets_are_told(tmp_path: Path) -> None:
    path = a_state(tmp_path)
    path.write_bytes(BRACKETS)
    assert "its brackets are nested too deep" in (read("state.json", path) or "")
    with pytest.raises(ValueError, match="nested too deep"):
        parse_json(BRACKETS)
    with pytest.raises(ValueError, match="no JSON"):
        parse_json(b"9" * 5000)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("instead", ["a folder", "a pipe", "nothing", "a circle"])
def test_no_file_at_all(tmp_path: Path, name: str, instead: str) -> None:
    path = READERS[name][0](tmp_path)
    path.unlink()
    if instead == "a folder":
        path.mkdir()
    elif instead == "a pipe":
        if name in (".gitignore", "name map, toml", "name map, json"):
            pytest.skip("a shell may give a map as a pipe; a rule of git is read as git reads it")
        os.mkfifo(path)
    elif instead == "a circle":
        path.symlink_to(path.name)
    told = read(name, path)
    assert told or name == ".gitignore"


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A way to damage bytes: some flipped, cut off, doubled, or others put among them."""
    kind = draw(st.sampled_from(["flip", "cut", "double", "insert", "replace"]))
    at, length = draw(st.floats(0, 1)), draw(st.integers(1, 40))
    bits, new = draw(st.integers(1, 255)), draw(st.binary(min_size=1, max_size=12))

    def damage(data: bytes) -> bytes:
        start = min(int(at * len(data)), max(len(data) - 1, 0))
        head, body, tail = data[:start], data[start : start + length], data[start + length :]
        return {
            "flip": head + bytes(byte ^ bits for byte in body[:1]) + body[1:] + tail,
            "cut": head,
            "double": head + body + body + tail,
            "insert": head + new + body + tail,
            "replace": head + new + tail,
        }[kind]

    return damage


@pytest.mark.parametrize("name", READERS)
def test_damaged_bytes(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("whole")
    path = READERS[name][0](folder)
    whole = path.read_bytes()

    @settings(max_examples=150)
    @given(st.lists(damages(), min_size=1, max_size=3))
    def one(damage: list[Callable[[bytes], bytes]]) -> None:
        data = whole
        for each in damage:
            data = each(data)
        path.write_bytes(data)
        told = read(name, path)
        if name in ("state.json", "weights of a run") and parse_or_none(data) != parse_or_none(
            whole
        ):
            assert told, "what is not as it was written is never taken"

    one()


def parse_or_none(data: bytes) -> object:
    try:
        return repr(parse_json(data))
    except ValueError:
        return data


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=5)
    | st.sampled_from([10**400, -1, 2**64, "\ud800", "", "NaN"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def places(value: object, at: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [at] if at else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(
        value, list) else ()  # fmt: skip
    for key, inner in items:
        found += places(inner, (*at, key))
    return found


def put(value: object, at: tuple[object, ...], new: object, removed: bool) -> object:
    key, *rest = at
    copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    if rest:
        copy[key] = put(copy[key], tuple(rest), new, removed)
    elif removed:
        del copy[key]
    else:
        copy[key] = new
    return copy


@pytest.mark.parametrize("name", JSON)
def test_wrong_types_at_each_key(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = READERS[name][0](tmp_path_factory.mktemp("whole"))
    whole = json.loads(path.read_text())

    @settings(max_examples=200)
    @given(st.sampled_from(places(whole)), VALUES, st.booleans())
    def one(at: tuple[object, ...], new: object, removed: bool) -> None:
        path.write_text(json.dumps(put(whole, at, new, removed)))
        read(name, path)

    one()


def test_a_state_of_wrong_types_that_has_its_hash(tmp_path: Path) -> None:
    """As a hand would write it: the hash is no proof of its shape."""
    from seqdsl.training import checkpoint

    path = a_state(tmp_path)
    whole = json.loads(path.read_text())
    inner = [at for at in places(whole) if at[0] == "position"]
    for at in inner:
        for new in (None, "x", [], {}, -1, True, 10**30):
            changed = put(whole, at, new, removed=False)
            changed["sha256"]["state.json"] = checkpoint._hash_of(changed)  # type: ignore[index]
            path.write_text(json.dumps(changed))
            told = read("state.json", path)
            is_one = new == [] if at[-1] == "rows" else type(new) is int
            assert told or is_one, (at, new)


def test_what_can_t_be_read_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads all")
    for name, (make, _) in READERS.items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        path = make(folder)
        path.chmod(0)
        assert read(name, path) or name == ".gitignore"


@settings(max_examples=60)
@given(st.lists(damages(), min_size=1, max_size=3), st.booleans())
def test_damaged_torch_checkpoints(damage: list[Callable[[bytes], bytes]], old: bool) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "net.pth"
        torch.save({"state_dict": TENSORS}, path, _use_new_zipfile_serialization=not old)
        data = path.read_bytes()
        for each in damage:
            data = each(data)
        path.write_bytes(data)
        for reader in (read_checkpoint, read_arrays):
            try:
                reader(path)
            except Failure as failure:
                assert failure.diagnostic.code.id.startswith("SEQ6")
        shutil.rmtree(name)
        Path(name).mkdir()
