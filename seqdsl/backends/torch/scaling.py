"""Batch norms whose statistics are on the scale of what they normalise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from seqdsl.backends.arrays import State
from seqdsl.backends.running import refused
from seqdsl.backends.torch.reference import evaluate
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import BatchNorm
from seqdsl.graph.parameters import module_path


def scale_norms(network: Network, state: dict[str, torch.Tensor], x: torch.Tensor) -> None:
    """Puts each batch norm's statistics, in place, on the scale of what it normalises.

    Without, values grow with the depth, and a saturated gate turns rounding into a difference.
    """
    norms: dict[int, list[str]] = {}
    for node in network.nodes:
        if isinstance(node.operation, BatchNorm):
            norms.setdefault(node.operands[0], []).append(module_path(node))
    with torch.inference_mode():
        for node, value in evaluated(network, state, x):  # reads the statistics behind this one
            square = value.square().mean()
            for key in norms.get(node.index, ()):
                state[f"{key}.running_mean"] *= square.sqrt()
                state[f"{key}.running_var"] *= square


def shared(state: State) -> dict[str, torch.Tensor]:
    """Return the arrays of a state as tensors of the same memory."""
    return {key: torch.from_numpy(value) for key, value in state.items()}


def evaluated(
    network: Network, tensors: Mapping[str, torch.Tensor], x: torch.Tensor
) -> Iterator[tuple[Node, torch.Tensor]]:
    """Yield every node with its output. Raises `Failure` where torch refuses one."""
    try:
        yield from evaluate(network, tensors, x)
    except RuntimeError as error:
        raise refused("torch", error, network.name) from None
