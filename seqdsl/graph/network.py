"""A compiled network: its nodes in dataflow order, and the networkx graph over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.calls import Call
from seqdsl.graph.claims import Claim
from seqdsl.graph.costs import Cost, total
from seqdsl.graph.node import Node, node_costs
from seqdsl.graph.operations import Softmax
from seqdsl.graph.recipe import Training
from seqdsl.graph.scope import Scope
from seqdsl.graph.statistics import Level, Part, parts
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen_value
from seqdsl.source.timing import stage

if TYPE_CHECKING:
    import networkx


OWN_NAMES = ("logits", "probabilities")  # what a model calls its own outputs


@frozen_value
class Output:
    """One of the values that a network gives: its name, and the index of its node."""

    name: str
    index: int


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """One network with all its parameters bound.

    ``nodes`` are in dataflow order: every node comes after the nodes it reads, and an output
    reads each. ``output`` is the index of the node that flows at the end.
    """

    name: str
    nodes: tuple[Node, ...]
    output: int
    root: Scope
    leaving: Mapping[Scope, TensorType]  # what each block, group, stage and the network gives
    claims: tuple[Claim, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()  # each bound parameter and its value, as printed
    doc: str = ""
    further: tuple[Output, ...] = ()  # the outputs that the source names, in its order
    training: Training | None = None  # what the source says of how it is trained
    aggregations: tuple[Aggregation, ...] = ()  # one in a group of another comes before that
    calls: Mapping[Scope, Call] = field(default_factory=dict)  # of blocks, those around first

    def __repr__(self) -> str:
        return (
            f"<Network {self.name}: {len(self.nodes):,} nodes, {self.params:,} params, "
            f"{self.macs:,} MACs, {self.input.type} -> {self.nodes[self.output].type}>"
        )

    @cached_property
    def graph(self) -> networkx.MultiDiGraph[int]:
        """The dataflow graph: nodes are indices with a ``node`` attribute (`Node`), an edge is
        a tensor with its ``operand`` position at the reader.
        """
        import networkx

        graph: networkx.MultiDiGraph[int] = networkx.MultiDiGraph(name=self.name)
        graph.add_nodes_from((node.index, {"node": node}) for node in self.nodes)
        for node in self.nodes:
            for position, source in enumerate(node.operands):
                graph.add_edge(source, node.index, position, operand=position)
        return graph

    @cached_property
    def readers(self) -> list[int]:
        """How many nodes and outputs read each node."""
        readers = [0] * len(self.nodes)
        for node in self.nodes:
            for operand in node.operands:
                readers[operand] += 1
        for index in {self.output, *(output.index for output in self.further)}:
            readers[index] += 1
        return readers

    @cached_property
    def costs(self) -> list[Cost]:
        """What each node costs for one sample, in their order."""
        with stage("count"):
            return node_costs(self.nodes)

    @cached_property
    def cost(self) -> Cost:
        """What one sample costs, over all nodes: a `Cost`."""
        costs = self.costs
        with stage("count"):
            return total(costs)

    def stats(self, level: Level = Level.STAGE) -> list[Part]:
        """What each part of a level costs, in dataflow order; they add up to `cost`."""
        with stage("count"):
            return parts(self.nodes, self.costs, level, self.leaving, self.aggregations)

    @property
    def params(self) -> int:
        """Trained parameters; a batch norm's running statistics are none."""
        return self.cost.params

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers, for one sample."""
        return self.cost.macs

    @property
    def input(self) -> Node:
        """The first node; its ``type.shape`` is that of a sample: ``(channels, height, width)``."""
        return self.nodes[0]

    @property
    def logits(self) -> Node:
        """The output, or what its closing softmax reads: what a loss takes."""
        output = self.nodes[self.output]
        if isinstance(output.operation, Softmax):
            return self.nodes[output.operands[0]]
        return output

    @property
    def returned(self) -> tuple[Output, ...]:
        """What a torch module gives: the logits, then the further outputs."""
        return (Output("logits", self.logits.index), *self.further)
