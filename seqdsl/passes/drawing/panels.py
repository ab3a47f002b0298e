"""The inside of a layer of groups: which group sees which (Figures 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterable

from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.costs import total
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.tracing import Tracing
from seqdsl.passes.drawing.facts import Facts
from seqdsl.passes.drawing.placing import Placement, Unit
from seqdsl.passes.layer_text import text_of_group
from seqdsl.passes.structure import group_of
from seqdsl.passes.windows import windows
from seqdsl.source.frozen import frozen


@frozen
class Group:
    name: str  # `x1`
    facts: Facts
    seen: tuple[int, ...]  # channels that it reads of each source
    joined: bool  # by a shortcut


@frozen
class Panel:
    """The groups x_1 .. x_g of a layer over the sequence [x_{1-g'} .. x_0, x_1 .. x_{g-1}]."""

    inputs: tuple[int, ...]  # the channels of each group of the input
    groups: tuple[Group, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of what groups may see, in its order."""
        ahead = (f"x{number}" for number in range(1 - len(self.inputs), 1))
        return (*ahead, *(group.name for group in self.groups[:-1]))

    @property
    def rows(self) -> tuple[str, ...]:
        """A line for each group: ``x2 ← x-2, x-1, x0, x1``."""
        return tuple(f"{group.name} ← {', '.join(self._seen(group))}" for group in self.groups)

    def _seen(self, group: Group) -> list[str]:
        names = zip(self.sources, group.seen, strict=True)
        return [name for name, channels in names if channels]


def panels(placement: Placement, units: Iterable[Unit]) -> dict[str, Panel]:
    """The panel of each unit that is a layer of groups, by its key."""
    tracing = Tracing.at_inference(placement.network)
    return {
        unit.key: _panel(placement, unit, unit.subject, tracing)
        for unit in units
        if isinstance(unit.subject, Aggregation)
    }


def _panel(placement: Placement, unit: Unit, layer: Aggregation, tracing: Tracing) -> Panel:
    network = placement.network
    inside: dict[Scope, list[Node]] = {turn.scope: [] for turn in layer.read.values()}
    for node in unit.nodes:
        group = group_of(node)
        if group in inside:
            inside[group].append(node)
    found = windows(layer, inside, network, tracing, placement.shortcuts)
    count = placement.copies.count(unit.scope)
    groups = tuple(
        Group(
            f"x{number}",
            Facts(
                placement.copies.path(turn.scope),
                text_of_group(network.nodes, turn, nodes),
                ((sum(seen), *layer.type.spatial),),
                network.leaving[turn.scope],
                (nodes[-1].index,) if nodes else tuple({s.node for s in turn.gives.segments}),
                total([network.costs[node.index] for node in nodes]) * count,
                count,
                turn.scope.span,
                turn.scope.kind,
            ),
            seen,
            joined,
        )
        for (number, turn), nodes, seen, joined in zip(
            layer.read.items(), inside.values(), found.seen, found.joined, strict=True
        )
    )
    widths = (sum(segment.width for segment in segments) for segments in found.inputs)
    return Panel(tuple(widths), groups)
