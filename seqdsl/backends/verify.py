"""Holds every backend against the definition, on the same random weights and inputs."""

from __future__ import annotations

import importlib.util
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from seqdsl.backends.arrays import Array, Outputs, State
from seqdsl.backends.onnx.model import save_onnx, to_onnx, value_name
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.running import Provider, random_input, refused, relative_error
from seqdsl.backends.torch.execution import DEFINITION
from seqdsl.backends.torch.inference import to_inference
from seqdsl.backends.torch.module import to_training
from seqdsl.backends.torch.reference import evaluate
from seqdsl.backends.torch.run import TorchRunner
from seqdsl.backends.torch.source import network_class_name, torch_source
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import BatchNorm
from seqdsl.graph.parameters import module_path
from seqdsl.passes.schedule.choose import choose
from seqdsl.passes.schedule.lower import lower
from seqdsl.passes.schedule.schedule import Schedules
from seqdsl.passes.schedule.strategy import Strategy

Run: TypeAlias = Callable[[Array], Outputs]
Exact: TypeAlias = npt.NDArray[np.float64]

TOLERANCE = 1e-5
_OF_TORCH = 4  # backends, whatever the network


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest difference of a backend's outputs, each relative to its largest value."""

    backend: str
    batch: int
    error: float
    divergence: str | None  # the first node that differs, where the backend does

    @property
    def agrees(self) -> bool:
        return self.error <= TOLERANCE  # false for NaN, too


@dataclass(frozen=True, slots=True)
class Backend:
    """A way to run a network, and how to find the first node that is otherwise in it."""

    name: str
    run: Run
    find: Callable[[Array], str | None] | None = None


def verify(
    network: Network,
    batches: tuple[int, ...] = (1, 3),
    seed: int = 0,
    progress: Callable[[str, float], None] = lambda _, __: None,
) -> list[Comparison]:
    """Compares each backend with the graph evaluated node by node in torch.

    Weights, batch norm statistics and inputs are random and float32, the statistics on the scale
    of what they normalise; the evaluation is in float64, so that an error is the backend's own.
    ``progress`` is called with what is run next, and the part of the work that is done. Raises
    `Failure` where a backend refuses the network.
    """
    runs = len(batches) * (1 + _OF_TORCH + len(list(_schedules(network))))
    done = itertools.count()

    def begin(what: str, batch: int) -> None:
        progress(f"{what}, batch {batch}", next(done) / runs)

    state = random_state(network, seed)
    rng = np.random.default_rng(seed + 1)
    inputs = {n: random_input(network, n, rng) for n in batches}
    scale_norms(network, _shared(state), torch.from_numpy(inputs[batches[0]]))
    tensors = _exact(state)
    expected: dict[int, dict[str, Exact]] = {}
    for n, x in inputs.items():
        begin("the reference, in float64", n)
        expected[n] = _outputs(network, tensors, x)
    found: list[Comparison] = []
    for backend in backends(network, state):
        for n, x in inputs.items():
            begin(backend.name, n)
            given = backend.run(x)
            errors = [relative_error(given[name], value) for name, value in expected[n].items()]
            error = float(np.max(errors))  # NaN, if there is one
            differs = not error <= TOLERANCE and backend.find is not None
            where = backend.find(x) if differs and backend.find else None
            found.append(Comparison(backend.name, n, error, where))
    return found


def scale_norms(network: Network, state: dict[str, torch.Tensor], x: torch.Tensor) -> None:
    """Puts each batch norm's statistics, in place, on the scale of what it normalises.

    Without, values grow with the depth, and a saturated gate turns rounding into a difference.
    """
    norms: dict[int, list[str]] = {}
    for node in network.nodes:
        if isinstance(node.operation, BatchNorm):
            norms.setdefault(node.operands[0], []).append(module_path(node))
    with torch.inference_mode():
        for node, value in _evaluate(network, state, x):  # reads the statistics behind this one
            square = value.square().mean()
            for key in norms.get(node.index, ()):
                state[f"{key}.running_mean"] *= square.sqrt()
                state[f"{key}.running_var"] *= square


