"""Replays a block that was expanded before on the like of its input: node by node, unevaluated.

A block sees its parameters and its input alone, so the same values and an input of the same make
give the same operations. Networks repeat, and most of an expansion is such a replay.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from seqdsl.graph.scope import Scope
from seqdsl.graph.segment import Segment
from seqdsl.semantic.expansion.frame import Broken
from seqdsl.semantic.expansion.layer_values import Layers
from seqdsl.semantic.primitives.dataflow import Added, Aggregated, Dataflow, Joined, Made, Placed
from seqdsl.semantic.values.value import Feature, Group, Value
from seqdsl.source.frozen import frozen
from seqdsl.source.limits import LIMITS
from seqdsl.source.meter import spend_on
from seqdsl.syntax import ast
from seqdsl.syntax.walk import names_of

MAX_GROUPS = 64  # of a feature map that a key is made of
MAX_ENTRIES = 50_000  # of the logs of networks of earlier versions


@frozen
class _Recording:
    """What one expansion of a block did: entries of the dataflow's log, and what it gave."""

    inputs: Sequence[int]  # the nodes that it was given, in the order of the key
    first: int
    last: int
    height: int  # of the scopes that it made, one in another
    scope: Scope
    result: Feature
    dataflow: Dataflow  # in whose log they are


@frozen
class Key:
    """Equal values for calls that expand alike, and the nodes that are theirs."""

    value: Hashable
    inputs: Sequence[int]


@dataclass(slots=True, eq=False)
class Replays:
    """The blocks that were expanded so far, by what they were given: in one network, in the others
    of its file, and in versions before, where `next_version` is told of a new one.
    """

    _known: dict[Hashable, _Recording] = field(default_factory=dict)  # the latest use last
    _read: dict[Sequence[ast.Statement], list[str]] = field(default_factory=dict)

    def next_version(self) -> None:
        """Forgets what was not used for long, with the networks that it is kept in."""
        self._read.clear()
        kept: set[Dataflow] = set()
        entries = 0
        for recording in reversed(self._known.values()):
            if recording.dataflow not in kept:
                entries += len(recording.dataflow.log)
                if kept and entries > MAX_ENTRIES:
                    self._known = {k: r for k, r in self._known.items() if r.dataflow in kept}
                    break
                kept.add(recording.dataflow)

    def key(
        self,
        callee: Hashable,
        operand: Feature,
        values: Iterable[Value | Broken],
        dataflow: Dataflow,
    ) -> Key | None:
        """The key of a call; None where what it was given can't be compared."""
        canon = _Canon(dataflow, self._read)
        try:
            value = (callee, canon.feature(operand), *map(canon.value, values))
        except _Incomparable:
            return None
        return Key(value, list(canon.slots))

    def record(
        self, key: Key, first: int, dataflow: Dataflow, scope: Scope, result: Feature
    ) -> None:
        """Keeps what a call did: the entries of the log from ``first`` on."""
        last = len(dataflow.log)
        made = (entry.scope.depth for entry in dataflow.log[first:last])
        height = max(made, default=scope.depth) - scope.depth
        self._keep(key, _Recording(key.inputs, first, last, height, scope, result, dataflow))

    def _keep(self, key: Key, recording: _Recording) -> None:
        self._known.pop(key.value, None)
        self._known[key.value] = recording

    def replay(self, key: Key, dataflow: Dataflow, scope: Scope) -> Feature | None:
        """Does again, in another scope, what a call of this key did; None if there was none."""
        known = self._known.get(key.value)
        if known is None or scope.depth + known.height > LIMITS.get().depth:
            return None  # expanded, it passes the limit at a place of the file
        start = len(dataflow.log)
        result = _replayed(known, key, dataflow, scope)
        if known.dataflow is not dataflow:  # lets go of the other network
            last, height = len(dataflow.log), known.height
            self._keep(key, _Recording(key.inputs, start, last, height, scope, result, dataflow))
        return result


