"""Holds every backend against the definition, on the same random weights and inputs."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.engine import Traced, Variant
from seqdsl.backends.running import random_input, relative_error
from seqdsl.backends.targets import ENGINES
from seqdsl.backends.torch.scaling import evaluated, scale_norms, shared
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.network import Network

Exact: TypeAlias = npt.NDArray[np.float64]

TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest difference of a backend's outputs, each relative to its largest value."""

    backend: str
    batch: int
    error: float
    divergence: str | None  # the first node that differs, where the backend does

    @property
    def agrees(self) -> bool:
        """Whether the error is at most 1e-5; a NaN never is."""
        return self.error <= TOLERANCE


def verify(
    network: Network,
    batches: tuple[int, ...] = (1, 3),
    seed: int = 0,
    progress: Callable[[str, float], None] = lambda _, __: None,
) -> list[Comparison]:
    """Compare each variant of each engine with the graph evaluated node by node in torch.

    Weights, batch norm statistics and inputs are random and float32, the statistics on the scale
    of what they normalise; the evaluation is in float64, so that an error is the backend's own.
    ``progress`` is called with what is run next, and the part of the work that is done. Raises
    `Failure` where a backend refuses the network.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _verify(network, batches, seed, progress, Path(folder))


def _verify(
    network: Network,
    batches: tuple[int, ...],
    seed: int,
    progress: Callable[[str, float], None],
    folder: Path,
) -> list[Comparison]:
    state = random_state(network, seed)
    rng = np.random.default_rng(seed + 1)
    inputs = {n: random_input(network, n, rng) for n in batches}
    scale_norms(network, shared(state), torch.from_numpy(inputs[batches[0]]))
    makers = variants(network, state, folder)
    runs = len(batches) * (1 + len(makers))
    done = itertools.count()

    def begin(what: str, batch: int) -> None:
        progress(f"{what}, batch {batch}", next(done) / runs)

    tensors = _exact(state)
    expected: dict[int, dict[str, Exact]] = {}
    for n, x in inputs.items():
        begin("the reference, in float64", n)
        expected[n] = _outputs(network, tensors, x)
    found: list[Comparison] = []
    for make in makers:
        variant = make()
        for n, x in inputs.items():
            begin(variant.name, n)
            given = variant.run(x)
            errors = [relative_error(given[name], value) for name, value in expected[n].items()]
            error = float(np.max(errors))  # NaN, if there is one
            where = None
            if not error <= TOLERANCE and variant.trace is not None:
                where = first_difference(network, state, variant.trace, x)
            found.append(Comparison(variant.name, n, error, where))
    return found


def variants(network: Network, state: State, folder: Path) -> list[Callable[[], Variant]]:
    """Return what makes each variant of each engine that is here, on these weights."""
    # the last first: torch is next to the definition
    here = [target.load() for target in reversed(ENGINES.values()) if target.is_here]
    return [make for engine in here for make in engine.variants(network, state, folder)]


def first_difference(
    network: Network, state: State, trace: Callable[[Array], Iterable[Traced]], x: Array
) -> str | None:
    """Return the path of the first node, in dataflow order, whose value an engine has otherwise."""
    with torch.inference_mode():
        nodes = evaluated(network, _exact(state), torch.from_numpy(x).double())
        values = [value.numpy() for _, value in nodes]
    for traced in trace(x):
        expected = values[traced.node][:, traced.start : traced.stop]
        if not relative_error(traced.value, expected) <= TOLERANCE:
            return network.nodes[traced.node].path
    return None


def _exact(state: State) -> dict[str, torch.Tensor]:
    return {key: tensor.double() for key, tensor in shared(state).items()}


def _outputs(network: Network, tensors: Mapping[str, torch.Tensor], x: Array) -> dict[str, Exact]:
    with torch.inference_mode():
        values = [v for _, v in evaluated(network, tensors, torch.from_numpy(x).double())]
    return {output.name: values[output.index].numpy() for output in network.returned}
