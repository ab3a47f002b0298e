"""The limits that keep the compilation of any file short and small, and how each is raised."""

from __future__ import annotations

from contextvars import ContextVar

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
MOST = {"nesting": 100, "depth": 60}

INTEGERS = "torch and ONNX count in 64 bits: no option raises this"
_USUAL = Limits()
LIMITS: ContextVar[Limits] = ContextVar("limits", default=_USUAL)


def way_on(name: str, needed: int = 0) -> str:
    """How a limit is raised, as the end of a diagnostic's help: to what is needed, or doubled."""
    present: int = getattr(LIMITS.get(), name)
    most = MOST.get(name)
    if most == present:
        return f"{most} is the most that `--limit {name}` can be"
    wanted = max(needed, 2 * present) if most is None else min(max(needed, 2 * present), most)
    return f"`--limit {name}={wanted}` raises the limit"
