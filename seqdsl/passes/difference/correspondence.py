"""Which items of two networks correspond: the equal ones first, then the like, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import TypeAlias, TypeVar

from seqdsl.passes.difference.alignment import best_pairs, equal_stretches
from seqdsl.passes.difference.outline import Item
from seqdsl.passes.difference.traits import Trait, describe, traits

Items: TypeAlias = Sequence[Item]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Match:
    """Items of one structure, or two layers that are alike; or what only one network has.

    ``times`` is how often an item stands in the one and in the other network, where what only
    one of them has is a repeat of what both have.
    """

    before: Item | None
    after: Item | None
    times: tuple[int, int] | None = None


def stage_pairs(a: Items, b: Items) -> Iterator[tuple[Item | None, Item | None]]:
    """The stages that correspond, in order, by their names and by what they hold."""
    i = j = 0
    for k, m, size in equal_stretches([*map(_named, a)], [*map(_named, b)]):
        left, right = a[i:k], b[j:m]
        yield from _filled(left, right, best_pairs(left, right, _named, _stage_score))
        yield from zip(a[k : k + size], b[m : m + size], strict=True)
        i, j = k + size, m + size


def _filled(
    a: Items, b: Items, pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[Item | None, Item | None]]:
    """The pairs, and alone what stands between them."""
    i = j = 0
    for k, m in [*pairs, (len(a), len(b))]:
        yield from ((x, None) for x in a[i:k])
        yield from ((None, y) for y in b[j:m])
        if k < len(a):
            yield a[k], b[m]
        i, j = k + 1, m + 1


def _named(stage: Item) -> bytes:
    return stage.label.encode() + stage.key


def _stage_score(x: Item, y: Item) -> float:
    same, overlap = x.label == y.label or x.key == y.key, _overlap(x, y)
    if not same and overlap < 0.5:
        return 0
    return 4 * (x.label == y.label) + 2 * (x.key == y.key) + overlap


def _overlap(x: Item, y: Item) -> float:
    """How much two items hold layers about the same, from 0 to 1."""
    return _share(x.genera, y.genera)


def _share(a: Counter[T], b: Counter[T]) -> float:
    return 2 * (a & b).total() / (a.total() + b.total())


class Matcher:
    """Matches the items of stages. What is known of a structure is kept for all that have it."""

    def __init__(self) -> None:
        self._traits: dict[bytes, dict[str, Trait]] = {}

    def matches(self, a: Items, b: Items) -> Iterator[Match]:
        """Every item of two sequences, or what it holds, in a match."""
        stretches = equal_stretches([x.key for x in a], [y.key for y in b])
        siblings = _Siblings(a, b, stretches)
        i = j = 0
        for k, m, size in stretches:
            yield from self._gap(a[i:k], b[j:m], siblings)
            for x, y in zip(a[k : k + size], b[m : m + size], strict=True):
                yield Match(x, y)
            i, j = k + size, m + size

    def _gap(self, a: Items, b: Items, siblings: _Siblings) -> Iterator[Match]:
        """What stands between equal items: runs of one structure that are alike, and the rest."""
        left, right = _runs(a), _runs(b)
        i = j = 0
        pairs = best_pairs(left, right, _key_of_run, lambda r, s: self._score(r[0], s[0]))
        for k, m in [*pairs, (len(left), len(right))]:
            yield from self._unlike(_unfolded(left[i:k]), _unfolded(right[j:m]), siblings)
            if k < len(left):
                yield from self._run(left[k], right[m], siblings)
            i, j = k + 1, m + 1

    def _run(self, a: Items, b: Items, siblings: _Siblings) -> Iterator[Match]:
        for x, y in zip_longest(a, b):
            if x is None or y is None:
                yield Match(x, y, siblings.times(a[0], b[0], x is None))
            elif x.key == y.key or not (x.items or y.items):
                yield Match(x, y)
            else:
                yield from self.matches(x.items, y.items)

    def _unlike(self, a: Items, b: Items, siblings: _Siblings) -> Iterator[Match]:
        """Items without a counterpart; but the layers of blocks against layers without a block."""
        if a and b and any(x.items for x in a) != any(y.items for y in b):
            yield from self.matches(_opened(a), _opened(b))
            return
        yield from (Match(x, None, siblings.repeated(x, False)) for x in a)
        yield from (Match(None, y, siblings.repeated(y, True)) for y in b)

    def _score(self, x: Item, y: Item) -> float:
        """How like two items are; 0 where they are of different kinds."""
        if bool(x.items) != bool(y.items):
            return 0
        named, overlap = x.label == y.label, _overlap(x, y)
        if not x.items:
            return 2 + named + self._likeness(x, y) if overlap else 0
        same = _share(x.structures, y.structures)
        return 2 + named + overlap + same if named or same >= 0.5 else 0

    def _likeness(self, x: Item, y: Item) -> float:
        """The share of attributes that two layers have in common, from 0 to 1."""
        before, after = self._traits_of(x), self._traits_of(y)
        names = {*before, *after} - {"in"}  # what a layer reads is up to others
        equal = sum(before.get(name) == after.get(name) for name in names)
        return equal / len(names) if names else 1

    def _traits_of(self, layer: Item) -> dict[str, Trait]:
        if layer.key not in self._traits:
            self._traits[layer.key] = traits(layer)
        return self._traits[layer.key]


class _Siblings:
    """How often items stand among their siblings: blocks of one name, layers of one look."""

    def __init__(self, a: Items, b: Items, stretches: Sequence[tuple[int, int, int]]) -> None:
        self._count: dict[Item, int] = {}
        self._run: dict[Item, int] = {}
        self._partner: dict[tuple[int, bytes], Item] = {}  # of a structure in a run
        number = 0
        for side in (a, b):
            for _, members in groupby(side, key=_look):
                run = list(members)
                number += 1
                self._count.update(dict.fromkeys(run, len(run)))
                self._run.update(dict.fromkeys(run, number))
        for i, j, size in stretches:
            for x, y in zip(a[i : i + size], b[j : j + size], strict=True):
                self._partner.setdefault((self._run[x], x.key), y)
                self._partner.setdefault((self._run[y], y.key), x)

    def times(self, x: Item, y: Item, more: bool) -> tuple[int, int] | None:
        """How often both stand there, if that is more often, or else less often, in the second."""
        before, after = self._count[x], self._count[y]
        return (before, after) if (before < after if more else before > after) else None

    def repeated(self, item: Item, more: bool) -> tuple[int, int] | None:
        """`times` for an item without a counterpart beside an equal one that has one."""
        partner = self._partner.get((self._run[item], item.key))
        if partner is None:
            return None
        return self.times(partner, item, True) if more else self.times(item, partner, False)


def _look(item: Item) -> str:
    return item.label if item.items else f"{item.label} {describe(item)}"


def _runs(items: Items) -> list[list[Item]]:
    """Neighbours of one structure, together."""
    return [list(members) for _, members in groupby(items, key=lambda item: item.key)]


def _unfolded(runs: Sequence[Items]) -> list[Item]:
    return [item for run in runs for item in run]


def _key_of_run(run: Items) -> bytes:
    return run[0].key


def _opened(items: Items) -> list[Item]:
    """What blocks hold, in their place."""
    return [inner for item in items for inner in item.items or (item,)]
