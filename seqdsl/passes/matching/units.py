"""Units of a state_dict: what belongs to one layer, on either side of an import.

Nothing here knows an operation: a unit is what shares all but the last part of its keys, and two
units fit where those last parts and the shapes are the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeAlias

from seqdsl.passes.matching.keys import is_counter
from seqdsl.source.frozen import frozen_value

Shape: TypeAlias = tuple[int, ...]

_NORM = ("bias", "running_mean", "running_var", "weight")
_ALIGNED = 5_000  # units past which a misfit is listed without an alignment: it grows as n^2
_LAST_NUMBER = re.compile(r"(.*?)(0|[1-9][0-9]{0,8})", re.DOTALL)


@frozen_value
class Entry:
    """One array of a state_dict."""

    key: str  # layer1.0.conv1.weight
    shape: Shape


@frozen_value
class Unit:
    """The entries of one layer: a convolution's weight and bias, a batch norm's four."""

    name: str  # layer1.0.conv1
    entries: tuple[tuple[str, Shape], ...]  # the last part of each key and its shape, sorted

    @property
    def signature(self) -> tuple[tuple[str, Shape], ...]:
        """Equal for units that fit: a linear weight fits that of a 1x1 convolution."""
        return tuple((leaf, squeezed(shape)) for leaf, shape in self.entries)

    def entry(self, leaf: str) -> Entry:
        return Entry(f"{self.name}.{leaf}" if self.name else leaf, dict(self.entries)[leaf])

    def __str__(self) -> str:
        """What it holds, for a table: ``64x3x7x7 + bias``, ``norm of 64``."""
        shapes = dict(self.entries)
        if tuple(shapes) == _NORM and len(set(shapes.values())) == 1:
            return f"norm of {spell(shapes['weight'])}"
        if "weight" in shapes and set(shapes) <= {"weight", "bias"}:
            return spell(shapes["weight"]) + (" + bias" if "bias" in shapes else "")
        return ", ".join(f"{leaf} {spell(shape)}" for leaf, shape in self.entries)


def spell(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "a scalar"


def squeezed(shape: Shape) -> Shape:
    """A weight's shape without the ones behind its two first axes."""
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def units(entries: Iterable[Entry]) -> list[Unit]:
    """The units of entries, in the order in which each begins."""
    found: dict[str, dict[str, Shape]] = {}
    for entry in entries:
        name, _, leaf = entry.key.rpartition(".")
        if not is_counter(entry.key):
            found.setdefault(name, {})[leaf] = entry.shape
    return [Unit(name, tuple(sorted(shapes.items()))) for name, shapes in found.items()]


def numbered(part: str) -> tuple[str, int | None]:
    """A part of a name as its stem and the number it ends in: ``conv2`` is ``conv``, 2."""
    match = _LAST_NUMBER.fullmatch(part)
    return (match[1], int(match[2])) if match else (part, None)


def surplus(ours: Sequence[Unit], theirs: Sequence[Unit]) -> list[tuple[Unit | None, Unit | None]]:
    """What has no counterpart of its signature: pairs that stand in each other's place, or one.

    Empty where both sides hold the same units, whatever their order.
    """
    a, b = [unit.signature for unit in ours], [unit.signature for unit in theirs]
    spare_ours, spare_theirs = Counter(a) - Counter(b), Counter(b) - Counter(a)
    if not spare_ours and not spare_theirs:
        return []
    found: list[tuple[Unit | None, Unit | None]] = []
    for a_start, a_stop, b_start, b_stop in _differing(a, b):
        mine = _take(ours[a_start:a_stop], spare_ours)
        other = _take(theirs[b_start:b_stop], spare_theirs)
        found += zip(mine, other, strict=False)
        paired = min(len(mine), len(other))
        found += [(unit, None) for unit in mine[paired:]]
        found += [(None, unit) for unit in other[paired:]]
    return found


def _differing(a: Sequence[object], b: Sequence[object]) -> Iterator[tuple[int, int, int, int]]:
    """The stretches of two sequences that do not align, as bounds in each."""
    if max(len(a), len(b)) > _ALIGNED:
        yield 0, len(a), 0, len(b)
        return
    for kind, *bounds in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind != "equal":
            a_start, a_stop, b_start, b_stop = bounds
            yield a_start, a_stop, b_start, b_stop


def _take(candidates: Sequence[Unit], spare: Counter[tuple[tuple[str, Shape], ...]]) -> list[Unit]:
    """Those of a signature that the other side has too few of."""
    taken = []
    for unit in candidates:
        if spare[unit.signature]:
            spare[unit.signature] -= 1
            taken.append(unit)
    return taken
