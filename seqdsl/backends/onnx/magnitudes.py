"""Which values of a network can leave float32's range: interval arithmetic on its weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from seqdsl.backends.arrays import Array
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import Role

Bound: TypeAlias = npt.NDArray[np.float64]  # the largest magnitude of each channel

LARGEST_INPUT = 2.0**20
# Rounding, and the intermediates of a kernel such as Winograd's, stay within this factor.
_MARGIN = 2.0**20
_LIMIT = float(np.finfo(np.float32).max) / _MARGIN


class Magnitudes:
    """Bounds of what enters the max pools of a network, followed node by node.

    Onnxruntime's max pools forget a NaN. None can arise before a pool where all that it reads is
    bounded, for inputs whose magnitude is at most ``largest``. What no max pool reads is not
    followed.
    """

    def __init__(self, network: Network, largest: float) -> None:
        self._network = network
        self._largest = largest
        self._needed = _read_by_max_pools(network)
        self._bounds: dict[int, Bound] = {}

    def follow(self, node: Node, parameters: Mapping[Role, Array]) -> None:
        """Take in the next node in dataflow order, with the parameters that the model holds."""
        if node.index not in self._needed:
            return
        operands = [self._bounds[index] for index in node.operands]
        with np.errstate(invalid="ignore", over="ignore"):
            bound = self._bound(node, operands, parameters)
            self._bounds[node.index] = np.where(bound <= _LIMIT, bound, np.inf)

    def can_overflow(self, index: int) -> bool:
        """Whether a node that a max pool reads may hold NaN or infinity."""
        return not bool(np.isfinite(self._bounds[index]).all())

    def _bound(self, node: Node, operands: list[Bound], parameters: Mapping[Role, Array]) -> Bound:
        """The bound of a node's output; infinity also means NaN, which clipping does not remove."""
        match node.operation:
            case ops.Input():
                return np.full(node.type.channels, self._largest)
            case ops.Conv2d(groups=groups):
                return _conv2d(operands[0], groups, parameters)
            case ops.BatchNorm(eps=eps):
                return _batch_norm(operands[0], eps, parameters)
            case ops.Activation(function=function):
                return _activated(operands[0], function)
            case ops.LeakyRelu(slope=slope):
                return operands[0] * max(1.0, abs(slope))
            case ops.MaxPool() | ops.Upsample() | ops.Dropout():
                return operands[0]
            case ops.AvgPool(kernel=(height, width)):
                return _averaged(operands[0], height * width)
            case ops.GlobalAveragePool():
                height, width = self._network.nodes[node.operands[0]].type.spatial
                return _averaged(operands[0], height * width)
            case ops.Add():
                return sum(operands[1:], operands[0])
            case ops.Mean():
                return _averaged(sum(operands[1:], operands[0]) / len(operands), len(operands))
            case ops.Multiply():
                return reduce(np.multiply, operands)
            case ops.Concat():
                return np.concatenate(operands)
            case ops.Slice(start=start, stop=stop):
                return operands[0][start:stop]
            case ops.PadChannels(zeros=zeros):
                return np.append(operands[0], np.zeros(zeros))
            case ops.Shuffle():
                return np.full(node.type.channels, operands[0].max())
            case _:  # nothing is known of it
                return np.full(node.type.channels, np.inf)


def _read_by_max_pools(network: Network) -> frozenset[int]:
    """The nodes that some max pool reads, through however many others."""
    needed: set[int] = set()
    for node in reversed(network.nodes):
        if isinstance(node.operation, ops.MaxPool) or node.index in needed:
            needed.update(node.operands)
    return frozenset(needed)


def _conv2d(bound: Bound, groups: int, parameters: Mapping[Role, Array]) -> Bound:
    weight = parameters[Role.WEIGHT]
    sums = np.abs(weight).sum((2, 3), dtype=np.float64)
    grouped = sums.reshape(groups, -1, sums.shape[1])
    made: Bound = np.einsum("goi,gi->go", grouped, bound.reshape(groups, -1)).reshape(-1)
    bias = parameters.get(Role.BIAS)
    return made if bias is None else made + np.abs(bias)


def _activated(bound: Bound, function: ops.Function) -> Bound:
    match function:
        case ops.Function.SIGMOID | ops.Function.HARD_SIGMOID:
            made = np.ones_like(bound)
        case ops.Function.TANH:
            made = np.minimum(bound, 1.0)
        case ops.Function.RELU6:
            made = np.minimum(bound, 6.0)
        case _:  # |f(x)| <= |x|
            made = bound
    return np.where(np.isfinite(bound), made, np.inf)


def _batch_norm(bound: Bound, eps: float, parameters: Mapping[Role, Array]) -> Bound:
    weight, bias, mean, var = (parameters[role].astype(np.float64) for role in Role)
    return np.abs(weight / np.sqrt(var + eps)) * (bound + np.abs(mean)) + np.abs(bias)


def _averaged(bound: Bound, count: int) -> Bound:
    """A mean whose sum of ``count`` terms has to fit as well."""
    return np.where(bound * count <= _LIMIT, bound, np.inf)
