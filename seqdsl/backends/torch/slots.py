"""The numbers in which instances of one emitted class differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Listed:
    """A number for each turn of a loop."""

    values: tuple[int, ...]


Value: TypeAlias = "int | float | bool | tuple[int, int] | Listed"


@dataclass(frozen=True, slots=True)
class Slot:
    """One number inside a module: an attribute of an operation, or an argument of a child.

    ``value`` is None where an instance lacks the step that has it. ``runs`` says that ``forward``
    reads the number too, and ``default`` is what it is where nothing is said. Only numbers of one
    ``kind``, which is the name where nothing is said, share a parameter.
    """

    name: str
    value: Value | None
    default: Value | None = None
    runs: bool = False
    kind: str = ""

    @property
    def family(self) -> str:
        kind = self.kind or self.name
        return "channels" if kind in _CHANNELS else kind


_CHANNELS = frozenset({"channels", "in_channels", "width", "in_features", "start", "stop"})
