"""Diagnostics of an expansion: put where the user wrote, with the chain that led there."""

from __future__ import annotations

from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.source.codes import BY_NAME, CodeName
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.fix import Fix
from seqdsl.source.text import Span


def fail(
    code: CodeName,
    message: str,
    span: Span,
    scope: Scope,
    *,
    label: str = "",
    secondary: tuple[Label, ...] = (),
    help: str | None = None,
    fix: Fix | None = None,
) -> Failure:
    """The failure of one statement.

    Where the statement stands in the library, the user's call that led there comes first.
    """
    return Failure(
        diagnostic(code, message, span, scope, label=label, secondary=secondary, help=help, fix=fix)
    )


def diagnostic(
    code: CodeName,
    message: str,
    span: Span,
    scope: Scope,
    *,
    label: str = "",
    secondary: tuple[Label, ...] = (),
    help: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    where = user_span(span, scope)
    if where is not span:
        secondary = (*secondary, Label(span, label or "found here"))
        label = "in the expansion of this"
        fix = None  # the library is not for the user to mend
    if span.source.given:
        fix = None
    return Diagnostic(
        BY_NAME[code], message, Label(where, label), secondary, scope.chain(), help, fix=fix
    )


def user_span(span: Span, scope: Scope) -> Span:
    """The innermost span around a statement that is not the library's."""
    if not span.source.library:
        return span
    for outer in scope.ancestry():
        if not outer.span.source.library:
            return outer.span
    return span


def origin(node: Node) -> Span:
    """Where the user wrote what became this node."""
    return user_span(node.span, node.scope)
