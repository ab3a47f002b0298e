"""Frozen dataclasses for what a compiler makes by the thousand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False)
def frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots, equal to itself alone, that the type checker holds frozen.

    The interpreter does not: that would make each class three times as slow to define, which
    every start of a command pays for, and each instance as slow again to make.
    """
    return dataclass(slots=True, eq=False)(cls)
