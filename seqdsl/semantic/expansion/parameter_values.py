"""Enters a block or network: gives its parameters their values."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.scope import Scope
from seqdsl.semantic.expansion.evaluate import evaluate
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.values.binding import Actual, Formal, bind
from seqdsl.semantic.values.value import Value
from seqdsl.source.text import Span
from seqdsl.syntax import ast


def bind_into(
    inner: Frame,
    what: str,
    formals: Sequence[Formal],
    actuals: Sequence[Actual],
    span: Span,
    caller: Scope,
) -> None:
    """Binds the parameters of a block or network in the frame of its braces."""

    def default(expression: ast.Expression, bound: dict[str, Value]) -> Value:
        inner.values.update(bound)
        return evaluate(expression, inner)

    inner.values.update(bind(what, formals, actuals, span, caller, default))
