"""Proves that what is recorded of aggregations agrees with a network's nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seqdsl.graph.aggregations import Aggregation, Group, Turn
from seqdsl.graph.network import Network
from seqdsl.graph.problem import Problem
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.segment import Segment, joined
from seqdsl.graph.tracing import Tracing


def problems_of_aggregations(network: Network) -> Iterator[Problem]:
    """Every disagreement between the records of a network's aggregations and its nodes."""
    owner: dict[Scope, Aggregation] = {}
    paths: set[str] = set()
    for each in network.aggregations:
        if each.path in paths:
            yield _of(each, "another aggregation has its path")
        paths.add(each.path)
        if any(scope in owner for scope in each.scope.ancestry()):
            yield _of(each, "it comes after the one that it is in a group of")
        for group in each.groups:
            if group in owner:
                yield _of(each, f"{group.name} is of {owner[group].path} as well")
            owner[group] = each
    within: dict[Scope, set[int]] = {}
    for node in network.nodes:
        for scope in node.scope.ancestry():
            within.setdefault(scope, set()).add(node.index)
    for scope in within:
        if scope.kind is ScopeKind.GROUP and scope not in owner:
            yield Problem(f"scope {scope.path}", "it is a group of no aggregation", scope.span)
    tracing = Tracing(network) if network.aggregations else None
    for each in network.aggregations:
        if tracing is not None:
            yield from _Agreement(network, each, tracing, within).problems()


def _of(aggregation: Aggregation, message: str) -> Problem:
    return Problem(f"aggregation {aggregation.path}", message, aggregation.span)


class _Agreement:
    """One aggregation beside the nodes of its groups."""

    def __init__(
        self,
        network: Network,
        aggregation: Aggregation,
        tracing: Tracing,
        within: Mapping[Scope, set[int]],
    ) -> None:
        self._network = network
        self._each = aggregation
        self._tracing = tracing
        self._inside = {group: within.get(group, set()) for group in aggregation.groups}
        self._made = set().union(*self._inside.values())

    def problems(self) -> Iterator[Problem]:
        return (_of(self._each, message) for message in self._messages())

    def _messages(self) -> Iterator[str]:
        each = self._each
        if not each.turns:
            yield "it has no groups"
            return
        broken = [*self._segments()]
        yield from broken
        if broken:
            return
        sequence = list(each.inputs)
        for number, turn in enumerate(each.turns, 1):
            yield from (f"{turn.scope.name}: {m}" for m in self._turn(number, turn, sequence))
            sequence.append(turn.gives)
        yield from self._result(sequence)

    def _segments(self) -> Iterator[str]:
        """Channels that no node has, and groups whose channels are more than their width."""
        each = self._each
        groups = {f"x{i}": g for i, g in enumerate(each.inputs, 1 - len(each.inputs))}
        groups |= {f"x{i}": turn.gives for i, turn in enumerate(each.turns, 1)}
        result = Group(each.type.channels, each.result)
        for name, group in (*groups.items(), ("the result", result)):
            for segment in group.segments:
                if not self._exists(segment):
                    yield f"{name} is channels {_spelled(segment)}, which there are not"
            held = sum(segment.width for segment in group.segments)
            if held > group.width:
                yield f"{name} is {group.width} channels wide, and holds {held}"

    def _exists(self, segment: Segment) -> bool:
        nodes = self._network.nodes
        if not 0 <= segment.node < len(nodes):
            return False
        return 0 <= segment.start < segment.stop <= nodes[segment.node].type.channels

    def _faces(self, index: int) -> Iterator[int]:
        """A node, and the raw faces of what it gives (section 3.2)."""
        node = self._network.nodes[index]
        yield index
        while node.operation.has_faces:
            node = self._network.nodes[node.operands[0]]
            yield node.index

    def _turn(self, number: int, turn: Turn, sequence: Sequence[Group]) -> Iterator[str]:
        """What is wrong with group x_i, given [x_{1-g'}, ..., x_{i-1}]."""
        scope, count = turn.scope, len(self._each.turns)
        if scope.kind is not ScopeKind.GROUP or scope.parent is not self._each.scope:
            yield f"it is no group in {self._each.scope.path or 'the network'}"
        if scope.repeat != (number, count):
            yield f"its turn is {scope.repeat}, and it is {number} of {count}"
        if not turn.sees or any(not 1 <= offset <= len(sequence) for offset in turn.sees):
            yield f"it sees the offsets {turn.sees} of {len(sequence)} groups"
            return
        leaves = self._network.leaving.get(scope)
        if leaves is None or leaves.shape != (turn.gives.width, *self._each.type.spatial):
            yield f"it gives {turn.gives.width} channels, and {leaves} leaves it"
        inside = self._inside[scope]
        if turn.is_read != bool(inside or turn.gives.segments):
            yield f"it is {'' if turn.is_read else 'not '}read, and has {len(inside)} nodes"
        seen = {s.node for o in turn.sees for s in sequence[len(sequence) - o].segments}
        shown = {face for index in seen for face in self._faces(index)}
        strange = [i for i in self._read(inside) if i not in shown]
        if strange:
            yield f"it reads {self._paths(strange)}, which its window does not show"
        given = {segment.node for segment in turn.gives.segments}
        if not given <= inside | shown:
            yield f"it gives {self._paths(given - inside - shown)}, and neither makes nor sees it"

    def _read(self, inside: set[int]) -> set[int]:
        """The nodes of other groups that a group reads."""
        nodes, other = self._network.nodes, self._made - inside
        operands = {operand for index in inside for operand in nodes[index].operands}
        return {s.node for i in operands for s in self._tracing.of(i)} & other

    def _result(self, sequence: Sequence[Group]) -> Iterator[str]:
        """What leaves is the new groups, or with ``keep=input`` those before them as well."""
        each = self._each
        if sum(each.type.groups) != each.type.channels:
            yield f"its result is {each.type.channels} channels in groups of {each.type.groups}"
        if each.keep not in ("", "input"):
            return
        kept = sequence if each.keep else sequence[len(each.inputs) :]
        width = sum(group.width for group in kept)
        if each.type.channels != width:
            yield f"its result is {each.type}, and what is kept {width} channels"
        segments = joined(segment for group in kept for segment in group.segments)
        if joined(each.result) != segments:
            yield "its result is not what is kept, in that order"

    def _paths(self, indices: set[int] | list[int]) -> str:
        return ", ".join(self._network.nodes[index].path for index in sorted(indices)[:3])


def _spelled(segment: Segment) -> str:
    return f"{segment.start}..{segment.stop} of %{segment.node}"
