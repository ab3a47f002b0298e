"""What a scheduled network is expected to take on a CPU, node by node."""

from __future__ import annotations

from math import prod

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.source.frozen import frozen

_FLOAT = 4  # bytes


@frozen
class Machine:
    """How fast a machine is, as measured with single operations in onnxruntime."""

    call: float  # seconds that a node takes whatever its size
    rates: tuple[tuple[int, float], ...]  # from so many output channels on, MACs a second
    convolving: float  # bytes a second that a convolution reads and writes
    copying: float  # bytes a second of a concatenation, which runs on one core


# Two cores with AVX2, onnxruntime 1.31: fitted by hand to single operations that were timed.
CPU = Machine(
    call=4e-6,
    rates=((1, 42e9), (16, 72e9), (32, 93e9)),
    convolving=30e9,
    copying=12e9,
)


def seconds(node: Node, network: Network, batch: int, machine: Machine = CPU) -> float:
    """The time of one node. An activation, or a sum of two, is part of the convolution before."""
    written = _FLOAT * batch * node.type.elements
    if isinstance(node.operation, ops.Input) or node.operation.elementwise:
        return 0.0
    match node.operation:
        case ops.Add():
            return written / machine.convolving
        case ops.Concat():
            return machine.call + written / machine.copying
        case ops.Conv2d() as conv:
            (operand,) = node.operands
            source = network.nodes[operand].type
            macs = batch * node.type.elements * source.channels // conv.groups * prod(conv.kernel)
            moved = written + _FLOAT * batch * source.elements
            width = conv.width // conv.groups if conv.groups < conv.width else conv.width
            rate = max(r for least, r in machine.rates if width >= least)
            return machine.call + macs / rate + moved / machine.convolving
        case _:
            return machine.call + 2 * written / machine.convolving
