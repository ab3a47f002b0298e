"""Finds the parts of a network that repeat one another, so that a drawing can show one for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.difference.cells import Cell, cells_of, key_and_inlets
from seqdsl.passes.structure import Outline


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

    def folded(self) -> dict[str, str]:
        """The path of each copy that another stands for, and the path of that."""
        pairs = ((s, first) for s, first in self._first.items() if s is not first)
        return {scope.path: self.path(first) for scope, first in pairs}

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


@dataclass(frozen=True, slots=True)
class _Copy:
    """A scope: its operations, and what its copies have equal."""

    cells: range  # by index
    nodes: frozenset[int]  # by index, those that only gather channels among them
    form: object
    inlets: tuple[tuple[int, int, int, int], ...]  # (channels before, cell, start, stop)


class _Finder:
    def __init__(self, network: Network, outline: Outline, apart: str | None) -> None:
        self._network = network
        self._outline = outline
        self._apart = "" if apart is None else f"{apart}/"
        calls = [call for scopes in outline.children.values() for call in _calls(scopes)]
        several = {scope for call in calls if len(call) > 1 for scope in call}
        self._cells: dict[Scope, list[Cell]] = {scope: [] for scope in several}
        self._nodes: dict[Scope, list[int]] = {scope: [] for scope in several}
        for cell in cells_of(network)[0]:
            for scope in several.intersection(cell.scopes):
                self._cells[scope].append(cell)
        for node in network.nodes:
            for scope in several.intersection(node.scope.ancestry()):
                self._nodes[scope].append(node.index)

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
            found = None if before is None or copy is None else self._link(before, copy)
            if found is None or (len(run) > 1 and found != link):
                yield run
                run = []
            run.append(scope)
            before, link = copy, found
        yield run

    def _copy(self, scope: Scope) -> _Copy | None:
        """What a scope holds; None where nothing, or something stands between its parts."""
        cells = self._cells[scope]
        if not cells or cells[-1].index - cells[0].index >= len(cells):
            return None
        key, inlets = key_and_inlets(cells)
        starts = accumulate((inlet.stop - inlet.start for inlet in inlets), initial=0)
        shown = tuple(
            (cell.node.scope.path.removeprefix(scope.path), cell.width, cell.node.type.spatial)
            for cell in cells
        )
        return _Copy(
            range(cells[0].index, cells[-1].index + 1),
            frozenset(self._nodes[scope]),
            (key, shown, self._network.leaving[scope].shape),
            tuple((at, i.cell, i.start, i.stop) for at, i in zip(starts, inlets, strict=False)),
        )

    def _link(self, before: _Copy, copy: _Copy) -> list[object] | None:
        """What a copy reads of the one before it and of elsewhere; None where it is none."""
        if before.form != copy.form or before.cells.stop != copy.cells.start:
            return None
        both = before.nodes | copy.nodes
        read = (reader.index for index in before.nodes for reader in self._outline.readers(index))
        if not both.issuperset(read) or before.nodes & self._outline.given:
            return None
        link: list[object] = []
        known = set(before.inlets)
        for inlet in copy.inlets:
            at, cell, start, stop = inlet
            if cell in before.cells:
                link.append((at, cell - before.cells.start, start, stop))
            elif inlet in known:
                link.append(inlet)
            else:
                return None
        return link


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
