"""What overflows float32 is NaN or infinite on every engine, and costs nothing where none can."""

from pathlib import Path

import numpy as np
import pytest
import torch
from commands import seqdsl_command
from networks import ARCHITECTURES, EVERYTHING, compiled

import seqdsl
from seqdsl.backends.onnx import magnitudes
from seqdsl.backends.onnx.magnitudes import Magnitudes
from seqdsl.backends.onnx.model import to_onnx
from seqdsl.backends.onnx.network_run import NetworkRunner
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.torch.reference import evaluate
from seqdsl.backends.weights.state import initial_state, random_state, save_state
from seqdsl.graph.network import Network
from seqdsl.graph.operations import Role
from seqdsl.graph.parameters import module_path
from seqdsl.passes.schedule.choose import choose
from seqdsl.passes.schedule.strategy import Strategy

# The first convolution overflows where its input is above 1.2; the second takes one infinity from
# another. What holds NaN then is one number of a window, and not the last.
HIDDEN = """
network Hidden {{
  input 1x8x8
  conv2d 1x1, 2
  conv2d 1x1, 1
  {layers}
  global_average_pool
  fc 10
  softmax
}}
"""
LAYERS = (
    "max_pool 2",
    "max_pool 1, stride=2",
    "max_pool 3, stride=2, padding=1",
    "max_pool 3, stride=2, ceil=true",
    "sigmoid; max_pool 2",
    "relu6; max_pool 2; max_pool 2",
    "a = it | tanh; mean a, it; max_pool 2",
    "concatenate it, in; max_pool 2",
    "leaky_relu; upsample 2, mode=bilinear; max_pool 2",
    "gate = it | global_average_pool | hard_sigmoid; multiply gate; max_pool 2",
    "output early = it | max_pool 2; avg_pool 2",
    "layer_norm; elu; max_pool 2",
    "elu alpha=3; max_pool 2",
    "batch_norm; conv 3x3, 4; max_pool 2; conv 3x3, 4",
)


def hidden(folder: Path, layers: str = "max_pool 2") -> tuple[Network, dict[str, np.ndarray]]:
    network = compiled(folder, HIDDEN.format(layers=layers))
    state = initial_state(network)
    first, second = [key for key in state if state[key].ndim == 4][:2]
    state[first] = np.full((2, 1, 1, 1), 3e38, np.float32)
    state[second] = np.array([1, -1], np.float32).reshape(1, 2, 1, 1)
    return network, state


def bright() -> np.ndarray:
    x = np.zeros((1, 1, 8, 8), np.float32)
    x[0, 0, 2, 4] = 1.5  # the first of its window, for each of the pools above
    return x


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("fold", [True, False])
def test_a_hidden_overflow_comes_out_as_in_torch(tmp_path: Path, layers: str, fold: bool) -> None:
    network, state = hidden(tmp_path, layers)
    values = evaluate(network, {k: torch.from_numpy(v) for k, v in state.items()},
                      torch.from_numpy(bright()))  # fmt: skip
    expected = {node.index: value.numpy() for node, value in values}
    outputs = Runner(to_onnx(network, state, fold=fold))(bright()).outputs
    assert np.isnan(outputs["logits"]).all()
    for output in network.returned:
        assert np.array_equal(np.isnan(outputs[output.name]), np.isnan(expected[output.index]))


@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_commands_report_a_hidden_overflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.chdir(tmp_path)
    network, state = hidden(tmp_path)
    Path("net.seq").write_text(network.root.span.source.text)
    save_state(Path("w.safetensors"), state)
    np.save("x.npy", bright())
    options = ("--weights", "w.safetensors", "--engine", engine)
    for command in (("run", "net.seq", "x.npy"), ("eval", "net.seq")):
        done = seqdsl_command(*command, *options)
        assert done.code == 1 and "SEQ608" in done.err and not done.out


def test_an_input_can_be_too_large_for_ordinary_weights(tmp_path: Path) -> None:
    network, state = hidden(tmp_path)
    first = next(key for key in state if state[key].ndim == 4)
    state[first] = np.full((2, 1, 1, 1), 2, np.float32)
    runner = NetworkRunner(network, state)
    assert np.isfinite(runner(bright()).outputs["logits"]).all()
    assert np.isnan(runner(bright() * np.float32(2e38)).outputs["logits"]).all()
    assert np.isnan(runner(bright() * np.float32(np.nan)).outputs["logits"]).all()
    assert np.isfinite(runner(bright()).outputs["logits"]).all()


@pytest.mark.parametrize(
    ("file", "name", "pools", "checked"),
    [
        ("vgg.seq", None, 5, 0),
        ("resnet.seq", "ResNet50", 1, 0),
        ("densenet.seq", "DenseNet169", 1, 0),
        ("dla.seq", "DLA34", 7, 2),
    ],
)
def test_few_pools_of_the_library_are_checked(
    file: str, name: str | None, pools: int, checked: int
) -> None:
    network = seqdsl.load(ARCHITECTURES / file, name)
    model = to_onnx(network, initial_state(network))
    kinds = [node.op_type for node in model.graph.node]
    assert (kinds.count("MaxPool"), kinds.count("IsNaN")) == (pools, checked)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_every_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """In float64, on inputs at the ends of the range."""
    monkeypatch.setattr(magnitudes, "_read_by_max_pools", lambda n: frozenset(range(len(n.nodes))))
    text = EVERYTHING[: EVERYTHING.index("global_average_pool\n  ")] + "}"
    network = compiled(tmp_path, text)
    rng, largest = np.random.default_rng(seed), 10.0**seed
    state = random_state(network, seed)
    x = rng.choice([-largest, largest, 0.0], (4, *network.input.type.shape))
    tensors = {key: torch.from_numpy(value).double() for key, value in state.items()}
    bounds = Magnitudes(network, largest)
    for node, value in evaluate(network, tensors, torch.from_numpy(x)):
        key = module_path(node)
        found = {role: state.get(f"{key}.{role.value}") for role in Role}
        bounds.follow(node, {role: array for role, array in found.items() if array is not None})
        held = bounds._bounds[node.index]
        assert np.isfinite(held).all() and held.shape == (node.type.channels,)
        assert (value.abs().amax((0, 2, 3)).numpy() <= held * (1 + 1e-9)).all(), node.path


def test_a_bound_is_met_by_the_worst_input(tmp_path: Path) -> None:
    text = "network N { input 2x1x1; conv2d 1x1, 3, bias=true; conv2d 1x1, 2; max_pool 1 }"
    network = compiled(tmp_path, text)
    state = {key: np.abs(value) for key, value in random_state(network).items()}
    bounds = Magnitudes(network, 5.0)
    tensors = {key: torch.from_numpy(value).double() for key, value in state.items()}
    nodes = evaluate(network, tensors, torch.full((1, 2, 1, 1), 5.0, dtype=torch.float64))
    values = []
    for node, value in nodes:
        roles = {role: f"{module_path(node)}.{role.value}" for role in Role}
        bounds.follow(node, {role: state[key] for role, key in roles.items() if key in state})
        values.append(value)
    assert np.allclose(bounds._bounds[2], values[2].flatten().numpy(), rtol=1e-6)


def test_every_schedule_keeps_a_hidden_overflow(tmp_path: Path) -> None:
    layers = "aggregate i in 1..4, window=sliding { conv 3x3, 1 }; max_pool 2"
    network, state = hidden(tmp_path, layers)
    for strategy in Strategy:
        model = to_onnx(network, state, schedules=choose(network, strategy))
        assert np.isnan(Runner(model)(bright()).outputs["logits"]).all()
