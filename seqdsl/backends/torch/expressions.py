"""Operations as Python expressions over tensors, as the emitted ``forward`` has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from seqdsl.backends.rows import row_of
from seqdsl.backends.torch.slots import Listed, Value
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import attribute_name
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen


@frozen
class Use:
    """One use of an operation, and its operands as they are written."""

    node: Node
    operands: Sequence[str]
    network: Network

    @property
    def x(self) -> str:
        return self.operands[0]

    @property
    def module(self) -> str:
        """The attribute that holds its parameters."""
        return f"self.{attribute_name(self.node.name)}"

    @property
    def read(self) -> TensorType:
        """The type of its first operand."""
        return self.network.nodes[self.node.operands[0]].type


Expression: TypeAlias = Callable[[Any, Use], str]


def expression(node: Node, operands: list[str], network: Network) -> str:
    """An operation as an expression over its operands."""
    write = row_of(EXPRESSIONS, node, "emitted PyTorch")
    return write(node.operation, Use(node, operands, network))


def nests(text: str) -> bool:
    """Whether an expression is short and shallow enough to be an operand of another."""
    return len(text) <= 44 and text.count("(") <= 2


def _elsewhere(operation: ops.Operation, _: Use) -> str:
    raise AssertionError(f"{operation} is no expression over operands")


def _linear(_: ops.Linear, use: Use) -> str:
    return f"{use.module}({use.x}{'.flatten(1)' if use.read.spatial else ''})"


def _layer_norm(_: ops.LayerNorm, use: Use) -> str:
    if not use.read.spatial:
        return f"{use.module}({use.x})"
    return f"{use.module}({use.x}.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)"


def _activation(operation: ops.Activation, use: Use) -> str:
    return f"{FUNCTIONS[operation.function]}({use.x})"


def _pool(function: str) -> Expression:
    def write(pool: ops.Pool, use: Use) -> str:
        numbers = ", ".join(map(literal, (pool.kernel, pool.stride, pool.padding)))
        return f"{function}({use.x}, {numbers}{', ceil_mode=True' if pool.ceil else ''})"

    return write


def _upsample(operation: ops.Upsample, use: Use) -> str:
    mode = operation.mode
    # torch's `nearest` misplaces pixels at some factors past 40
    word = "nearest-exact" if mode is ops.Interpolation.NEAREST else mode.value
    return f'F.interpolate({use.x}, scale_factor={literal(operation.factor)}, mode="{word}")'


def _concat(_: ops.Concat, use: Use) -> str:
    first = use.x.removeprefix("*")
    whole = len(use.operands) == 1 and first.isidentifier()
    pieces = first if whole else f"[{', '.join(use.operands)}]"
    return f"torch.cat({pieces}, 1)"


EXPRESSIONS: Mapping[type[ops.Operation], Expression] = MappingProxyType(
    {
        ops.Input: _elsewhere,
        ops.Aggregate: _elsewhere,
        ops.Raw: _elsewhere,
        ops.Conv2d: lambda _, use: f"{use.module}({use.x})",
        ops.Linear: _linear,
        ops.BatchNorm: lambda _, use: f"{use.module}({use.x})",
        ops.LayerNorm: _layer_norm,
        ops.Activation: _activation,
        ops.LeakyRelu: lambda op, use: f"F.leaky_relu({use.x}, {op.slope})",
        ops.Elu: lambda op, use: f"F.elu({use.x}, {op.alpha})",
        ops.Softmax: lambda _, use: f"F.softmax({use.x}, 1)",
        ops.MaxPool: _pool("F.max_pool2d"),
        ops.AvgPool: _pool("F.avg_pool2d"),
        ops.GlobalAveragePool: lambda _, use: f"F.adaptive_avg_pool2d({use.x}, 1)",
        ops.Upsample: _upsample,
        ops.Add: lambda _, use: " + ".join(use.operands),
        ops.Mean: lambda _, use: f"({' + '.join(use.operands)}) / {len(use.operands)}",
        ops.Multiply: lambda _, use: " * ".join(use.operands),
        ops.Dropout: lambda op, use: f"F.dropout({use.x}, {op.rate}, self.training)",
        ops.Concat: _concat,
        ops.Slice: lambda op, use: f"{use.x}[:, {op.start}:{op.stop}]",
        ops.Shuffle: lambda op, use: f"F.channel_shuffle({use.x}, {op.groups})",
        ops.PadChannels: lambda op, use: f"F.pad({use.x}, (0, 0, 0, 0, 0, {op.zeros}))",
    }
)

FUNCTIONS: Mapping[ops.Function, str] = MappingProxyType(
    {
        ops.Function.RELU: "F.relu",
        ops.Function.RELU6: "F.relu6",
        ops.Function.SIGMOID: "torch.sigmoid",
        ops.Function.TANH: "torch.tanh",
        ops.Function.SILU: "F.silu",
        ops.Function.GELU: "F.gelu",
        ops.Function.HARD_SIGMOID: "F.hardsigmoid",
        ops.Function.HARD_SWISH: "F.hardswish",
    }
)


def literal(value: Value) -> str:
    if isinstance(value, Listed):
        return repr(value.values)
    if isinstance(value, tuple):
        return str(value[0]) if value[0] == value[1] else repr(value)
    return repr(value)
