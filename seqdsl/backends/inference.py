"""A module for inference: batch norms folded, nothing kept, in the layout that runs fastest."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from seqdsl.backends.execution import FASTEST, Execution
from seqdsl.backends.torch_module import to_training
from seqdsl.backends.weights import Array
from seqdsl.graph.network import Network
from seqdsl.graph.parameters import module_path
from seqdsl.passes.folding import foldable
from seqdsl.passes.schedule.widen import widen


def to_inference(
    network: Network,
    state: Mapping[str, Array | Tensor] | None = None,
    execution: Execution = FASTEST,
) -> nn.Module:
    """The network in evaluation mode, without gradients, in channels_last.

    ``state`` is a state_dict of the module in training; without one the weights are as that
    starts. A batch norm that reads a convolution alone is folded into it, unless a layer of groups
    is computed as a whole, with its norms. Raises `Failure` where its weights are more than memory
    holds.
    """
    module = to_training(network, state, execution)
    executed = network if execution.defines else widen(network)
    for pair in foldable(executed).items():
        _fold(module, *(module_path(executed.nodes[index]) for index in pair))
    module.eval().requires_grad_(False)
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _fold(module: nn.Module, conv_path: str, norm_path: str) -> None:
    """Puts a batch norm into the convolution before it, and nothing in its place."""
    conv, norm = module.get_submodule(conv_path), module.get_submodule(norm_path)
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None and norm.running_var is not None
    weight, bias = fuse_conv_bn_weights(
        conv.weight.double(), None if conv.bias is None else conv.bias.double(),
        norm.running_mean.double(), norm.running_var.double(), norm.eps,
        norm.weight.double(), norm.bias.double(),
    )  # fmt: skip
    conv.weight, conv.bias = (nn.Parameter(t.float()) for t in (weight, bias))
    parent, _, name = norm_path.rpartition(".")
    setattr(module.get_submodule(parent), name, nn.Identity())
