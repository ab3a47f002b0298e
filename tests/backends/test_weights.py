"""Checkpoints from elsewhere: what is matched computes the same, and goes back as it came."""

import pickle
from collections import OrderedDict
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from networks import compiled
from references import VGG, DenseNet, ResNet, densenet, randomised, resnet, vgg
from safetensors.torch import save_file
from torch import nn

import seqdsl
from seqdsl.backends.arrays import State
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.weights.checkpoints import read_checkpoint
from seqdsl.backends.weights.state import load_state, random_state, save_state
from seqdsl.backends.weights.transfer import export_state, import_state
from seqdsl.graph.network import Network
from seqdsl.passes.matching.match import Evidence, Line, Match, match
from seqdsl.passes.matching.refusal import Refusal
from seqdsl.source.diagnostic import Failure

CASES = {
    "resnet, shortcut first": (ResNet, resnet("first"), (3, 16, 16)),
    "resnet, shortcut last": (ResNet, resnet("last"), (3, 16, 16)),
    "resnext": (lambda: ResNet(widen=2, groups=4), resnet("first", widen=2, groups=4), (3, 16, 16)),
    "vgg": (VGG, vgg(), (3, 8, 8)),
    "densenet": (DenseNet, densenet(), (3, 8, 8)),
}


def matched(network: Network, path: Path, *lines: Line) -> Match | Refusal:
    checkpoint = read_checkpoint(path)
    return match(network, checkpoint.entries, checkpoint.name, registered=checkpoint.registered,
                 lines=lines)  # fmt: skip


def imported(network: Network, path: Path, *lines: Line) -> State:
    found = matched(network, path, *lines)
    assert isinstance(found, Match), found
    return import_state(read_checkpoint(path), found, network)


def assert_same_outputs(
    network: Network, state: State, module: nn.Module, shape: tuple[int, ...]
) -> None:
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = module(x).numpy()
        ours = seqdsl.to_torch(network)
        ours.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
        found = ours.eval()(x).numpy()
    onnx = Runner(seqdsl.to_onnx(network, state))(x.numpy()).outputs["logits"]
    for outputs in (found, onnx):
        assert np.abs(outputs - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", CASES)
def test_imported_by_order_it_computes_the_same(tmp_path: Path, name: str) -> None:
    make, text, shape = CASES[name]
    module, network = randomised(make()), compiled(tmp_path, text)
    torch.save(module.state_dict(), tmp_path / "theirs.pth")
    found = matched(network, tmp_path / "theirs.pth")
    assert isinstance(found, Match) and found.evidence == (Evidence.REGISTRATION,)
    assert_same_outputs(network, imported(network, tmp_path / "theirs.pth"), module, shape)


@pytest.mark.parametrize("name", CASES)
def test_safetensors_are_matched_by_the_numbers_in_their_names(tmp_path: Path, name: str) -> None:
    make, text, shape = CASES[name]
    module, network = randomised(make()), compiled(tmp_path, text)
    save_file(module.state_dict(), tmp_path / "theirs.safetensors")
    found = matched(network, tmp_path / "theirs.safetensors")
    assert isinstance(found, Match) and found.evidence == (Evidence.NUMBERS,)
    assert_same_outputs(network, imported(network, tmp_path / "theirs.safetensors"), module, shape)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("name", CASES)
def test_back_under_their_names_nothing_has_changed(tmp_path: Path, name: str, suffix: str) -> None:
    make, text, _ = CASES[name]
    network = compiled(tmp_path, text)
    theirs = randomised(make()).state_dict()
    for key in theirs:
        if key.endswith("num_batches_tracked"):
            theirs[key] += 7
    torch.save(theirs, tmp_path / "theirs.pth")
    save_state(tmp_path / "ours.safetensors", imported(network, tmp_path / "theirs.pth"))
    state = load_state(tmp_path / "ours.safetensors", network)
    back = tmp_path / f"back{suffix}"
    found = matched(network, tmp_path / "theirs.pth")
    assert isinstance(found, Match)
    export_state(back, state, read_checkpoint(tmp_path / "theirs.pth"), found)
    assert_same_tensors(read_checkpoint(back).tensors, theirs)
    if suffix == ".pth":
        assert list(torch.load(back)) == list(theirs)
        make().load_state_dict(torch.load(back), strict=True)


def assert_same_tensors(found, expected) -> None:
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key].dtype is value.dtype and torch.equal(found[key], value)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_types_come_back(tmp_path: Path, kind: torch.dtype) -> None:
    network = compiled(tmp_path, vgg())
    theirs = OrderedDict(
        (f"module.{key}", value.to(kind) if value.is_floating_point() else value)
        for key, value in randomised(VGG()).state_dict().items()
    )
    torch.save({"epoch": 3, "state_dict": theirs}, tmp_path / "theirs.pth")
    save_file(theirs, tmp_path / "theirs.safetensors")
    for path in (tmp_path / "theirs.pth", tmp_path / "theirs.safetensors"):
        state, found = imported(network, path), matched(network, path)
        assert isinstance(found, Match)
        assert {value.dtype for value in state.values()} == {np.dtype(np.float32)}
        export_state(tmp_path / "back.pth", state, read_checkpoint(path), found)
        assert_same_tensors(torch.load(tmp_path / "back.pth"), theirs)


def test_our_own_checkpoints_may_be_bfloat16(tmp_path: Path) -> None:
    network = compiled(tmp_path, vgg())
    state = {k: torch.from_numpy(v).bfloat16() for k, v in random_state(network).items()}
    save_file(state, tmp_path / "ours.safetensors")
    loaded = load_state(tmp_path / "ours.safetensors", network)
    assert all(torch.equal(torch.from_numpy(loaded[k]), v.float()) for k, v in state.items())


