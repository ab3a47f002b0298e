"""Finds the parts of a network that repeat one another, so that a drawing can show one for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.outline import PER_CHANNEL, ROUTING, Outline
from seqdsl.passes.routes import cut, merged, routed


class Copies:
    """Runs of copies: neighbours from one call, equal in structure and in every number.

    Of a run, each copy but the last is read by the next alone, all but the first read the same
    of the copy before, and what they read from elsewhere the first reads, too: so the first
    can stand for all, with what leaves the last leaving it.
    """

    def __init__(self) -> None:
        self._first: dict[Scope, Scope] = {}
        self._times: dict[Scope, int] = {}
        self._paths: dict[Scope, str] = {}

    def add(self, run: Sequence[Scope]) -> None:
        self._first.update(dict.fromkeys(run, run[0]))
        self._times[run[0]] = len(run)

    def times(self, scope: Scope) -> int:
        """How many copies a scope stands for, of those that stand in its parent."""
        return self._times.get(scope, 1)

    def count(self, scope: Scope) -> int:
        """How many copies a scope stands for in the whole network."""
        count = 1
        for around in scope.ancestry():
            count *= self.times(around)
        return count

    def stands(self, scope: Scope) -> bool:
        """Whether a scope stands for itself, and no other copy for it or for one around it."""
        return all(self._first.get(around, around) is around for around in scope.ancestry())

    def path(self, scope: Scope) -> str:
        """The path of the scope that stands for one."""
        known = self._paths.get(scope)
        if known is None:
            first = self._first.get(scope, scope)
            around = "" if first.parent is None else self.path(first.parent)
            known = f"{around}/{first.name}" if around else first.name if first.parent else ""
            self._paths[scope] = known
        return known


def find_copies(network: Network, outline: Outline, apart: str | None = None) -> Copies:
    """The runs of copies in a network; no scope around the path ``apart`` is in one."""
    return _Finder(network, outline, apart).find()


# Channels of a source, from and up to. A source is a row of a copy, or _OUTSIDE, or a mark: that
# stands for a source and an operation on each channel that was passed on the way.
Piece: TypeAlias = tuple[object, int, int]
Pieces: TypeAlias = list[Piece]
_OUTSIDE = -1


@dataclass(slots=True)
class _Copy:
    """A scope, told so that its copies tell the same.

    ``rows`` has the place, operation, shape and operands of each operation that is not routing.
    The channels that come from outside are numbered in the order of their first use; ``outside``
    lists them as (where the numbers begin, node, start, stop).
    """

    steps: range  # its place among all operations that are not routing
    nodes: frozenset[int]
    rows: list[object] = field(default_factory=list)
    outside: list[tuple[int, int, int, int]] = field(default_factory=list)
    values: dict[int, Pieces] = field(default_factory=dict)  # what each node inside is, by index


class _Finder:
    def __init__(self, network: Network, outline: Outline, apart: str | None) -> None:
        self._network = network
        self._outline = outline
        self._apart = "" if apart is None else f"{apart}/"
        calls = [call for scopes in outline.children.values() for call in _calls(scopes)]
        inside: dict[Scope, list[Node]] = {s: [] for call in calls if len(call) > 1 for s in call}
        self._inside = inside
        self._readers: dict[int, list[int]] = {}
        self._steps: dict[int, int] = {}
        self._marks: dict[object, object] = {}  # one for all copies, by what it stands for
        for node in network.nodes:
            if not isinstance(node.operation, ROUTING):
                self._steps[node.index] = len(self._steps)
            for scope in node.scope.ancestry():
                if scope in inside:
                    inside[scope].append(node)
            for operand in node.operands:
                self._readers.setdefault(operand, []).append(node.index)

    def find(self) -> Copies:
        copies = Copies()
        waiting = [self._network.root]
        while waiting:
            scopes = self._outline.children.get(waiting.pop(), ())
            for call in _calls(scopes):
                for run in self._runs(call):
                    copies.add(run)
            # A group is drawn whole: its parts are no boxes.
            waiting += (
                scope
                for scope in scopes
                if scope.kind is not ScopeKind.GROUP and copies.stands(scope)
            )
        return copies

    def _runs(self, call: Sequence[Scope]) -> Iterator[list[Scope]]:
        """The longest runs of copies among the scopes of one call."""
        if len(call) == 1 or any(self._apart.startswith(f"{scope.path}/") for scope in call):
            yield from ([scope] for scope in call)
            return
        run = [call[0]]
        before = self._copy(call[0])
        link: list[object] | None = None
        for scope in call[1:]:
            copy = self._copy(scope)
            found = self._link(before, copy)
            if found is None or (len(run) > 1 and found != link):
                yield run
                run = []
            run.append(scope)
            before, link = copy, found
        yield run

    def _link(self, before: _Copy, copy: _Copy) -> list[object] | None:
        """What a copy reads of the one before it and of elsewhere; None where it is none."""
        if before.rows != copy.rows or before.steps.stop != copy.steps.start:
            return None
        both = before.nodes | copy.nodes
        if any(not both.issuperset(self._readers.get(index, ())) for index in before.nodes):
            return None
        link: list[object] = []
        known = set(before.outside)
        for entry in copy.outside:
            number, source, start, stop = entry
            if source in before.values:
                link.append((number, cut(before.values[source], start, stop)))
            elif entry in known:
                link.append(entry)
            else:
                return None
        return link

    def _copy(self, scope: Scope) -> _Copy:
        nodes = self._inside[scope]
        steps = [self._steps[node.index] for node in nodes if node.index in self._steps]
        where = range(steps[0], steps[-1] + 1) if steps else range(0)
        copy = _Copy(where, frozenset(node.index for node in nodes))
        if len(steps) != len(where):
            copy.rows.append(scope)  # something stands between its parts: it is like no other
        numbers = _Numbers(copy.outside)
        for node in nodes:
            if node.index not in self._steps:
                continue
            place = node.scope.path.removeprefix(scope.path)
            read = [self._pieces(operand, copy, numbers) for operand in node.operands]
            value: Pieces
            if isinstance(node.operation, PER_CHANNEL):
                value = [
                    (self._mark((source, node.operation, place)), start, stop)
                    for source, start, stop in read[0]
                ]
            else:
                value = [(len(copy.rows), 0, node.type.channels)]
                copy.rows.append((place, node.operation, node.type.shape, read))
            copy.values[node.index] = value
        copy.rows.append(self._network.leaving[scope].shape)
        return copy

    def _mark(self, passed: object) -> object:
        return self._marks.setdefault(passed, ("mark", len(self._marks)))

    def _pieces(self, operand: int, copy: _Copy, numbers: _Numbers) -> Pieces:
        """What an operand is made of, be it one tensor or several."""
        pieces: list[Piece] = []
        for source, start, stop in routed(self._network, operand):
            if source in copy.values:
                pieces += cut(copy.values[source], start, stop)
            else:
                pieces += numbers.pieces(source, start, stop)
        return merged(pieces)


class _Numbers:
    """Numbers the channels that come into a copy."""

    def __init__(self, outside: list[tuple[int, int, int, int]]) -> None:
        self._outside = outside
        self._known: dict[int, list[tuple[int, int, int]]] = {}  # by node: start, stop, number
        self._next = 0

    def pieces(self, source: int, start: int, stop: int) -> Iterator[Piece]:
        known = self._known.setdefault(source, [])
        while start < stop:
            number, end = self._find(known, start, stop)
            if number is None:
                number = self._next
                self._next += end - start
                known.append((start, end, number))
                self._outside.append((number, source, start, end))
            yield _OUTSIDE, number, number + end - start
            start = end

    @staticmethod
    def _find(
        known: Sequence[tuple[int, int, int]], start: int, stop: int
    ) -> tuple[int | None, int]:
        """The number of a channel, if it has one, and up to where that goes on."""
        for first, last, number in known:
            if first <= start < last:
                return number + start - first, min(stop, last)
        return None, min([stop, *(first for first, _, _ in known if first > start)])


def _calls(scopes: Sequence[Scope]) -> Iterator[list[Scope]]:
    """Neighbouring blocks of one call: a ``repeat``, or a ``for`` around it."""
    call: list[Scope] = []
    for scope in scopes:
        if scope.kind is not ScopeKind.BLOCK:
            continue
        if call and (call[0].label, call[0].span) != (scope.label, scope.span):
            yield call
            call = []
        call.append(scope)
    if call:
        yield call