def _replayed(known: _Recording, key: Key, dataflow: Dataflow, scope: Scope) -> Feature:
    nodes = dict(zip(known.inputs, key.inputs, strict=True))
    scopes = {known.scope: scope}
    made = known.dataflow.builder.nodes
    for entry in known.dataflow.log[known.first : known.last]:
        where = _moved(entry.scope, scopes, dataflow)
        match entry:
            case Joined(segments=segments, result=result):
                node, like = made[result], None
                if _is_in(node.scope, known.scope):
                    like = Made(_moved(node.scope, scopes, dataflow), node.span, node.type)
                nodes[result] = dataflow.join(_mapped(segments, nodes), where, entry.span, like)
            case Placed(segments=segments):
                dataflow.place(_mapped(segments, nodes), where, entry.span)
            case Added(result=result):
                operands = tuple([nodes[index] for index in entry.operands])
                nodes[result] = dataflow.copy(made[result], operands, where)
            case Aggregated(aggregation=aggregation):
                dataflow.aggregated(
                    aggregation.moved(
                        lambda each: _moved(each, scopes, dataflow),
                        lambda segments: _mapped(segments, nodes),
                    )
                )
    for old, new in scopes.items():
        if old in known.dataflow.leaving:
            dataflow.leaving[new] = known.dataflow.leaving[old]
        if old in known.dataflow.calls:
            dataflow.calls[new] = known.dataflow.calls[old]
    given = known.result
    raw = None if given.raw is None else tuple(_mapped(g, nodes) for g in given.raw)
    return Feature(tuple(_mapped(g, nodes) for g in given.groups), given.spatial, raw)


class _Incomparable(Exception):
    """A wide window seldom recurs, and its key would be long."""


class _Canon:
    """Names the nodes of feature maps by the order in which they appear."""

    def __init__(self, dataflow: Dataflow, read: dict[Sequence[ast.Statement], list[str]]) -> None:
        self._dataflow = dataflow
        self._read = read
        self.slots: dict[int, int] = {}
        self._braces: dict[tuple[int, int], int] = {}

    def value(self, value: Value | Broken) -> Hashable:
        if isinstance(value, Feature):
            return self.feature(value)
        if isinstance(value, tuple):
            spend_on(len(value))
            return tuple(map(self.value, value))
        if isinstance(value, Layers):
            return self._layers(value)
        return (type(value), value)

    def _layers(self, layers: Layers) -> Hashable:
        """Braces are alike where their statements are one, and the names that they read alike."""
        statements, frame = layers.statements, layers.frame
        number = self._braces.get((id(statements), id(frame)))
        if number is not None:  # braces that read others twice, and these others: 2^n of them
            return number
        self._braces[id(statements), id(frame)] = len(self._braces)
        names = self._read.get(statements)
        if names is None:
            names = self._read[statements] = _names(statements)
        seen: list[Hashable] = []
        for name in names:
            home, stage = frame.home(name), frame.stage(name)
            if home is not None:
                seen.append((name, self.value(home[name])))
            elif stage is not None:
                seen.append((name, self.value(stage)))
        return (statements, frame.module, frame.rules, tuple(seen))

    def feature(self, feature: Feature) -> Hashable:
        if len(feature.groups) > MAX_GROUPS:
            raise _Incomparable
        spend_on(len(feature.segments))
        raw = None if feature.raw is None else tuple(map(self._group, feature.raw))
        return (tuple(map(self._group, feature.groups)), feature.spatial, raw)

    def _group(self, group: Group) -> Hashable:
        return tuple((self._slot(s.node), s.start, s.stop) for s in group)

    def _slot(self, node: int) -> Hashable:
        slot = self.slots.get(node)
        if slot is not None:
            return slot
        self.slots[node] = slot = len(self.slots)
        return (slot, self._dataflow.builder.type_of(node))


def _names(statements: Sequence[ast.Statement]) -> list[str]:
    """The names that braces read, of which those around them may have values."""
    if not statements:
        return []
    return sorted(set(names_of(ast.Body(tuple(statements), statements[0].span))))


def _mapped(group: Group, nodes: dict[int, int]) -> Group:
    return tuple(Segment(nodes[s.node], s.start, s.stop) for s in group)


def _is_in(scope: Scope, around: Scope) -> bool:
    """Whether a scope is another, or inside of it."""
    each: Scope | None = scope
    while each is not None and each.depth > around.depth:
        each = each.parent
    return each is around


def _moved(scope: Scope, scopes: dict[Scope, Scope], dataflow: Dataflow) -> Scope:
    """The scope that stands where another stood when it was recorded."""
    known = scopes.get(scope)
    if known is None:
        assert scope.parent is not None
        spend_on(0)  # a call, as in an expansion: blocks within blocks make scopes and no nodes
        parent = _moved(scope.parent, scopes, dataflow)
        known = parent.child(scope.kind, scope.label, scope.name, scope.span, scope.repeat)
        dataflow.builder.take(parent, scope.name)
        scopes[scope] = known
    return known
