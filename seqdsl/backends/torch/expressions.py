"""Operations as Python expressions over tensors, as the emitted ``forward`` has them."""

from __future__ import annotations

from seqdsl.backends.torch.steps import Listed, Value
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import attribute_name


def expression(node: Node, operands: list[str], network: Network) -> str:
    """An operation as an expression over its operands."""
    x = operands[0]
    match node.operation:
        case ops.Conv2d() | ops.BatchNorm():
            return f"self.{attribute_name(node.name)}({x})"
        case ops.Linear():
            flat = x if not network.nodes[node.operands[0]].type.spatial else f"{x}.flatten(1)"
            return f"self.{attribute_name(node.name)}({flat})"
        case ops.Activation(function=ops.Function.SIGMOID | ops.Function.TANH as function):
            return f"torch.{function.value}({x})"
        case ops.Activation(function=function):
            return f"F.{function.value.replace('hard_', 'hard')}({x})"
        case ops.LeakyRelu(slope=slope):
            return f"F.leaky_relu({x}, {slope})"
        case ops.MaxPool(kernel, stride, padding, ceil):
            return f"F.max_pool2d({x}, {_pooling(kernel, stride, padding, ceil)})"
        case ops.AvgPool(kernel, stride, padding, ceil):
            return f"F.avg_pool2d({x}, {_pooling(kernel, stride, padding, ceil)})"
        case ops.GlobalAveragePool():
            return f"F.adaptive_avg_pool2d({x}, 1)"
        case ops.Upsample(factor=factor, mode=mode):
            # torch's `nearest` misplaces pixels at some factors past 40
            word = "nearest-exact" if mode is ops.Interpolation.NEAREST else mode.value
            return f'F.interpolate({x}, scale_factor={literal(factor)}, mode="{word}")'
        case ops.Dropout(rate=rate):
            return f"F.dropout({x}, {rate}, self.training)"
        case ops.Add():
            return " + ".join(operands)
        case ops.Mean():
            return f"({' + '.join(operands)}) / {len(operands)}"
        case ops.Multiply():
            return " * ".join(operands)
        case ops.Concat():
            whole = len(operands) == 1 and operands[0].removeprefix("*").isidentifier()
            pieces = operands[0].removeprefix("*") if whole else f"[{', '.join(operands)}]"
            return f"torch.cat({pieces}, 1)"
        case ops.Shuffle(groups=groups):
            return f"F.channel_shuffle({x}, {groups})"
        case ops.PadChannels(zeros=zeros):
            return f"F.pad({x}, (0, 0, 0, 0, 0, {zeros}))"
        case ops.Slice(start=start, stop=stop):
            return f"{x}[:, {start}:{stop}]"
        case ops.Softmax():
            return f"F.softmax({x}, 1)"
        case ops.Input() | ops.Aggregate() | ops.Raw():
            raise AssertionError("no expression over operands")


def nests(text: str) -> bool:
    """Whether an expression is short and shallow enough to be an operand of another."""
    return len(text) <= 44 and text.count("(") <= 2


def _pooling(kernel: ops.Pair, stride: ops.Pair, padding: ops.Pair, ceil: bool) -> str:
    numbers = ", ".join(map(literal, (kernel, stride, padding)))
    return f"{numbers}, ceil_mode=True" if ceil else numbers


def literal(value: Value) -> str:
    if isinstance(value, Listed):
        return repr(value.values)
    if isinstance(value, tuple):
        return str(value[0]) if value[0] == value[1] else repr(value)
    return repr(value)
