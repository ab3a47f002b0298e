"""Remembers what an expansion did, as a tree, so that the network can be written out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from seqdsl.graph.scope import Scope
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.expansion.layer_values import BlockLayer, PrimitiveLayer
from seqdsl.semantic.values.binding import Actual
from seqdsl.semantic.values.value import Feature, Value
from seqdsl.source.frozen import frozen
from seqdsl.syntax import ast


@frozen
class Applied:
    """A primitive or block that was applied, and what happened in the block."""

    layer: PrimitiveLayer | BlockLayer
    call: ast.Call
    frame: Frame  # of the call
    entry: Feature  # `in` where the call is
    given: Sequence[Actual]  # the arguments of the call
    added: Sequence[Actual]  # those that a block added to a layer of its braces
    operand: Feature
    result: Feature
    scope: Scope | None  # of a block
    inside: Sequence[Record]


@frozen
class Ran:
    """Braces that a block was given, or some of their statements, each time that it ran them."""

    statements: Sequence[ast.Statement]
    frame: Frame  # whose names they see
    added: bool  # whether the block added arguments
    operand: Feature
    result: Feature
    inside: Sequence[Record]


@frozen
class Replaced:
    """What a derived network put in place of a layer."""

    call: ast.Call
    frame: Frame  # of the call
    inside: Sequence[Record]


@frozen
class Named:
    """``skip = in | conv 1x1, 64``, or an output of the network."""

    statement: ast.Let | ast.Output
    frame: Frame
    source: Feature
    result: Feature
    inside: Sequence[Record]


@frozen
class Staged:
    statement: ast.Stage
    scope: Scope
    claim: Value  # the size that is claimed, or None
    operand: Feature
    result: Feature
    inside: Sequence[Record]


@frozen
class Grouped:
    """One group of an aggregation."""

    window: Value  # None where it is not given
    seen: Feature
    result: Feature
    inside: Sequence[Record]


@frozen
class Aggregated:
    statement: ast.Aggregate
    operand: Feature
    result: Feature
    keep: Value
    turns: Sequence[Grouped]


@frozen
class Fed:
    """The network's input."""

    result: Feature


@frozen
class Claimed:
    statement: ast.Expect


Record: TypeAlias = Applied | Ran | Replaced | Named | Staged | Aggregated | Fed | Claimed


class Recorder:
    """The records of one expansion, in their order; those of braces are inside of one."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.result: Feature | None = None  # what flows at the end of the network

    def add(self, record: Record) -> None:
        self.records.append(record)

    @contextmanager
    def inside(self) -> Iterator[list[Record]]:
        """What is recorded meanwhile goes into a list of its own."""
        around, self.records = self.records, []
        try:
            yield self.records
        finally:
            self.records = around
