"""Checkpoints that can't be read say why, at once, and run no code."""

import io
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import compiled
from safetensors.torch import save_file
from torch import nn

from seqdsl import Network
from seqdsl.backends.inputs.images import read_input
from seqdsl.backends.weights.checkpoints import read_checkpoint
from seqdsl.backends.weights.state import load_state, random_state
from seqdsl.source.diagnostic import Failure

SMALL = "network Small { input 3x8x8; conv 3x3, 4; global_average_pool; fc 5 }\n"
DAMAGED = "it is damaged, or torch.save did not write it"
PROTOCOL = "its pickle is damaged, or not of protocol 2, in which torch.save writes"


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return compiled(tmp_path, SMALL)


def saved(tmp_path: Path, what: object, **options: object) -> bytes:
    path = tmp_path / "made.pt"
    torch.save(what, path, **options)
    return path.read_bytes()


def zipped(_: Path) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.zeros(3))
    return buffer.getvalue()


ZEROS = {"a": torch.zeros(3)}
UNREADABLE = {
    "text": (lambda _: b"input 3x8x8\n", "torch.save did not write it"),
    "a word": (lambda _: b"hello world\n", "torch.save did not write it"),
    "nothing": (lambda _: b"", "it is empty"),
    "noise": (lambda _: b"\x01" + os.urandom(1000), "torch.save did not write it"),
    "noise like a pickle": (lambda _: b"\x80\x02\xf3" + os.urandom(1000), PROTOCOL),
    "half an archive": (lambda path: saved(path, ZEROS)[:500], DAMAGED),
    "half an old file": (
        lambda path: saved(path, ZEROS, _use_new_zipfile_serialization=False)[:-5],
        DAMAGED,
    ),
    "arrays of numpy": (zipped, "it is an archive that torch.save did not write"),
    "protocol 4": (lambda path: saved(path, ZEROS, pickle_protocol=4), PROTOCOL),
    "a pickle of protocol 4": (lambda _: pickle.dumps({"a": np.zeros(3)}), PROTOCOL),
    "a whole module": (
        lambda path: saved(path, nn.Linear(2, 2)),
        "it holds more than tensors (torch.nn.modules.linear.Linear), and that is never loaded",
    ),
    "a list": (lambda path: saved(path, [torch.zeros(3)]), "it holds no state_dict"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_unreadable(network: Network, tmp_path: Path, kind: str) -> None:
    make, reason = UNREADABLE[kind]
    path = tmp_path / "weights.bin"
    path.write_bytes(make(tmp_path))
    with warnings.catch_warnings(action="error"), pytest.raises(Failure) as caught:
        load_state(path, network)
    found = caught.value.diagnostic
    assert found.code.id == "SEQ602"
    assert found.message == f"{path} can't be read as a checkpoint: {reason}"


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff" * 100])
def test_unreadable_safetensors(network: Network, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "weights.SAFETENSORS"
    path.write_bytes(data)
    with pytest.raises(Failure, match="it is damaged, or no safetensors at all"):
        load_state(path, network)


@pytest.mark.parametrize("type", [torch.bfloat16, torch.float16, torch.float64])
def test_other_floats_are_read(network: Network, tmp_path: Path, type: torch.dtype) -> None:
    state = {key: torch.from_numpy(value).to(type) for key, value in random_state(network).items()}
    save_file(state, tmp_path / "w.safetensors")
    torch.save(state, tmp_path / "w.pt")
    for name in ("w.safetensors", "w.pt"):
        loaded = load_state(tmp_path / name, network)
        for key, value in state.items():
            assert loaded[key].dtype == np.float32
            assert np.array_equal(loaded[key], value.float().numpy())


def test_a_missing_file_is_not_waited_for(tmp_path: Path) -> None:
    """Torch takes seconds to import: it is not touched for a file that is not there."""
    (tmp_path / "net.seq").write_text(SMALL)
    np.save(tmp_path / "x.npy", np.zeros((3, 8, 8), np.float32))
    for name in ("nosuch.pt", "net.seq"):
        code = (
            "import sys\nfrom seqdsl.cli.main import main\n"
            f"sys.argv[1:] = ['run', 'net.seq', 'x.npy', '--weights', '{name}']\n"
            "try: main()\nexcept SystemExit as exit: assert exit.code == 2\n"
            "assert not {'torch', 'onnx', 'onnxruntime'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize("before", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_what_torch_wraps_is_unwrapped(network: Network, tmp_path: Path, before: str) -> None:
    state = random_state(network)
    torch.save({f"{before}{k}": torch.from_numpy(v) for k, v in state.items()}, tmp_path / "w.pt")
    loaded = load_state(tmp_path / "w.pt", network)
    assert all(np.array_equal(loaded[key], value) for key, value in state.items())


def test_a_stage_may_be_called_module(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; stage module { conv2d 1x1, 4 } }")
    state = random_state(network)
    assert list(state) == ["module.conv2d.weight"]
    save_file({k: torch.from_numpy(v) for k, v in state.items()}, tmp_path / "w.safetensors")
    assert load_state(tmp_path / "w.safetensors", network).keys() == state.keys()


def test_only_what_stands_before_every_key_is_a_wrapper(network: Network, tmp_path: Path) -> None:
    arrays = {key: torch.from_numpy(value) for key, value in random_state(network).items()}
    first, *_ = arrays
    arrays[f"module.{first}"] = arrays.pop(first)
    torch.save(arrays, tmp_path / "w.pt")
    with pytest.raises(Failure, match=f"missing {first}; unexpected module.{first}"):
        load_state(tmp_path / "w.pt", network)


class Opened:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.marker}'",)


class Evaluated(Opened):
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"open({str(self.marker)!r}, 'w')",)


def archived(path: Path, what: object, **options: object) -> None:
    torch.save(what, path, pickle_protocol=2, **options)


def pickled(path: Path, what: object) -> None:
    path.write_bytes(pickle.dumps(what, protocol=2))


def in_array(path: Path, what: object) -> None:
    array = np.empty(1, dtype=object)
    array[0] = what
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=True)


def in_arrays(path: Path, what: object) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.array([what], dtype=object))


HOSTILE = {
    "an archive": archived,
    "an old file": lambda path, what: archived(path, what, _use_new_zipfile_serialization=False),
    "a state_dict": lambda path, what: archived(path, {"a": torch.zeros(3), "b": what}),
    "an envelope": lambda path, what: archived(path, {"state_dict": {"a": what}}),
    "a key": lambda path, what: pickled(path, {what: 1}),
    "a pickle": pickled,
    "an array of objects": in_array,
    "arrays of objects": in_arrays,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".npz", ".npy", ".safetensors", ".SafeTensors"])
@pytest.mark.parametrize("made", [Opened, Evaluated])
def test_no_code_of_a_checkpoint_is_run(
    network: Network, tmp_path: Path, kind: str, suffix: str, made: type[Opened]
) -> None:
    path, marker = tmp_path / f"weights{suffix}", tmp_path / "marker"
    HOSTILE[kind](path, made(marker))
    marker.unlink(missing_ok=True)
    with pytest.raises(Failure) as caught:
        load_state(path, network)
    assert caught.value.diagnostic.code.id == "SEQ602"
    with pytest.raises(Failure):
        read_checkpoint(path)
    with pytest.raises(Failure):
        read_input(path, network.input.type)
    assert not marker.exists()


def test_the_marker_would_be_made(tmp_path: Path) -> None:
    for made in (Opened, Evaluated):
        pickle.loads(pickle.dumps(made(tmp_path / made.__name__)))
        assert (tmp_path / made.__name__).exists()
