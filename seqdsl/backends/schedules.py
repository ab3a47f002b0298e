"""What each backend makes of a network on a schedule: the one place that bench asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx
    from torch import nn

    from seqdsl.backends.weights import State
    from seqdsl.graph.network import Network
GATHER = "gather"  # as the equations say: a concatenation, then one convolution a group
SCHEDULES: tuple[str, ...] = (GATHER,)  # that the backends know
BEST = SCHEDULES[0]  # what they choose by themselves
DEFAULT = tuple(dict.fromkeys((GATHER, BEST)))  # what is measured, unless others are asked for


def onnx_model(network: Network, state: State, schedule: str, batch: int) -> onnx.ModelProto:
    """A model for inference at a batch size."""
    from seqdsl.backends.onnx_model import to_onnx

    del schedule, batch
    return to_onnx(network, state)


def inference_module(network: Network, state: State, schedule: str) -> nn.Module:
    """A module that evaluates, with its weights."""
    return training_module(network, state, schedule).eval()


def training_module(
    network: Network, state: State, schedule: str, recompute: bool = False
) -> nn.Module:
    """A module that trains, with its weights; ``recompute`` keeps less for the way back."""
    import torch

    from seqdsl.backends.torch_module import to_torch

    del schedule, recompute
    module = to_torch(network)
    module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    return module
