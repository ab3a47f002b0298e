"""What each backend makes of a network on a schedule: the one place that bench asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqdsl.passes.schedule.strategy import Strategy

if TYPE_CHECKING:
    import onnx
    from torch import nn

    from seqdsl.backends.weights import State
    from seqdsl.graph.network import Network

GATHER = Strategy.GATHER.value  # as the equations say: a concatenation, one convolution a group
BEST = Strategy.AUTO.value  # what the backends choose by themselves
SCHEDULES = tuple(strategy.value for strategy in Strategy)
DEFAULT = (GATHER, BEST)  # what is measured, unless others are asked for


def onnx_model(network: Network, state: State, schedule: str, batch: int) -> onnx.ModelProto:
    """A model for inference at a batch size."""
    from seqdsl.backends.onnx_model import to_onnx
    from seqdsl.passes.schedule.choose import choose

    return to_onnx(network, state, schedules=choose(network, Strategy(schedule), batch))


def inference_module(network: Network, state: State, schedule: str) -> nn.Module:
    """A module that evaluates, with its weights."""
    from seqdsl.backends.execution import Execution
    from seqdsl.backends.inference import to_inference

    return to_inference(network, state, Execution(Strategy(schedule)))


def training_module(
    network: Network, state: State, schedule: str, recompute: bool = False
) -> nn.Module:
    """A module that trains, with its weights; ``recompute`` keeps less for the way back."""
    from seqdsl.backends.execution import Execution
    from seqdsl.backends.torch_module import to_training

    return to_training(network, state, Execution(Strategy(schedule), recompute))