def test_a_weight_too_large_for_their_type(tmp_path: Path) -> None:
    network = compiled(tmp_path, vgg())
    theirs = {key: value.half() for key, value in randomised(VGG()).state_dict().items()}
    torch.save(theirs, tmp_path / "theirs.pth")
    state, found = (
        imported(network, tmp_path / "theirs.pth"),
        matched(network, tmp_path / "theirs.pth"),
    )
    assert isinstance(found, Match)
    next(iter(state.values()))[0] = 1e6
    with pytest.raises(Failure, match=r"features\.0\.weight is float16"):
        export_state(tmp_path / "back.pth", state, read_checkpoint(tmp_path / "theirs.pth"), found)
    assert not (tmp_path / "back.pth").exists()


class NormsLast(nn.Module):
    """Registered against the dataflow: both convolutions, then their norms."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.bn1, self.bn2 = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn1(self.conv1(x)).relu()
        return self.fc(self.bn2(self.conv2(x)).relu().mean((2, 3)))


def test_registered_against_the_dataflow_numbers_decide(tmp_path: Path) -> None:
    layer = "conv2d 3x3, 8, bias=true; batch_norm; relu"
    network = compiled(
        tmp_path, f"network N {{ input 3x8x8; {layer}; {layer}; global_average_pool; fc 5 }}"
    )
    module = randomised(NormsLast())
    torch.save(module.state_dict(), tmp_path / "theirs.pth")
    found = matched(network, tmp_path / "theirs.pth")
    assert isinstance(found, Match) and found.evidence == (Evidence.NUMBERS,)
    assert_same_outputs(network, imported(network, tmp_path / "theirs.pth"), module, (3, 8, 8))


def renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The first block without a number in its names: its shortcut looks like its last layer."""
    names = {"conv1": "reduce", "conv2": "inner", "conv3": "expand", "bn1": "norm_reduce",
             "bn2": "norm_inner", "bn3": "norm_expand", "downsample.0": "project",
             "downsample.1": "norm_project"}  # fmt: skip
    found = {}
    for key, value in state.items():
        layer, _, leaf = key.removeprefix("layer1.0.").rpartition(".")
        found[f"layer1.0.{names[layer]}.{leaf}" if key.startswith("layer1.0.") else key] = value
    return found


def test_what_a_map_says_settles_the_rest(tmp_path: Path) -> None:
    module, network = randomised(ResNet()), compiled(tmp_path, resnet("first"))
    torch.save(renamed(module.state_dict()), tmp_path / "theirs.pth")
    refusal = matched(network, tmp_path / "theirs.pth")
    assert isinstance(refusal, Refusal) and refusal.diagnostic.code.id == "SEQ606"
    assert {row.theirs.rpartition(".")[2] for row in refusal.rows} == {
        "expand", "norm_expand", "project", "norm_project",
    }  # fmt: skip
    line = Line("bottleneck1.conv1.conv2d", "layer1.0.project")
    state = imported(network, tmp_path / "theirs.pth", line)
    assert_same_outputs(network, state, module, (3, 16, 16))


class Malicious:
    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_checkpoints_never_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = VGG().state_dict()
    torch.save({**state, "more": Malicious()}, "zip.pth")
    torch.save({**state, "more": Malicious()}, "old.pth", _use_new_zipfile_serialization=False)
    torch.save(VGG(), "module.pth")
    Path("bare.pth").write_bytes(pickle.dumps(Malicious()))
    Path("bare.safetensors").write_bytes(pickle.dumps(Malicious()))
    for path in sorted(Path().glob("*.*")):
        with pytest.raises(Failure) as caught:
            read_checkpoint(path)
        assert caught.value.diagnostic.code.id == "SEQ602"
    assert not Path("ran").exists()


@pytest.mark.parametrize("name", ["new.pth", "old.pth", "theirs.safetensors"])
def test_damaged_files_are_diagnostics(tmp_path: Path, name: str) -> None:
    path, random = tmp_path / name, Random(0)
    state = {"a.weight": torch.ones(3, 2), "a.bias": torch.ones(3)}
    if name == "theirs.safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=name == "new.pth")
    whole, refused = path.read_bytes(), 0
    for _ in range(150):
        damaged = bytearray(whole[: random.choice([len(whole), random.randrange(len(whole))])])
        for _ in range(3):
            damaged[random.randrange(len(damaged) or 1) : 1] = bytes([random.randrange(256)])
        path.write_bytes(damaged)
        try:
            read_checkpoint(path)
        except Failure as failure:
            refused += failure.diagnostic.code.id == "SEQ602"
    assert refused > 50


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: torch.ones(4, 3, 1, 1, dtype=torch.int8), "int8, not floating point"),
        (lambda: torch.ones(4, 3, 1, 1, dtype=torch.complex64), "complex64, not floating point"),
        (lambda: torch.ones(4, 3, 1, 1).to_sparse(), "no plain array"),
        (lambda: torch.ones(1, 1, 1, 1).expand(4, 3, 1, 1), "no plain array"),
    ],
)
def test_weights_that_are_no_plain_numbers(tmp_path: Path, make, reason: str) -> None:
    network = compiled(tmp_path, "network N { input 3x4x4; conv2d 1x1, 4 }")
    torch.save({"conv.weight": make()}, tmp_path / "theirs.pth")
    found = matched(network, tmp_path / "theirs.pth")
    assert isinstance(found, Match)
    with pytest.raises(Failure, match=reason) as caught:
        import_state(read_checkpoint(tmp_path / "theirs.pth"), found, network)
    assert caught.value.diagnostic.code.id == "SEQ602"
