"""The live module: the emitted source, loaded."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from hashlib import sha256
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from seqdsl.backends.arrays import Array
from seqdsl.backends.torch.execution import FASTEST, Execution
from seqdsl.backends.torch.source import network_class_name, torch_source
from seqdsl.backends.weights.state import fit, require_memory
from seqdsl.graph.network import Network


def to_training(
    network: Network,
    state: Mapping[str, Array | Tensor] | None = None,
    execution: Execution = FASTEST,
) -> nn.Module:
    """The network as a module in training mode, initialised as section 4.2 says or with a state.

    It takes float ``[batch, channels, height, width]`` and gives the logits ``[batch, classes]``,
    or a tuple of them and the further outputs in the source's order.
    It can be copied and pickled; a pickle carries the source with it. Raises `Failure` where the
    state does not fit, or its weights are more than memory holds.
    """
    require_memory(network)
    module = module_class(torch_source(network, execution))()
    if state is not None:
        fitting = fit(state, network, "the state_dict")
        module.load_state_dict({key: torch.from_numpy(a) for key, a in fitting.items()})
    return module


def module_class(source: str) -> type[nn.Module]:
    """The network's class in an emitted source. One source is loaded once a process."""
    name = f"seqdsl_emitted_{sha256(source.encode()).hexdigest()[:16]}"
    module = sys.modules.get(name) or _load(name, source)
    loaded = getattr(module, network_class_name(source))
    assert isinstance(loaded, type) and issubclass(loaded, nn.Module)
    return loaded


def _load(name: str, source: str) -> ModuleType:
    """Runs a source as a module whose lines tracebacks and `inspect` can show."""
    module = ModuleType(name)
    module.__file__ = f"<{name}>"
    linecache.cache[module.__file__] = (
        len(source), None, source.splitlines(keepends=True), module.__file__
    )  # fmt: skip
    exec(compile(source, module.__file__, "exec"), module.__dict__)
    sys.modules[name] = module

    def reduce(self: nn.Module, protocol: int) -> tuple[Any, ...]:  # noqa: ARG001
        return (_rebuild, (source,), self.__dict__)

    getattr(module, network_class_name(source)).__reduce_ex__ = reduce
    return module


def _rebuild(source: str) -> nn.Module:
    """An empty instance for `pickle` and `copy`, which then set its state."""
    made = module_class(source)
    return made.__new__(made)
