"""A backend's table has a row for each operation; here is what is said where one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from seqdsl.graph.node import Node
from seqdsl.graph.operations import Operation
from seqdsl.semantic.values.locate import fail

T = TypeVar("T")


def row_of(table: Mapping[type[Operation], T], node: Node, backend: str) -> T:
    """The row of a node's operation. Raises `Failure`, at the node's statement, without one."""
    found = table.get(type(node.operation))
    if found is None:
        raise fail(
            "backend",
            f"{backend} has no row for `{node.kind}`",
            node.span,
            node.scope,
            label="made here",
            help="add one to the table of that backend: each operation needs a row",
        )
    return found
