"""A network as text, a node a line: the same network gives the same text."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum

from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Activation


def dump(network: Network) -> str:
    """Every node in dataflow order, as ``path = operation(operands; attributes): type``."""
    lines = [_line(network, node) for node in network.nodes]
    return "\n".join([network.name, *lines, f"-> {network.nodes[network.output].path}"]) + "\n"


def _line(network: Network, node: Node) -> str:
    operands = ", ".join(operand.path for operand in network.operand_nodes(node))
    attributes = _attributes(node)
    inside = f"{operands}; {attributes}" if attributes else operands
    return f"{node.path} = {node.kind}({inside}): {node.type}"


def _attributes(node: Node) -> str:
    if isinstance(node.operation, Activation):  # its kind tells all
        return ""
    pairs = ((f.name, getattr(node.operation, f.name)) for f in fields(node.operation))
    return ", ".join(f"{name}={_spell(value)}" for name, value in pairs)


def _spell(value: object) -> str:
    match value:
        case tuple():
            return "x".join(map(str, value))
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case _:
            return str(value)
