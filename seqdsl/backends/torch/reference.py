"""The graph evaluated node by node with torch's operators: what every backend is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import module_path


def evaluate(
    network: Network, state: Mapping[str, Tensor], x: Tensor
) -> Iterator[tuple[Node, Tensor]]:
    """Every node with its output, in dataflow order and in evaluation mode."""
    values: list[Tensor] = []
    for node in network.nodes:
        operands = [values[index] for index in node.operands]
        values.append(_value(node, operands, state) if operands else x)
        yield node, values[-1]


def _value(node: Node, operands: list[Tensor], state: Mapping[str, Tensor]) -> Tensor:
    x = operands[0]
    key = module_path(node)
    match node.operation:
        case ops.Conv2d() as conv:
            return F.conv2d(
                x,
                state[f"{key}.weight"],
                state.get(f"{key}.bias"),
                conv.stride,
                conv.padding,
                conv.dilation,
                conv.groups,
            )
        case ops.Linear():
            return F.linear(x.flatten(1), state[f"{key}.weight"], state.get(f"{key}.bias"))
        case ops.BatchNorm(eps=eps):
            mean, var = state[f"{key}.running_mean"], state[f"{key}.running_var"]
            return F.batch_norm(
                x, mean, var, state[f"{key}.weight"], state[f"{key}.bias"], False, 0.0, eps
            )
        case ops.Activation(function=ops.Function.SIGMOID | ops.Function.TANH as function):
            return _call(torch, function.value, x)
        case ops.Activation(function=function):
            return _call(F, function.value.replace("hard_", "hard"), x)
        case ops.LeakyRelu(slope=slope):
            return torch.where(x > 0, x, slope * x)
        case ops.MaxPool(kernel, stride, padding, ceil):
            return F.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil)
        case ops.AvgPool(kernel, stride, padding, ceil):
            return F.avg_pool2d(x, kernel, stride, padding, ceil_mode=ceil)
        case ops.GlobalAveragePool():
            return x.mean((2, 3), keepdim=True)
        case ops.Upsample(factor=factor, mode=mode):
            if mode is ops.Interpolation.NEAREST:
                return x.repeat_interleave(factor[0], 2).repeat_interleave(factor[1], 3)
            return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
        case ops.Dropout():
            return x
        case ops.Add():
            return torch.stack(operands).sum(0)
        case ops.Mean():
            return torch.stack(operands).mean(0)
        case ops.Multiply():
            return reduce(torch.mul, operands)
        case ops.Concat():
            return torch.cat(operands, 1)
        case ops.Shuffle(groups=groups):
            parts = x.reshape(len(x), groups, -1, *x.shape[2:])
            return parts.transpose(1, 2).reshape(x.shape)
        case ops.PadChannels(zeros=zeros):
            return torch.cat([x, x.new_zeros(len(x), zeros, *x.shape[2:])], 1)
        case ops.Slice(start=start, stop=stop):
            return x[:, start:stop]
        case ops.Softmax():
            return F.softmax(x, 1)
        case ops.Input() | ops.Aggregate() | ops.Raw():
            raise AssertionError("no operation of a definition over operands")


def _call(home: object, name: str, x: Tensor) -> Tensor:
    result = getattr(home, name)(x)
    assert isinstance(result, Tensor)
    return result
