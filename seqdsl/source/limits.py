"""The limits that keep the compilation of any file short and small, and how each is raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, replace

from seqdsl.source.frozen import frozen_value


@frozen_value
class Limits:
    """What a file may cost. No network that we know of comes near any of them."""

    bytes: int = 200_000  # of a source
    nesting: int = 64  # brackets at once, or parts of an expression within one another
    repeat: int = 10_000  # turns of a repeat, and the values of a range, a list or a path
    nodes: int = 200_000  # of all networks of a file
    edges: int = 500_000  # of all networks of a file, and the pieces of a feature map
    statements: int = 1_000_000  # run for all networks of a file, or other work that takes as long
    depth: int = 48  # blocks within blocks
    imports: int = 256  # files
    seconds: int = 5  # of the processor, for one network; the largest here takes a tenth of one


# Past these the interpreter's own stack would be the limit, and it can't tell where it is.
_MOST = {"nesting": 100, "depth": 60}

INTEGERS = "torch and ONNX count in 64 bits: no option raises this"
_USUAL = Limits()
LIMITS: ContextVar[Limits] = ContextVar("limits", default=_USUAL)


@contextmanager
def limits(**raised: int) -> Iterator[Limits]:
    """Other limits for what is compiled inside: ``with seqdsl.limits(nodes=400_000): ...``.

    Raises ValueError, which says what is wrong, for an unknown name and for what is no count.
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


def way_on(name: str, needed: int = 0) -> str:
    """How a limit is raised, as the end of a diagnostic's help: to what is needed, or doubled."""
    present: int = getattr(LIMITS.get(), name)
    most = _MOST.get(name)
    if most == present:
        return f"{most} is the most that `--limit {name}` can be"
    wanted = max(needed, 2 * present) if most is None else min(max(needed, 2 * present), most)
    return f"`--limit {name}={wanted}` raises the limit"


def _checked(raised: Mapping[str, int]) -> dict[str, int]:
    names = [field.name for field in fields(Limits)]
    for name, value in raised.items():
        if name not in names:
            from seqdsl.source.suggest import nearest

            near = nearest(name, names)
            hint = f"did you mean {near!r}?" if near else f"they are {', '.join(names)}"
            raise ValueError(f"no limit is called {name!r}: {hint}")
        if type(value) is not int or value < 1:
            raise ValueError(f"the limit {name!r} is a whole number above zero")
        if value > _MOST.get(name, value):
            raise ValueError(f"the limit {name!r} is at most {_MOST[name]}")
    return dict(raised)
