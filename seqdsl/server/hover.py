"""What a hover tells of the name or statement under the pointer."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from seqdsl.graph.costs import ZERO
from seqdsl.graph.recipe import ABOUT
from seqdsl.semantic.names.modules import reachable
from seqdsl.semantic.names.symbols import Kind, Symbol
from seqdsl.semantic.rules.arguments import type_name
from seqdsl.semantic.values.binding import name_of
from seqdsl.semantic.values.types import TYPES
from seqdsl.server.analysis import Analysis
from seqdsl.server.describe import (
    about_type,
    budget,
    documentation,
    formal,
    formals,
    shape,
    signature,
)
from seqdsl.server.navigation import definition_of
from seqdsl.server.positions import range_of
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies_of, calls, recipes, statements

MAX_PASSAGES = 4
MAX_NETWORKS = 4


def hover(analysis: Analysis, offset: int) -> types.Hover | None:
    found = analysis.symbol_at(offset)
    statement = _statement_at(analysis, offset)
    parts: list[str] = []
    span = None
    if found is not None:
        span, symbol = found
        parts.append(_of_symbol(analysis, symbol))
    typed = _type_at(analysis, offset)
    if typed is not None:
        span = type_name(typed)
        parts.append(f"`{typed.name}`: {TYPES[typed.name].description}")
    word = _training_at(analysis, offset)
    if word is not None:
        span = word
        parts.append(f"`{word.text}`: {ABOUT[word.text]}")
    flowing = _flowing(analysis, found, statement)
    if flowing is not None:
        parts.append(_of_statement(analysis, flowing))
        span = span or flowing
    text = "\n\n---\n\n".join(filter(None, parts))
    if not text or span is None:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), range_of(span))


def _type_at(analysis: Analysis, offset: int) -> ast.Type | None:
    """The type of a parameter under a position."""
    for item in analysis.module.syntax.items:
        if isinstance(item, ast.Network | ast.Derived | ast.Block):
            for type in filter(None, (parameter.type for parameter in item.parameters)):
                if type.span.start <= offset <= type.span.end and type.name in TYPES:
                    return type
    return None


def _training_at(analysis: Analysis, offset: int) -> Span | None:
    """The word under a position that names a recipe, or a setting of one."""
    for train in recipes(analysis.module.syntax):
        for span in (train.recipe_span, *map(name_of, train.settings)):
            if span is not None and span.start <= offset <= span.end and span.text in ABOUT:
                return span
    return None


def _flowing(
    analysis: Analysis, found: tuple[Span, Symbol] | None, statement: ast.Statement | None
) -> Span | None:
    """The statement whose flow is told: a value's own, or the one under the pointer."""
    if found is not None and found[1].kind in (Kind.VALUE, Kind.STAGE):
        for body in bodies_of(analysis.module.syntax):
            for each in statements(body):
                if isinstance(each, ast.Let | ast.Stage) and each.name_span == found[1].span:
                    return each.span
    return None if statement is None else statement.span


def _statement_at(analysis: Analysis, offset: int) -> ast.Statement | None:
    """The innermost statement whose heading holds a position."""
    found: ast.Statement | None = None
    for body in bodies_of(analysis.module.syntax):
        if body.span.start <= offset <= body.span.end:
            for each in (*statements(body), *calls(body)):
                if each.span.start <= offset <= each.span.end and (
                    found is None or each.span.start >= found.span.start
                ):
                    found = each
    return found


def _of_symbol(analysis: Analysis, symbol: Symbol) -> str:
    if symbol.kind is Kind.PARAMETER:
        return _of_parameter(analysis, symbol)
    definition = definition_of(analysis.program, symbol)
    lines = [f"```seq\n{signature(symbol, definition)}\n```"]
    doc = documentation(symbol, definition)
    if doc:
        lines.append(doc)
    if isinstance(definition, ast.Network | ast.Derived | ast.Model):
        lines += [
            f"**{network.name}**: {budget(network.cost)}, {len(network.nodes):,} operations"
            for network in analysis.networks
            if network.name == definition.name
        ]
    return "\n\n".join(lines)


def _of_parameter(analysis: Analysis, symbol: Symbol) -> str:
    for module in reachable(analysis.module):
        for definition in module.own.values():
            for each in formals(Symbol(Kind.BLOCK, definition.name, None), definition):
                if each.span == symbol.span:
                    text = f"```seq\n{formal(each)}\n```\n\nparameter of `{definition.name}`"
                    return f"{text}: {about_type(each)}"
    return f"```seq\nparameter {symbol.name}\n```"


def _of_statement(analysis: Analysis, span: Span) -> str:
    passages = analysis.passages(span)
    rows = [
        f"| `{shape(p.entry) if p.entry else 'nothing'}` | `{shape(p.result)}` |"
        for p in passages[:MAX_PASSAGES]
    ]
    if not rows:
        return ""
    lines = ["| in | out |\n| --- | --- |\n" + "\n".join(rows)]
    if len(passages) > MAX_PASSAGES:
        lines.append(f"and {len(passages) - MAX_PASSAGES} more")
    costs = [(n.name, budget(cost)) for n, cost in analysis.costs(span) if cost != ZERO]
    return "\n\n".join([*lines, *_budgets(costs)])


def _budgets(costs: Sequence[tuple[str, str]]) -> list[str]:
    """What it costs; the networks are named where they differ."""
    if len({text for _, text in costs}) == 1:
        return [costs[0][1]]
    return [f"{name}: {text}" for name, text in costs[:MAX_NETWORKS]]
