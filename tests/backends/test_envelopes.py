"""Checkpoints as training scripts write them: which of their weights are read, and what is said."""

import argparse
import datetime
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import compiled
from safetensors.torch import save_file
from small_states import SMALL, Tensors, loaded, same, tensors
from torch import nn
from torch.optim.swa_utils import AveragedModel

import seqdsl
from seqdsl import Network
from seqdsl.backends.weights.checkpoints import read_checkpoint
from seqdsl.backends.weights.state import load_state, random_state
from seqdsl.source.diagnostic import Failure


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return compiled(tmp_path, SMALL)


def prefixed(state: Tensors, prefix: str) -> Tensors:
    return {f"{prefix}{key}": value for key, value in state.items()}


def optimizer(state: Tensors) -> dict[str, object]:
    parameters = [nn.Parameter(value.clone()) for value in state.values()]
    made = torch.optim.Adam(parameters)
    sum(p.sum() for p in parameters).backward()
    made.step()
    return made.state_dict()


WRAPPED: dict[str, tuple[str, Callable[[Tensors], object]]] = {
    "the PyTorch tutorial's": (
        "model_state_dict",
        lambda s: {"epoch": 3, "model_state_dict": s, "optimizer_state_dict": optimizer(s)},
    ),
    "torchvision's references": (
        "model",
        lambda s: {"model": s, "optimizer": optimizer(s), "lr_scheduler": {"last_epoch": 1},
                   "epoch": 3, "args": argparse.Namespace(lr=0.1)},
    ),
    "timm's": (
        "state_dict",
        lambda s: {"epoch": 3, "arch": "small", "state_dict": s, "metric": np.float64(0.9)},
    ),
    "an adversarial network's": ("net", lambda s: {"net": s, "acc": 93.1, "epoch": 3}),
    "a super-resolution's": ("params", lambda s: {"params": s}),
    "DeepSpeed's": ("module", lambda s: {"module": s, "global_steps": 7, "saved": None}),
    "Lightning's": (
        "state_dict",
        lambda s: {"state_dict": prefixed(s, "model."), "callbacks": {"a": {"best": 1.0}},
                   "loops": {}, "optimizer_states": [optimizer(s)], "global_step": 7},
    ),
    "nested": ("model.state_dict", lambda s: {"model": {"state_dict": s, "hyper": {"lr": 0.1}}}),
    "under a name of its own": ("backbone", lambda s: {"backbone": s, "optimizer": optimizer(s)}),
    "with a date": ("model", lambda s: {"model": s, "at": datetime.datetime(2024, 1, 1)}),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRAPPED)
def test_weights_in_an_envelope(network: Network, tmp_path: Path, kind: str) -> None:
    path, wrap = WRAPPED[kind]
    state = tensors(network)
    torch.save(wrap(state), tmp_path / "w.pth")
    found, said = loaded(network, tmp_path / "w.pth")
    assert same(found, state)
    assert said == [f"{tmp_path / 'w.pth'}: the weights are those under `{path}`"]
    assert said == [*read_checkpoint(tmp_path / "w.pth").notes]


def test_a_bare_state_dict_needs_no_word(network: Network, tmp_path: Path) -> None:
    torch.save(tensors(network), tmp_path / "w.pth")
    assert loaded(network, tmp_path / "w.pth")[1] == []


# --- averages

