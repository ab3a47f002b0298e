"""The input, and what a pass makes of an aggregation: operations whose types are given."""

from __future__ import annotations

from seqdsl.graph.operations.base import Family, Operation
from seqdsl.source.frozen import frozen_value

__all__ = ["Aggregate", "Input", "Raw"]


@frozen_value
class Input(Operation):
    """The network's input; its shape is the node's type."""

    name = "input"
    doc = ""
    family = Family.INPUT


@frozen_value
class Aggregate(Operation):
    """All groups of an aggregation at once (Eq. 1 and 2); a pass makes it, no source names it.

    Group i sees channels ``starts[i]`` up to the end of ``[x, x_1, ..., x_{i-1}]``, where x is the
    first operand. A second operand is the shortcut. It gives ``[x_1, ..., x_g]``.
    """

    groups: tuple[str, ...]  # the names of their scopes
    starts: tuple[int, ...]

    name = "aggregate"
    doc = ""
    family = Family.AGGREGATION


@frozen_value
class Raw(Operation):
    """The face of an `Aggregate` before its last batch norms (section 3.2)."""

    name = "raw"
    doc = ""
    family = Family.AGGREGATION


OPERATIONS: tuple[type[Operation], ...] = (Input, Aggregate, Raw)
