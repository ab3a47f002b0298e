"""Checkpoints of several files, which an index names."""

import json
from pathlib import Path

import pytest
import torch
from networks import compiled
from safetensors.torch import save_file
from small_states import SMALL, Tensors, loaded, same, tensors

from seqdsl import Network
from seqdsl.backends.weights.checkpoints import read_checkpoint
from seqdsl.backends.weights.state import load_state
from seqdsl.source.diagnostic import Failure


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return compiled(tmp_path, SMALL)


def sharded(folder: Path, state: Tensors, safe: bool = True, **index: object) -> Path:
    """The state in two files, as transformers and timm's hub write it."""
    stem, suffix = ("model", "safetensors") if safe else ("pytorch_model", "bin")
    keys = list(state)
    halves = keys[: len(keys) // 2], keys[len(keys) // 2 :]
    weight_map = {}
    for number, half in enumerate(halves, 1):
        name = f"{stem}-{number:05}-of-00002.{suffix}"
        part = {key: state[key] for key in half}
        save_file(part, folder / name) if safe else torch.save(part, folder / name)
        weight_map |= dict.fromkeys(half, name)
    total = sum(value.numel() * value.element_size() for value in state.values())
    content = {"metadata": {"total_size": total}, "weight_map": weight_map, **index}
    path = folder / f"{stem}.{suffix}.index.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("safe", [True, False])
def test_shards_are_one_checkpoint(network: Network, tmp_path: Path, safe: bool) -> None:
    state = tensors(network)
    path = sharded(tmp_path, state, safe)
    found, said = loaded(network, path)
    assert same(found, state) and not said
    file = read_checkpoint(path)
    assert file.registered is not safe
    if not safe:
        assert list(file.shapes) == list(state)


def test_a_missing_shard_is_named(network: Network, tmp_path: Path) -> None:
    path = sharded(tmp_path, tensors(network))
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(Failure, match="1 of its 2 files are missing: model-00002-of") as caught:
        load_state(path, network)
    assert caught.value.diagnostic.code.id == "SEQ613"


@pytest.mark.parametrize(
    "name",
    ["../w.safetensors", "/etc/passwd", "a/../../w.safetensors", "..\\w.safetensors", "c:w", "..",
     "", 3, None, "x.index.json", "w\0.safetensors"],
)  # fmt: skip
def test_no_shard_is_outside_of_the_folder(network: Network, tmp_path: Path, name: object) -> None:
    (tmp_path / "in").mkdir()
    save_file(tensors(network), tmp_path / "w.safetensors")
    path = tmp_path / "in" / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": dict.fromkeys(tensors(network), name)}))
    with pytest.raises(Failure) as caught:
        load_state(path, network)
    assert caught.value.diagnostic.code.id == "SEQ613"


def test_shards_hold_what_the_index_says(network: Network, tmp_path: Path) -> None:
    state = tensors(network)
    first, *_ = state
    name = "model-00001-of-00002.safetensors"
    path = sharded(tmp_path, state, weight_map={**dict.fromkeys(state, name), "more.weight": name})
    with pytest.raises(Failure, match=f"{name} lacks 5 entries: "):
        load_state(path, network)
    path = sharded(tmp_path, state, weight_map={first: name})
    with pytest.raises(Failure, match=f"it does not place what {name} holds"):
        load_state(path, network)
    path = sharded(tmp_path, state, metadata={"total_size": 12})
    size = 4 * sum(value.numel() for value in state.values())
    assert loaded(network, path)[1] == [
        f"{path} says that its tensors are 12 bytes, and they are {size:,}"
    ]


@pytest.mark.parametrize(
    "text", ["", "[", "[" * 10**6, "[]", "{}", '{"weight_map": {}}', '{"weight_map": 3}', "\xff"]
)
def test_what_is_no_index(network: Network, tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Failure) as caught:
        load_state(path, network)
    assert caught.value.diagnostic.code.id == "SEQ613"
