"""Symbols and folding: the shape of a file."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from seqdsl.server.analysis import Analysis
from seqdsl.server.positions import range_of
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies, bodies_of, statements

_KINDS = {
    ast.Network: types.SymbolKind.Class,
    ast.Derived: types.SymbolKind.Class,
    ast.Model: types.SymbolKind.Object,
    ast.Block: types.SymbolKind.Function,
}


def document_symbols(analysis: Analysis) -> list[types.DocumentSymbol]:
    """Networks, models and blocks, with their stages in them."""
    return [
        types.DocumentSymbol(
            item.name,
            _KINDS[type(item)],
            range_of(item.span),
            range_of(item.name_span),
            detail=item.network if isinstance(item, ast.Model) else "",
            children=_stages(item.body) if isinstance(item, ast.Network | ast.Block) else [],
        )
        for item in analysis.module.syntax.items
        if not isinstance(item, ast.Use)
    ]


def _stages(body: ast.Body) -> list[types.DocumentSymbol]:
    return [
        types.DocumentSymbol(
            statement.name,
            types.SymbolKind.Namespace,
            range_of(statement.span.to(statement.body.span)),
            range_of(statement.name_span),
            detail="" if statement.claim is None else f"→ {statement.claim.span.text}",
            children=_stages(statement.body),
        )
        for statement in body.statements
        if isinstance(statement, ast.Stage)
    ]


def folding_ranges(analysis: Analysis) -> list[types.FoldingRange]:
    """Braces over several lines, and runs of comments and imports."""
    ranges = [
        types.FoldingRange(span.line - 1, end - 1)
        for span, end in _braces(analysis)
        if end > span.line
    ]
    lines = analysis.source.text.split("\n")
    for first, last in _runs(lines, "#"):
        ranges.append(types.FoldingRange(first, last, kind=types.FoldingRangeKind.Comment))
    for first, last in _runs(lines, "use "):
        ranges.append(types.FoldingRange(first, last, kind=types.FoldingRangeKind.Imports))
    return ranges


def _braces(analysis: Analysis) -> Iterator[tuple[Span, int]]:
    """Each pair of braces, and the line before its last where that holds the brace alone."""
    for body in bodies_of(analysis.module.syntax):
        inner = (b for statement in statements(body) for b in bodies(statement))
        for each in (body, *inner):
            end = each.span.source.line_column(each.span.end)[0]
            yield each.span, end - 1


def _runs(lines: list[str], start: str) -> Iterator[tuple[int, int]]:
    """Runs of two lines or more that begin so."""
    first = None
    for number, line in enumerate([*lines, ""]):
        if line.lstrip().startswith(start):
            first = number if first is None else first
        elif first is not None:
            if number - first > 1:
                yield first, number - 1
            first = None
