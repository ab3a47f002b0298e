"""Conditions and repeats that no parameter decides: one way is never taken."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.expansion.evaluate import Poisoned, evaluate
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.values.constants import CONSTANTS
from seqdsl.semantic.values.value import Value
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in
from seqdsl.syntax.walk import bodies_of, calls, every_expression, statements


def check_constancy(module: LoadedModule) -> list[Diagnostic]:
    """Branches that are never or always taken, and repeats of nothing."""
    diagnostics: list[Diagnostic] = []
    for body in bodies_of(module.syntax):
        for statement in statements(body):
            match statement:
                case ast.If():
                    diagnostics.extend(_of_branches(statement, module))
                case ast.For(values=values):
                    value = _value(values, module)
                    if isinstance(value, tuple | range) and not value:
                        diagnostics.append(_idle(values.span, "a loop over nothing"))
                case _:
                    pass
        for call in calls(body):
            if call.times is not None and _value(call.times, module) == 0:
                diagnostics.append(_idle(call.times.span, "a layer that is repeated no times"))
        for expression in every_expression(body):
            if isinstance(expression, ast.Conditional):
                value = _value(expression.condition, module)
                if isinstance(value, bool):
                    diagnostics.append(_constant(expression.condition.span, value))
    return diagnostics


def _of_branches(statement: ast.If, module: LoadedModule) -> Iterator[Diagnostic]:
    seen: dict[str, Span] = {}
    for condition, _ in statement.branches:
        value = _value(condition, module)
        words = " ".join(condition.span.text.split())
        if isinstance(value, bool):
            yield _constant(condition.span, value)
        elif words in seen:
            yield Diagnostic(
                BY_NAME["dead-branch"],
                f"`{words}` was asked before, so this branch is never taken",
                Label(condition.span, "never reached"),
                (Label(seen[words], "the branch that is taken"),),
                help="remove the branch, or mend its condition",
            )
        seen.setdefault(words, condition.span)


def _value(expression: ast.Expression, module: LoadedModule) -> Value:
    """What an expression is whatever the parameters are; None where they decide."""
    if any(name.name not in CONSTANTS for name in names_in(expression)):
        return None
    scope = Scope(ScopeKind.NETWORK, "", "", None, expression.span)
    try:
        return evaluate(expression, Frame(module, scope, None, None))
    except (Failure, Poisoned):  # said where it is expanded
        return None


def _constant(span: Span, value: bool) -> Diagnostic:
    always = "always" if value else "never"
    return Diagnostic(
        BY_NAME["dead-branch"],
        f"`{' '.join(span.text.split())}` {always} holds: no parameter decides it",
        Label(span, f"{always} true"),
        help="keep what is taken, and remove the condition",
    )


def _idle(span: Span, what: str) -> Diagnostic:
    return Diagnostic(
        BY_NAME["dead-branch"], f"{what} does nothing", Label(span, "never runs"), help="remove it"
    )
