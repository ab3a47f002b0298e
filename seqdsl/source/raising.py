"""Raises and lowers limits: for a block of Python, and from what a user writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace

from seqdsl.source.limits import LIMITS, MOST, Limits
from seqdsl.source.suggest import nearest


@contextmanager
def limits(**raised: int) -> Iterator[Limits]:
    """Compile under other limits inside a block: ``with seqdsl.limits(nodes=400_000): ...``.

    docs/checking.md lists them. Raises ValueError, which says what is wrong, for an unknown name
    and for what is no count.
    """
    token = LIMITS.set(replace(LIMITS.get(), **_checked(raised)))
    try:
        yield LIMITS.get()
    finally:
        LIMITS.reset(token)


def read_limits(texts: list[str]) -> dict[str, int]:
    """The limits of ``NAME=VALUE`` each. Raises ValueError."""
    found: dict[str, int] = {}
    for text in texts:
        name, equal, value = text.partition("=")
        if not equal:
            raise ValueError(f"{text!r} is not of the form NAME=VALUE")
        digits = value.strip().replace("_", "")
        is_count = digits.isascii() and digits.isdecimal() and len(digits) <= 18
        found[name.strip()] = int(digits) if is_count else 0
    return _checked(found)


def _checked(raised: Mapping[str, int]) -> dict[str, int]:
    names = [field.name for field in fields(Limits)]
    for name, value in raised.items():
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near!r}?" if near else f"they are {', '.join(names)}"
            raise ValueError(f"no limit is called {name!r}: {hint}")
        if type(value) is not int or value < 1:
            raise ValueError(f"the limit {name!r} is a whole number above zero")
        if value > MOST.get(name, value):
            raise ValueError(f"the limit {name!r} is at most {MOST[name]}")
    return dict(raised)
