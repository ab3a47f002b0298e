"""The convolutions through which the groups of an aggregation see their windows."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.graph.aggregations import Aggregation, by_group
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Conv2d
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.tracing import Tracing
from seqdsl.source.frozen import frozen


@frozen
class Convolutions:
    """Those that one place in the body of an aggregation is: ``members[i]`` is the convolution of
    a group over its window (Eq. 1 and 2).

    All have one kernel, stride, padding and dilation, and maps of one size; a window is of the
    aggregation's input and of what earlier groups gave.
    """

    aggregation: Aggregation
    members: tuple[Node, ...]

    @property
    def key(self) -> str:
        """Unique in the network: the path of its first convolution."""
        return self.members[0].path


def scheduled_aggregations(network: Network, tracing: Tracing | None = None) -> list[Convolutions]:
    """Those that can be computed in more than one way."""
    found = _convolutions(network, tracing or Tracing.at_inference(network))
    return [each for each in found if len(each.members) > 1]


def _convolutions(network: Network, tracing: Tracing) -> list[Convolutions]:
    owner = by_group(network.aggregations)
    found: dict[tuple[Aggregation, str, Conv2d], list[Node]] = {}
    for node in network.nodes:
        group = _group(node)
        if group is None or not _reads_window(node, group, network, tracing):
            continue
        assert isinstance(node.operation, Conv2d)
        place = node.path[len(group.path) :]
        found.setdefault((owner[group], place, node.operation), []).append(node)
    return [Convolutions(each, tuple(nodes)) for (each, *_), nodes in found.items()]


def _group(node: Node) -> Scope | None:
    """The innermost group around a convolution that sees all of its input."""
    if not isinstance(node.operation, Conv2d) or node.operation.groups != 1:
        return None
    return next((s for s in node.scope.ancestry() if s.kind is ScopeKind.GROUP), None)


def _reads_window(node: Node, group: Scope, network: Network, tracing: Tracing) -> bool:
    """Whether all that a convolution reads was made outside of its group."""
    makers: Iterator[Node] = (network.nodes[p.node] for p in tracing.of(node.operands[0]))
    return all(group not in maker.scope.ancestry() for maker in makers)
