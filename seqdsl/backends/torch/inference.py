"""A module for inference: batch norms folded, nothing kept, in the layout that runs fastest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from seqdsl.backends.arrays import Array, State, as_arrays
from seqdsl.backends.torch.execution import FASTEST, Execution
from seqdsl.backends.torch.module import to_training
from seqdsl.backends.weights.assembly import convolution
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import module_path
from seqdsl.passes.folding import foldable


def to_inference(
    network: Network,
    state: Mapping[str, Array | Tensor] | None = None,
    execution: Execution = FASTEST,
) -> nn.Module:
    """The network in evaluation mode, without gradients, in channels_last.

    ``state`` is a state_dict of the module in training; without one the weights are as that
    starts. A batch norm that reads a convolution alone is folded into it. Raises `Failure` where
    its weights are more than memory holds.
    """
    module = to_training(network, state, replace(execution, folded=True))
    arrays = as_arrays(module.state_dict())
    for conv, norm in foldable(network).items():
        _fold(module, arrays, network.nodes[conv], network.nodes[norm])
    module.eval().requires_grad_(False)
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _fold(module: nn.Module, state: State, conv: Node, norm: Node) -> None:
    """Puts a batch norm into the convolution before it, and nothing in its place."""
    made = module.get_submodule(module_path(conv))
    assert isinstance(made, nn.Conv2d)
    made.weight, made.bias = (
        nn.Parameter(torch.from_numpy(array).float()) for array in convolution(state, conv, norm)
    )
    parent, _, name = module_path(norm).rpartition(".")
    setattr(module.get_submodule(parent), name, nn.Identity())
