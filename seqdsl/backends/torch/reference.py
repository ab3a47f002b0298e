"""The graph evaluated node by node with torch's operators: what every backend is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from seqdsl.backends.rows import row_of
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Role
from seqdsl.graph.parameters import module_path
from seqdsl.source.frozen import frozen


def evaluate(
    network: Network, state: Mapping[str, Tensor], x: Tensor
) -> Iterator[tuple[Node, Tensor]]:
    """Every node with its output, in dataflow order and in evaluation mode."""
    values: list[Tensor] = []
    for node in network.nodes:
        operands = [values[index] for index in node.operands]
        values.append(_value(node, operands, state) if operands else x)
        yield node, values[-1]


@frozen
class Use:
    """One use of an operation: its operands, and its parameters by their roles."""

    operands: list[Tensor]
    parameters: Mapping[Role, Tensor]

    @property
    def x(self) -> Tensor:
        return self.operands[0]

    @property
    def weight(self) -> Tensor:
        return self.parameters[Role.WEIGHT]

    @property
    def bias(self) -> Tensor | None:
        return self.parameters.get(Role.BIAS)


Evaluation: TypeAlias = Callable[[Any, Use], Tensor]


def _value(node: Node, operands: list[Tensor], state: Mapping[str, Tensor]) -> Tensor:
    key = module_path(node)
    keys = {role: f"{key}.{role.value}" for role in Role}
    parameters = {role: state[name] for role, name in keys.items() if name in state}
    evaluate = row_of(EVALUATIONS, node, "the reference in torch")
    return evaluate(node.operation, Use(operands, parameters))


def _conv2d(conv: ops.Conv2d, use: Use) -> Tensor:
    return F.conv2d(
        use.x, use.weight, use.bias, conv.stride, conv.padding, conv.dilation, conv.groups
    )


def _batch_norm(norm: ops.BatchNorm, use: Use) -> Tensor:
    mean, var = use.parameters[Role.RUNNING_MEAN], use.parameters[Role.RUNNING_VAR]
    return F.batch_norm(use.x, mean, var, use.weight, use.bias, False, 0.0, norm.eps)


def _layer_norm(norm: ops.LayerNorm, use: Use) -> Tensor:
    mean = use.x.mean(1, keepdim=True)
    variance = (use.x - mean).square().mean(1, keepdim=True)
    shape = (1, -1, *[1] * (use.x.dim() - 2))
    made = (use.x - mean) / (variance + norm.eps).sqrt() * use.weight.reshape(shape)
    return made + use.parameters[Role.BIAS].reshape(shape)


def _upsample(operation: ops.Upsample, use: Use) -> Tensor:
    rows, columns = operation.factor
    if operation.mode is ops.Interpolation.NEAREST:
        return use.x.repeat_interleave(rows, 2).repeat_interleave(columns, 3)
    return F.interpolate(use.x, scale_factor=operation.factor, mode="bilinear", align_corners=False)


def _shuffle(shuffle: ops.Shuffle, use: Use) -> Tensor:
    x = use.x
    parts = x.reshape(len(x), shuffle.groups, -1, *x.shape[2:])
    return parts.transpose(1, 2).reshape(x.shape)


def _pad_channels(pad: ops.PadChannels, use: Use) -> Tensor:
    x = use.x
    return torch.cat([x, x.new_zeros(len(x), pad.zeros, *x.shape[2:])], 1)


def _pool(function: Callable[..., Tensor]) -> Evaluation:
    def evaluate(pool: ops.Pool, use: Use) -> Tensor:
        return function(use.x, pool.kernel, pool.stride, pool.padding, ceil_mode=pool.ceil)

    return evaluate


def _elsewhere(operation: ops.Operation, _: Use) -> Tensor:
    raise AssertionError(f"{operation} is no operation of a definition")


EVALUATIONS: Mapping[type[ops.Operation], Evaluation] = MappingProxyType(
    {
        ops.Input: _elsewhere,
        ops.Aggregate: _elsewhere,
        ops.Raw: _elsewhere,
        ops.Conv2d: _conv2d,
        ops.Linear: lambda _, use: F.linear(use.x.flatten(1), use.weight, use.bias),
        ops.BatchNorm: _batch_norm,
        ops.LayerNorm: _layer_norm,
        ops.Activation: lambda op, use: FUNCTIONS[op.function](use.x),
        ops.LeakyRelu: lambda op, use: torch.where(use.x > 0, use.x, op.slope * use.x),
        ops.Elu: lambda op, use: torch.where(use.x > 0, use.x, op.alpha * torch.expm1(use.x)),
        ops.Softmax: lambda _, use: F.softmax(use.x, 1),
        ops.MaxPool: _pool(F.max_pool2d),
        ops.AvgPool: _pool(F.avg_pool2d),
        ops.GlobalAveragePool: lambda _, use: use.x.mean((2, 3), keepdim=True),
        ops.Upsample: _upsample,
        ops.Add: lambda _, use: torch.stack(use.operands).sum(0),
        ops.Mean: lambda _, use: torch.stack(use.operands).mean(0),
        ops.Multiply: lambda _, use: reduce(torch.mul, use.operands),
        ops.Dropout: lambda _, use: use.x,
        ops.Concat: lambda _, use: torch.cat(use.operands, 1),
        ops.Slice: lambda op, use: use.x[:, op.start : op.stop],
        ops.Shuffle: _shuffle,
        ops.PadChannels: _pad_channels,
    }
)

FUNCTIONS: Mapping[ops.Function, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        ops.Function.RELU: F.relu,
        ops.Function.RELU6: F.relu6,
        ops.Function.SIGMOID: torch.sigmoid,
        ops.Function.TANH: torch.tanh,
        ops.Function.SILU: F.silu,
        ops.Function.GELU: F.gelu,
        ops.Function.HARD_SIGMOID: F.hardsigmoid,
        ops.Function.HARD_SWISH: F.hardswish,
    }
)
