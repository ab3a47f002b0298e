"""A network as text, a node a line: the same network gives the same text."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from seqdsl.graph.network import Network
from seqdsl.graph.node import Node

# Attributes that go without saying.
PLAIN = {
    "stride": "1x1", "padding": "0x0", "dilation": "1x1", "groups": "1", "bias": "false",
    "init": "he", "eps": "1e-05", "momentum": "0.1", "ceil": "false", "mode": "nearest",
}  # fmt: skip


def dump(network: Network) -> str:
    """Every node in dataflow order under the path of its scope: ``%4 = concat(%0, %3): 6x8x8``.

    Attributes with their usual values are left out.
    """
    return "\n".join(_lines(network)) + "\n"


def _lines(network: Network) -> Iterator[str]:
    yield f"network {network.name}"
    scope = network.root
    for node in network.nodes:
        if node.scope is not scope:
            scope = node.scope
            yield scope.path or f"network {network.name}"
        yield f"  {spell_node(node)}"
    yield f"output %{network.output}"
    for output in network.further:
        yield f"output {output.name} %{output.index}"


def spell_node(node: Node) -> str:
    """``%4 = concat(%0, %3): 6x8x8``."""
    operands = ", ".join(f"%{index}" for index in node.operands)
    words = [f"%{node.index} = {node.kind}({operands})", *_attributes(node)]
    return f"{' '.join(words)}: {node.type}"


def _attributes(node: Node) -> Iterator[str]:
    for name, attribute in node.operation.attributes():
        value = spell(attribute)
        if PLAIN.get(name) != value:
            yield f"{name}={value}"


def spell(value: object) -> str:
    """An attribute's value, as the language writes it."""
    match value:
        case tuple():
            return "x".join(map(str, value))
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case _:
            return str(value)
