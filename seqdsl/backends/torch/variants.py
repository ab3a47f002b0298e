"""The ways in which torch runs a network, for `seqdsl verify`."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import torch

from seqdsl.backends.arrays import Array, Outputs, State
from seqdsl.backends.engine import Variant
from seqdsl.backends.running import Provider
from seqdsl.backends.torch.execution import DEFINITION
from seqdsl.backends.torch.inference import to_inference
from seqdsl.backends.torch.module import to_training
from seqdsl.backends.torch.run import TorchRunner
from seqdsl.backends.torch.scaling import shared
from seqdsl.backends.torch.source import network_class_name, torch_source
from seqdsl.graph.network import Network


def variant(network: Network, state: State, folder: Path, name: str) -> Variant:
    """Return one of `MODULES`, ready to run."""
    runner = TorchRunner(network, MODULES[name](network, state, folder), Provider.CPU)

    def run(array: Array) -> Outputs:
        return runner(array).outputs

    return Variant(f"torch, {name}", run)


def _defined(network: Network, state: State, _: Path) -> torch.nn.Module:
    return to_training(network, state, DEFINITION)


def _live(network: Network, state: State, _: Path) -> torch.nn.Module:
    return to_training(network, state)


def _saved(network: Network, state: State, folder: Path) -> torch.nn.Module:
    module = _from_file(network, folder)
    module.load_state_dict(shared(state))
    return module


def _folded(network: Network, state: State, _: Path) -> torch.nn.Module:
    return to_inference(network, state)


MODULES: dict[str, Callable[[Network, State, Path], torch.nn.Module]] = {
    "as defined": _defined,
    "live module": _live,
    "saved source": _saved,
    "inference": _folded,
}


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
