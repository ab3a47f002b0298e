"""Frozen dataclasses for what a compiler makes by the thousand.

The type checker holds them frozen. The interpreter does not: that would make each class three
times as slow to define, which every start of a command pays for, and each instance as slow again
to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False)
def frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots that is equal to itself alone."""
    return dataclass(slots=True, eq=False)(cls)


@dataclass_transform(frozen_default=True)
def frozen_value(cls: type[T]) -> type[T]:
    """A dataclass with slots that is equal to what has the same fields."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
