"""What the statements of a file cost, and the diagnostic where that is past a limit."""

from __future__ import annotations

from seqdsl.graph.scope import Scope
from seqdsl.semantic.values.locate import diagnostic
from seqdsl.semantic.values.value import Feature
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.meter import PIECES, OverLimit
from seqdsl.source.text import Span
from seqdsl.syntax import ast

_CHARACTERS = 8  # of an expression that take as long to evaluate as a statement
FAILURE = 20  # statements that take as long as a finding, and as much memory


def work_of(statement: ast.Statement, flow: object = None) -> int:
    """Statements that take as long as this one on what flows, less what is in its braces."""
    match statement:
        case ast.For(values=values):
            length = _length(values.span)
        case ast.If(branches=branches):
            length = sum(_length(condition.span) for condition, _ in branches)
        case ast.Train(settings=settings):
            length = sum(_length(setting.span) for setting in settings)
        case _:
            length = _length(statement.span)
    groups = len(flow.groups) if isinstance(flow, Feature) else 0
    return 1 + length // _CHARACTERS + groups // PIECES


def over_limit(limit: OverLimit, span: Span, scope: Scope) -> Diagnostic:
    """The finding that a place of a file is where a limit was passed."""
    return diagnostic(limit.code, limit.message, span, scope, help=limit.help)


def _length(span: Span) -> int:
    return span.end - span.start
