"""A module for inference: batch norms folded, nothing kept, in the layout that runs fastest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from seqdsl.backends.execution import FASTEST, Execution
from seqdsl.backends.torch_module import to_training
from seqdsl.backends.weights import Array
from seqdsl.graph.network import Network
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
    for conv, norm in foldable(network).items():
        _fold(module, *(module_path(network.nodes[index]) for index in (conv, norm)))
    module.eval().requires_grad_(False)
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _fold(module: nn.Module, conv_path: str, norm_path: str) -> None:
    """Puts a batch norm into the convolution before it, and nothing in its place."""
    conv, norm = module.get_submodule(conv_path), module.get_submodule(norm_path)
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None and norm.running_var is not None
    with torch.no_grad():
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        bias = 0 if conv.bias is None else conv.bias.double()
        shift = norm.bias.double() + (bias - norm.running_mean.double()) * scale
        weight = conv.weight.double() * scale[:, None, None, None]
    conv.weight, conv.bias = nn.Parameter(weight.float()), nn.Parameter(shift.float())
    parent, _, name = norm_path.rpartition(".")
    setattr(module.get_submodule(parent), name, nn.Identity())