def backends(network: Network, state: State) -> Iterator[Backend]:
    """Each backend, ready to run on these weights; of onnxruntime, each way to schedule."""
    with tempfile.TemporaryDirectory() as folder:
        module = _from_file(network, Path(folder))
        module.load_state_dict(_shared(state))
        for name, made in (
            ("as defined", to_training(network, state, DEFINITION)),
            ("live module", to_training(network, state)),
            ("saved source", module),
            ("inference", to_inference(network, state)),
        ):
            run = _outputs_of(TorchRunner(network, made, Provider.CPU))
            yield Backend(f"torch, {name}", run)
        for name, schedules, fold in _schedules(network):
            path = Path(folder) / f"{name}.onnx"
            save_onnx(to_onnx(network, state, schedules=schedules, fold=fold), path)
            runner = Runner(path, Provider.AUTO)
            label = runner.provider.removesuffix("ExecutionProvider")
            find = partial(first_difference, network, state, schedules, fold)
            yield Backend(f"onnxruntime, {name} ({label})", _outputs_of(runner), find)


def _schedules(network: Network) -> Iterator[tuple[str, Schedules, bool]]:
    """Names of schedules that differ, the schedules, and whether batch norms are folded."""
    yield "as defined", {}, False
    yield "folded", {}, True
    seen: list[Schedules] = [choose(network, Strategy.GATHER)]
    for strategy in (Strategy.SCATTER, Strategy.BLOCKED, Strategy.AUTO):
        schedules = choose(network, strategy)
        if schedules not in seen:
            seen.append(schedules)
            yield strategy.value, schedules, True


def _outputs_of(runner: Runner | TorchRunner) -> Run:
    return lambda x: runner(x).outputs


def first_difference(
    network: Network, state: State, schedules: Schedules, fold: bool, x: Array
) -> str | None:
    """The path of the first node, in dataflow order, whose value onnxruntime has otherwise."""
    scheduled = lower(network, schedules, fold=fold)
    model = to_onnx(network, state, schedules=schedules, fold=fold, expose=True)
    outputs = Runner(model, optimise=False)(x).outputs
    with torch.inference_mode():
        nodes = _evaluate(network, _exact(state), torch.from_numpy(x).double())
        values = [value.numpy() for _, value in nodes]
    for index, piece in scheduled.origins.items():
        name = value_name(scheduled.network, scheduled.network.nodes[index].path)
        expected = values[piece.node][:, piece.start : piece.stop]
        if name in outputs and not relative_error(outputs[name], expected) <= TOLERANCE:
            return network.nodes[piece.node].path
    return None


def _shared(state: State) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(value) for key, value in state.items()}


def _exact(state: State) -> dict[str, torch.Tensor]:
    return {key: tensor.double() for key, tensor in _shared(state).items()}


def _evaluate(
    network: Network, tensors: Mapping[str, torch.Tensor], x: torch.Tensor
) -> Iterator[tuple[Node, torch.Tensor]]:
    try:
        yield from evaluate(network, tensors, x)
    except RuntimeError as error:
        raise refused("torch", error, network.name) from None


def _outputs(network: Network, tensors: Mapping[str, torch.Tensor], x: Array) -> dict[str, Exact]:
    with torch.inference_mode():
        values = [v for _, v in _evaluate(network, tensors, torch.from_numpy(x).double())]
    return {output.name: values[output.index].numpy() for output in network.returned}


def _from_file(network: Network, folder: Path) -> torch.nn.Module:
    """The emitted source as a user would import it: from its file, without seqdsl."""
    source = torch_source(network)
    path = folder / "saved_source.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("saved_source", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = getattr(module, network_class_name(source))()
    assert isinstance(made, torch.nn.Module)
    return made
