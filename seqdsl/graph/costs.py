"""What a network costs, by arithmetic on types, under named conventions (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen, frozen_value


@frozen_value
class Cost:
    """Counts for one sample; they add up over any part of a network."""

    params: int = 0  # trained parameters: weights and biases, no running statistics
    macs: int = 0  # multiply-accumulates of convolutions and linear layers, biases not counted
    normalized: int = 0  # elements that pass a batch norm
    activated: int = 0  # elements that pass an activation
    activations: int = 0  # elements that convolutions and linear layers put out

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.params + other.params,
            self.macs + other.macs,
            self.normalized + other.normalized,
            self.activated + other.activated,
            self.activations + other.activations,
        )

    def __mul__(self, count: int) -> Cost:
        return Cost(
            self.params * count,
            self.macs * count,
            self.normalized * count,
            self.activated * count,
            self.activations * count,
        )


ZERO = Cost()


@frozen
class Convention:
    """A way to make one number of a cost. ``giga`` is what its G stands for."""

    name: str
    heading: str  # of a column of its numbers
    description: str
    giga: int
    per_mac: int
    per_normalized: int = 0
    per_activated: int = 0

    def count(self, cost: Cost) -> int:
        return (
            self.per_mac * cost.macs
            + self.per_normalized * cost.normalized
            + self.per_activated * cost.activated
        )

    @property
    def note(self) -> str:
        """What is printed beside its numbers."""
        return f"{self.heading} for one sample: {self.description}"

    def scale(self, suffix: str) -> int:
        """What a suffix of a claim multiplies by: K, M, G, T, or none."""
        kilo = 1024 if self.giga == 2**30 else 1000
        return kilo ** ("KMGT".index(suffix) + 1) if suffix else 1


CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention("macs", "MACs", "multiply-accumulates, G = 10^9", 10**9, 1),
        Convention("flops", "FLOPs", "2 x multiply-accumulates, G = 10^9", 10**9, 2),
        # Identified by a fit to the nine FLOP figures of Tables 2 and 4; the paper does not
        # say how it counts.
        Convention(
            "paper",
            "FLOPs (paper)",
            "MACs + 4 a normalised element + 1 an activated one, G = 2^30 (found by fit)",
            2**30,
            1,
            4,
            1,
        ),
    )
}

MACS = CONVENTIONS["macs"]  # the convention wherever a claim or an option names no other


def node_cost(node: Node, operands: Sequence[TensorType]) -> Cost:
    """The cost of one operation on operands of these types."""
    operation = node.operation
    elements = node.type.elements
    match operation:
        case ops.Conv2d(width=width, groups=groups, kernel=(height, breadth), bias=bias):
            taps = operands[0].channels // groups * height * breadth
            return Cost(width * (taps + bias), elements * taps, activations=elements)
        case ops.Linear(width=width, bias=bias):
            taps = operands[0].elements
            return Cost(width * (taps + bias), width * taps, activations=elements)
        case ops.BatchNorm():
            return Cost(2 * node.type.channels, normalized=elements)
        case ops.Activation() | ops.LeakyRelu():
            return Cost(activated=elements)
        case _:
            return ZERO


def node_costs(nodes: Sequence[Node]) -> list[Cost]:
    """The cost of every node of a network, in their order."""
    return [node_cost(node, [nodes[i].type for i in node.operands]) for node in nodes]


def spell_count(count: int, digits: int, sign: str = "") -> str:
    """A count in so many digits, and a power of a thousand: ``11.9M``; ``sign`` as in a format."""
    for power, suffix in ((12, "T"), (9, "G"), (6, "M"), (3, "K")):
        if abs(count) >= 10**power:
            scaled = count / 10**power
            decimals = digits - len(str(int(abs(scaled))))
            return f"{scaled:{sign}.{max(decimals, 0)}f}{suffix}"
    return f"{count:{sign}}" if count else "0"


def total(costs: Sequence[Cost]) -> Cost:
    """The sum, made in one pass."""
    return Cost(
        sum(c.params for c in costs),
        sum(c.macs for c in costs),
        sum(c.normalized for c in costs),
        sum(c.activated for c in costs),
        sum(c.activations for c in costs),
    )