AVERAGED: dict[str, tuple[str, str, Callable[[Tensors, Tensors], object]]] = {
    "timm's": ("state_dict", "state_dict_ema", lambda s, e: {"state_dict": s, "state_dict_ema": e}),
    "a super-resolution's": ("params", "params_ema", lambda s, e: {"params": s, "params_ema": e}),
    "ConvNeXt's": ("model", "model_ema", lambda s, e: {"model": s, "model_ema": e}),
    "with its decay": (
        "model", "ema.module", lambda s, e: {"model": s, "ema": {"decay": 0.99, "module": e}},
    ),
    "in the model's": (
        "model", "ema_state_dict", lambda s, e: {"ema_state_dict": e, "model": s, "epoch": 3},
    ),
    "torch's AveragedModel": (
        "model", "model_ema",
        lambda s, e: {"model": s,
                      "model_ema": {"n_averaged": torch.tensor(3), **prefixed(e, "module.")}},
    ),
    "Lightning's WeightAveraging": (
        "current_model_state", "state_dict",
        lambda s, e: {"state_dict": e, "current_model_state": s,
                      "averaging_state": {"n_averaged": torch.tensor(3)}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", AVERAGED)
def test_an_average_is_chosen_and_never_silently_passed_over(
    network: Network, tmp_path: Path, kind: str
) -> None:
    plain, average, wrap = AVERAGED[kind]
    state, ema = tensors(network), tensors(network, seed=1)
    path = tmp_path / "w.pth"
    torch.save(wrap(state, ema), path)
    for choice, expected in ((None, state), (False, state), (True, ema)):
        found, said = loaded(network, path, choice)
        assert same(found, expected), choice
        where = f"{path}: the weights are those under "
        assert (
            said
            == {
                None: [f"{where}`{plain}`; an EMA is under `{average}`, too: --ema takes it"],
                False: [f"{where}`{plain}`"],
                True: [f"{where}`{average}`, an average over training"],
            }[choice]
        )


def test_an_average_alone_is_taken_and_named(network: Network, tmp_path: Path) -> None:
    ema, path = tensors(network), tmp_path / "w.pth"
    torch.save({"params_ema": ema}, path)
    found, said = loaded(network, path)
    assert same(found, ema)
    assert said == [
        f"{path}: the weights are those under `params_ema`, an average over training; "
        "there are no others"
    ]
    with pytest.raises(Failure, match="holds only an EMA of its weights, that under `params_ema`"):
        load_state(path, network, ema=False)


def test_what_is_asked_for_and_not_there(network: Network, tmp_path: Path) -> None:
    torch.save({"model": tensors(network)}, tmp_path / "w.pth")
    save_file(tensors(network), tmp_path / "w.safetensors")
    for name in ("w.pth", "w.safetensors"):
        with pytest.raises(Failure, match="holds no EMA, only the weights") as caught:
            load_state(tmp_path / name, network, ema=True)
        assert caught.value.diagnostic.code.id == "SEQ612"


def test_an_average_that_is_no_state_dict_is_named(network: Network, tmp_path: Path) -> None:
    """As a list of parameters without their names, which some libraries save."""
    state, path = tensors(network), tmp_path / "w.pth"
    shadow = {"decay": 0.99, "shadow_params": [*state.values()]}
    torch.save({"model": state, "ema": shadow}, path)
    found, said = loaded(network, path)
    assert same(found, state) and said[1:] == [
        f"{path}: `ema` holds no state_dict, and is passed over"
    ]
    with pytest.warns(UserWarning, match="`ema` holds no state_dict"):
        seqdsl.to_torch(network, state_dict={"model": state, "ema": shadow})
    with pytest.raises(Failure, match="holds no EMA"):
        load_state(path, network, ema=True)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_state_of_averaged_model(network: Network, tmp_path: Path, suffix: str) -> None:
    module = seqdsl.to_torch(network, state_dict=tensors(network))
    averaged = AveragedModel(deepcopy(module))
    averaged.update_parameters(module)
    state, path = averaged.state_dict(), tmp_path / f"w{suffix}"
    assert "n_averaged" in state
    torch.save(state, path) if suffix == ".pth" else save_file(state, path)
    found, said = loaded(network, path)
    assert same(found, tensors(network)) and said == [
        f"{path}: the weights are an average; there are no others"
    ]
    assert same(loaded(network, path, ema=True)[0], tensors(network))
    with pytest.raises(Failure, match="holds only an EMA"):
        load_state(path, network, ema=False)


# --- what can't be told


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda s: {"model": s, "net": s.copy()}, "several state_dicts, under `model` and `net`"),
        (lambda s: {"student": s, "teacher": s.copy()}, "under `student` and `teacher`"),
        (lambda s: {"optimizer": optimizer(s)}, "it holds no state_dict"),
        (lambda _: {"epoch": 3}, "it holds no state_dict"),
    ],
)
def test_weights_that_nobody_can_choose(
    network: Network, tmp_path: Path, make: Callable[[Tensors], object], reason: str
) -> None:
    torch.save(make(tensors(network)), tmp_path / "w.pth")
    with pytest.raises(Failure, match=reason) as caught:
        load_state(tmp_path / "w.pth", network)
    assert caught.value.diagnostic.code.id == "SEQ602"


def test_a_checkpoint_may_hold_itself(network: Network, tmp_path: Path) -> None:
    """It is walked once, whatever it refers to."""
    state = tensors(network)
    knot: dict[str, object] = {"model": state}
    for name in ("net", "module", "ema", "params", "state_dict"):
        knot[name] = knot
    torch.save(knot, tmp_path / "w.pth")
    assert same(load_state(tmp_path / "w.pth", network), state)


# --- keys


