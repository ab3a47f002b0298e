"""One use of a layer that is built in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from fractions import Fraction
from typing import TypeAlias, cast

from seqdsl.graph import operations as ops
from seqdsl.graph.scope import Scope
from seqdsl.semantic.primitives.dataflow import Dataflow
from seqdsl.semantic.values.binding import Actual, Formal
from seqdsl.semantic.values.locate import fail
from seqdsl.semantic.values.value import Feature, Group, SizeValue, Value, show
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span

Attribute: TypeAlias = int | float | tuple[int, ...] | Enum


@frozen
class Application:
    """One use of a primitive: where, on what, with what."""

    dataflow: Dataflow
    entry: Feature  # `in` where it stands
    operand: Feature  # `it`
    features: tuple[Feature, ...]  # the positional feature maps, where it takes several
    values: dict[str, Value]
    arguments: Sequence[Actual]  # as given, less the feature maps
    formals: Sequence[Formal]
    scope: Scope
    span: Span

    def apply(self, operation: ops.Operation, *operands: Feature) -> Feature:
        """The operation over its operands, or else over `it`, and the faces that it gives."""
        if operation.elementwise:
            made = self.dataflow.each(operation, self.operand, self.scope, self.span)
        else:
            read = operands or (self.operand,)
            made = self.dataflow.apply(operation, read, self.scope, self.span)
        return Feature(made.groups, made.spatial, self._raw(operation.face))

    def _raw(self, face: ops.Face) -> tuple[Group, ...] | None:
        match face:
            case ops.Face.LOST:
                return None
            case ops.Face.OPENED:
                return self.operand.groups
            case ops.Face.KEPT:
                return self.operand.raw
            case ops.Face.ACTIVATED:
                return self.operand.raw_face.groups

    def make(self, kind: type[ops.Operation], **given: Attribute) -> ops.Operation:
        """An operation with the settings of the call; ``given`` are worked out elsewhere."""
        for setting in kind.settings or ():
            value = self.values[setting.name]
            if setting.name not in given:
                self._require(setting, value)
                given[setting.name] = _attribute(setting, value)
        return kind(**given)

    def _require(self, setting: ops.Setting, value: Value) -> None:
        """Raises `Failure` for a number that a setting can't be."""
        if setting.range is None or setting.range.holds(cast(Fraction, value)):
            return
        raise fail(
            "not-positive",
            f"`{setting.name}` must be {setting.range.words}, and this is {show(value)}",
            self.span_of(setting.name),
            self.scope,
            label=f"= {show(value)}",
            help=f"give `{setting.name}` a number {setting.range.words}",
        )

    def pair(self, name: str) -> ops.Pair:
        return cast(ops.Pair, cast(SizeValue, self.values[name]).values)

    def int(self, name: str) -> int:
        return cast(int, self.values[name])

    def span_of(self, name: str) -> Span:
        """Where a parameter's argument stands, or else the call."""
        positional = iter(self.formals)
        spans = {(a.name or next(positional).name): a.span for a in self.arguments}
        return spans.get(name, self.span)

    def value_span(self, name: str) -> Span:
        """Where a parameter's argument stands, less its name."""
        span = self.span_of(name)
        start = span.start + span.text.find("=") + 1
        value = span.text[start - span.start :]
        return Span(span.source, span.end - len(value.lstrip()), span.end)


def _attribute(setting: ops.Setting, value: Value) -> Attribute:
    """A value of the language as an operation holds it."""
    if isinstance(value, SizeValue):
        return value.values
    return float(cast(Fraction, value)) if setting.type == "number" else cast(Attribute, value)


Apply: TypeAlias = Callable[[Application], Feature]


@frozen
class Primitive:
    name: str
    formals: tuple[Formal, ...]
    apply: Apply
    doc: str
    several: bool = False  # takes any number of feature maps
