"""The orders in which a checkpoint's units can be met: what its names and its file tell.

A state of an `Order` stands for the units that were met; each step meets one more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from seqdsl.passes.matching.units import numbered

_DEEPEST = 64  # parts of a name past which its numbers say nothing


class Order(Protocol):
    """Traversals of units: the empty state is 0."""

    def following(self, state: int) -> Iterable[tuple[int, int]]:
        """Each unit that can come next, and the state behind it."""
        ...


class Registered:
    """One traversal: the order in which the modules were registered."""

    def following(self, state: int) -> Iterable[tuple[int, int]]:
        return ((state, state + 1),)


class Numbered:
    """All traversals that keep a module's units together and numbered siblings in order.

    Siblings share all but the last part of their names; ``layer1`` and ``layer2`` are numbered,
    and so are ``0`` and ``1``. A state is a bit mask of units.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._root = _Branch()
        for index, name in enumerate(names):
            self._root.insert(index, name.split("."))

    def following(self, state: int) -> Iterator[tuple[int, int]]:
        branch: _Branch | None = self._root
        at = self._root
        while branch is not None:
            at, branch = branch, branch.begun(state)
        opened = at.next_children(state)
        while opened:
            child = opened.pop()
            if child.unit is not None and not child.children:
                yield child.unit, state | child.mask
            else:
                opened += child.next_children(state)


@dataclass(slots=True)
class _Branch:
    """A module of the names' tree; one with entries of its own has them in a child ``""``."""

    stem: str = ""
    number: int | None = None
    unit: int | None = None
    mask: int = 0  # the units in it
    children: dict[str, _Branch] = field(default_factory=dict)

    def insert(self, index: int, parts: list[str]) -> None:
        branch = self
        for part in parts:
            branch.mask |= 1 << index
            branch = branch._child(part)
        if branch.children:
            branch.mask |= 1 << index
            branch = branch._child("")
        branch.mask |= 1 << index
        branch.unit = index

    def _child(self, part: str) -> _Branch:
        if self.unit is not None and not self.children:
            self.children[""] = _Branch(unit=self.unit, mask=1 << self.unit)
        if part not in self.children:
            self.children[part] = _Branch(*numbered(part))
        return self.children[part]

    def begun(self, state: int) -> _Branch | None:
        """The child that was entered and not left."""
        for child in self.children.values():
            if 0 != child.mask & state != child.mask:
                return child
        return None

    def next_children(self, state: int) -> list[_Branch]:
        """The children that can be entered: the lowest number of each stem."""
        free: list[_Branch] = []
        lowest: dict[str, tuple[int, _Branch]] = {}
        for child in self.children.values():
            if child.mask & state:
                continue
            if child.number is None:
                free.append(child)
            elif child.stem not in lowest or child.number < lowest[child.stem][0]:
                lowest[child.stem] = child.number, child
        return free + [child for _, child in lowest.values()]


def series(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Units whose names differ in one number alone, by that number: ``conv1, conv2, conv3``.

    The number ends a part of the name. A list holds indices of ``names``, two or more.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for index, name in enumerate(names):
        parts = name.split(".")
        if len(parts) > _DEEPEST:
            continue
        for position, part in enumerate(parts):
            stem, number = numbered(part)
            if number is not None:
                key = ".".join([*parts[:position], f"{stem}\0", *parts[position + 1 :]])
                found.setdefault(key, []).append((number, index))
    ordered = (sorted(members) for members in found.values() if len(members) > 1)
    return [tuple(index for _, index in members) for members in ordered]