@pytest.mark.parametrize(
    "rename",
    [
        lambda key: f"module.{key}",
        lambda key: f"model.{key}",
        lambda key: f"net.backbone.{key}",
        lambda key: f"_orig_mod.{key}",
        lambda key: f"module._orig_mod.{key}",
        lambda key: f"_fsdp_wrapped_module.{key}",
        lambda key: key.replace("conv1.", "conv1._fsdp_wrapped_module._checkpoint_wrapped_module."),
        lambda key: key.replace("conv1.", "conv1._orig_mod."),
    ],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_is_before_every_key_is_dropped(
    network: Network, tmp_path: Path, rename: Callable[[str], str], suffix: str
) -> None:
    state = tensors(network)
    renamed = {rename(key): value for key, value in state.items()}
    assert renamed.keys() != state.keys()
    path = tmp_path / f"w{suffix}"
    torch.save(renamed, path) if suffix == ".pth" else save_file(renamed, path)
    assert same(load_state(path, network), state)
    onnx = seqdsl.to_onnx(network, renamed)
    assert onnx.SerializeToString() == seqdsl.to_onnx(network, state).SerializeToString()


def test_the_api_takes_what_torch_load_gives(network: Network) -> None:
    state, ema = tensors(network), tensors(network, seed=1)
    for given in ({"state_dict": state, "epoch": 3}, {"model_ema": state}):
        module = seqdsl.to_torch(network, state_dict=given)
        assert all(torch.equal(module.state_dict()[key], value) for key, value in state.items())
    with pytest.warns(UserWarning, match="an EMA is under `params_ema`, too"):
        seqdsl.to_torch(network, state_dict={"params": state, "params_ema": ema})


# --- values


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_variance_is_never_below_zero(network: Network, tmp_path: Path, suffix: str) -> None:
    state = tensors(network)
    (key,) = (key for key in state if key.endswith("running_var"))
    state[key][1:3] = torch.tensor([-1e-7, -3.0])
    path = tmp_path / f"w{suffix}"
    torch.save(state, path) if suffix == ".pth" else save_file(state, path)
    message = f"has 2 running variances below zero, first in {key}"
    with pytest.raises(Failure, match=message) as caught:
        load_state(path, network)
    assert caught.value.diagnostic.code.id == "SEQ615"
    for make in (seqdsl.to_torch, seqdsl.to_onnx):
        with pytest.raises(seqdsl.CompileError, match=message):
            make(network, state_dict=state)


CONVERTED = {
    "bfloat16": lambda t: t.bfloat16(),
    "float64": lambda t: t.double(),
    "float8_e4m3fn": lambda t: t.to(torch.float8_e4m3fn),
    "float8_e5m2": lambda t: t.to(torch.float8_e5m2),
    "a transposed view": lambda t: t.transpose(0, 1).contiguous().transpose(0, 1),
    "a view of more": lambda t: torch.stack([t, t + 1])[1],
    "a strided view": lambda t: torch.stack([t, t + 1], -1)[..., 0],
    "channels_last": lambda t: t.contiguous(memory_format=torch.channels_last),
    "a parameter": nn.Parameter,
}


@pytest.mark.parametrize("kind", CONVERTED)
def test_every_kind_of_floats_is_read_right(network: Network, tmp_path: Path, kind: str) -> None:
    state = tensors(network)
    key = next(iter(state))
    state[key] = CONVERTED[kind](state[key])
    torch.save(state, tmp_path / "w.pth")
    plain = {name: value.detach().contiguous() for name, value in state.items()}
    save_file(plain, tmp_path / "w.safetensors")
    for name in ("w.pth", "w.safetensors"):
        found = load_state(tmp_path / name, network)
        assert found[key].dtype == np.float32
        assert np.array_equal(found[key], state[key].detach().float().numpy())


ODD = {
    "int8": (lambda t: t.to(torch.int8), "is int8, not floating point"),
    "bool": (lambda t: t > 0, "is bool, not floating point"),
    "complex64": (lambda t: t.to(torch.complex64), "is complex64, not floating point"),
    "quint8": (
        lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.quint8),
        "is quint8, not floating point",
    ),
    "sparse": (lambda t: t.to_sparse(), "is no plain array of numbers, but sparse or without data"),
    "meta": (lambda t: t.to("meta"), "is no plain array of numbers, but sparse or without data"),
    "expanded": (lambda t: torch.ones(1, 1, 1, 1).expand(t.shape), "is no plain array of numbers"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_array_is_refused(network: Network, tmp_path: Path, kind: str) -> None:
    make, reason = ODD[kind]
    state = tensors(network)
    key = next(iter(state))
    state[key] = make(state[key])
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(Failure, match=f"{key} {reason}") as caught:
        load_state(tmp_path / "w.pth", network)
    assert caught.value.diagnostic.code.id == "SEQ602"
    with pytest.raises(seqdsl.CompileError, match=f"{key} {reason}"):
        seqdsl.to_onnx(network, state)


def test_whole_numbers_in_safetensors_are_refused(network: Network, tmp_path: Path) -> None:
    state = tensors(network)
    key = next(iter(state))
    save_file({**state, key: state[key].to(torch.int8)}, tmp_path / "w.safetensors")
    with pytest.raises(Failure, match=f"{key} is I8, not floating point"):
        load_state(tmp_path / "w.safetensors", network)


def test_numpy_arrays_of_whole_numbers_are_refused(network: Network) -> None:
    state = random_state(network)
    key = next(iter(state))
    with pytest.raises(seqdsl.CompileError, match=f"{key} is int64, not floating point"):
        seqdsl.to_onnx(network, {**state, key: state[key].astype(np.int64)})
