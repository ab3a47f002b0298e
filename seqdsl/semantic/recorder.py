"""Remembers which layers an expansion applied, so that a network can be written out again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from seqdsl.graph.scope import Scope
from seqdsl.semantic.binding import Actual
from seqdsl.semantic.frame import Frame
from seqdsl.semantic.values import Feature, Layer
from seqdsl.source.frozen import frozen
from seqdsl.syntax import ast


@frozen
class Applied:
    """A layer that was applied. ``replaced`` tells that a rule has changed something in it."""

    layer: Layer
    given: Sequence[Actual]  # the arguments of the call, less what a block added to them
    operand: Feature
    result: Feature
    scope: Scope | None  # of a block
    braces: bool
    replaced: bool


@frozen
class Named:
    """``skip = in | conv 1x1, 64``, or an output of the network."""

    name: str
    output: bool
    source: Feature
    applied: Sequence[Applied]
    result: Feature


@frozen
class Entered:
    """A stage, or the network's input."""

    statement: ast.Stage | ast.InputShape
    scope: Scope
    shape: str  # what is claimed of the stage, or the input's shape; empty for no claim
    result: Feature


@frozen
class Aggregated:
    statement: ast.Aggregate
    frame: Frame
    result: Feature


Record: TypeAlias = Applied | Named | Entered | Aggregated


class Recorder:
    """The records of each pair of braces: those of a scope itself, and those passed to it."""

    def __init__(self) -> None:
        self.records: dict[tuple[Scope, bool], list[Record]] = defaultdict(list)

    def of(self, frame: Frame) -> list[Record]:
        return self.records[frame.scope, frame.passed]

    def name(
        self,
        statement: ast.Let | ast.Output,
        frame: Frame,
        first: int,
        source: Feature,
        result: Feature,
    ) -> None:
        """Makes a named value, or an output, of the layers that were applied since ``first``."""
        records = self.of(frame)
        applied = [record for record in records[first:] if isinstance(record, Applied)]
        output = isinstance(statement, ast.Output)
        records[first:] = [Named(statement.name, output, source, applied, result)]
