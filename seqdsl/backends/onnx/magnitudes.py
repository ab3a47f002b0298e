"""Which values of a network can leave float32's range: interval arithmetic on its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from seqdsl.backends.arrays import Array
from seqdsl.backends.rows import row_of
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Role
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen

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
        bound = row_of(BOUNDS, node, "the table of magnitudes")
        types = [self._network.nodes[index].type for index in node.operands]
        return bound(node.operation, Use(operands, parameters, node.type, types, self._largest))


def _read_by_max_pools(network: Network) -> frozenset[int]:
    """The nodes that some max pool reads, through however many others."""
    needed: set[int] = set()
    for node in reversed(network.nodes):
        if isinstance(node.operation, ops.MaxPool) or node.index in needed:
            needed.update(node.operands)
    return frozenset(needed)


@frozen
class Use:
    """One use of an operation: the bounds of its operands, their types, and its parameters."""

    operands: list[Bound]
    parameters: Mapping[Role, Array]
    type: TensorType
    types: Sequence[TensorType]
    largest: float  # magnitude of the input

    @property
    def x(self) -> Bound:
        return self.operands[0]

    @property
    def total(self) -> Bound:
        return sum(self.operands[1:], self.x)


Bounding: TypeAlias = Callable[[Any, Use], Bound]


def _unknown(_: ops.Operation, use: Use) -> Bound:
    return np.full(use.type.channels, np.inf)


def _conv2d(conv: ops.Conv2d, use: Use) -> Bound:
    weight = use.parameters[Role.WEIGHT]
    sums = np.abs(weight).sum((2, 3), dtype=np.float64)
    grouped = sums.reshape(conv.groups, -1, sums.shape[1])
    read = use.x.reshape(conv.groups, -1)
    made: Bound = np.einsum("goi,gi->go", grouped, read).reshape(-1)
    bias = use.parameters.get(Role.BIAS)
    return made if bias is None else made + np.abs(bias)


def _batch_norm(norm: ops.BatchNorm, use: Use) -> Bound:
    weight, bias, mean, var = (use.parameters[role].astype(np.float64) for role in Role)
    return np.abs(weight / np.sqrt(var + norm.eps)) * (use.x + np.abs(mean)) + np.abs(bias)


def _layer_norm(_: ops.LayerNorm, use: Use) -> Bound:
    """No element is further from the mean than sqrt(C - 1) deviations; a square has to fit."""
    channels = use.type.channels
    weight, bias = (np.abs(use.parameters[r].astype(np.float64)) for r in (Role.WEIGHT, Role.BIAS))
    fits = _averaged(np.full(channels, use.x.max() ** 2), channels)
    return np.where(np.isfinite(fits), np.sqrt(channels) * weight + bias, np.inf)


def _activation(operation: ops.Activation, use: Use) -> Bound:
    made = FUNCTIONS[operation.function](use.x)
    return np.where(np.isfinite(use.x), made, np.inf)


def _avg_pool(pool: ops.AvgPool, use: Use) -> Bound:
    height, width = pool.kernel
    return _averaged(use.x, height * width)


def _global_average_pool(_: ops.GlobalAveragePool, use: Use) -> Bound:
    height, width = use.types[0].spatial
    return _averaged(use.x, height * width)


def _mean(_: ops.Mean, use: Use) -> Bound:
    count = len(use.operands)
    return _averaged(use.total / count, count)


def _averaged(bound: Bound, count: int) -> Bound:
    """A mean whose sum of ``count`` terms has to fit as well."""
    return np.where(bound * count <= _LIMIT, bound, np.inf)


def _same(_: ops.Operation, use: Use) -> Bound:
    return use.x


def _smaller(bound: Bound) -> Bound:
    """Of a function with |f(x)| <= |x|."""
    return bound


BOUNDS: Mapping[type[ops.Operation], Bounding] = MappingProxyType(
    {
        ops.Input: lambda _, use: np.full(use.type.channels, use.largest),
        ops.Aggregate: _unknown,
        ops.Raw: _unknown,
        ops.Conv2d: _conv2d,
        ops.Linear: _unknown,
        ops.BatchNorm: _batch_norm,
        ops.LayerNorm: _layer_norm,
        ops.Activation: _activation,
        ops.LeakyRelu: lambda op, use: use.x * max(1.0, abs(op.slope)),
        ops.Elu: lambda op, use: use.x * max(1.0, abs(op.alpha)),
        ops.Softmax: _unknown,
        ops.MaxPool: _same,
        ops.AvgPool: _avg_pool,
        ops.GlobalAveragePool: _global_average_pool,
        ops.Upsample: _same,
        ops.Add: lambda _, use: use.total,
        ops.Mean: _mean,
        ops.Multiply: lambda _, use: reduce(np.multiply, use.operands),
        ops.Dropout: _same,
        ops.Concat: lambda _, use: np.concatenate(use.operands),
        ops.Slice: lambda op, use: use.x[op.start : op.stop],
        ops.Shuffle: lambda _, use: np.full(use.type.channels, use.x.max()),
        ops.PadChannels: lambda op, use: np.append(use.x, np.zeros(op.zeros)),
    }
)

FUNCTIONS: Mapping[ops.Function, Callable[[Bound], Bound]] = MappingProxyType(
    {
        ops.Function.RELU: _smaller,
        ops.Function.RELU6: lambda bound: np.minimum(bound, 6.0),
        ops.Function.SIGMOID: np.ones_like,
        ops.Function.TANH: lambda bound: np.minimum(bound, 1.0),
        ops.Function.SILU: _smaller,
        ops.Function.GELU: _smaller,
        ops.Function.HARD_SIGMOID: np.ones_like,
        ops.Function.HARD_SWISH: _smaller,
    }
)
