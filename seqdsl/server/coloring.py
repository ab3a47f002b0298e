"""Semantic tokens: what each word of a file stands for, beyond what a pattern can see."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from seqdsl.semantic.names.symbols import Kind
from seqdsl.server.analysis import Analysis
from seqdsl.server.positions import position_of
from seqdsl.source.text import Span
from seqdsl.syntax import ast

TOKEN_TYPES = ("class", "function", "parameter", "variable", "namespace", "enumMember")
MODIFIERS = ("declaration", "defaultLibrary")
LEGEND = types.SemanticTokensLegend(list(TOKEN_TYPES), list(MODIFIERS))

_OF_KIND = {
    Kind.NETWORK: "class",
    Kind.MODEL: "class",
    Kind.BLOCK: "function",
    Kind.PRIMITIVE: "function",
    Kind.PARAMETER: "parameter",
    Kind.VALUE: "variable",
    Kind.INDEX: "variable",
    Kind.STAGE: "namespace",
    Kind.CONSTANT: "enumMember",
}


def semantic_tokens(analysis: Analysis) -> types.SemanticTokens:
    """Five numbers a token, each place told from the one before, as the protocol has it."""
    data: list[int] = []
    line = column = 0
    for span, kind, modifiers in sorted(_tokens(analysis), key=lambda each: each[0].start):
        start, end = position_of(span.source, span.start), position_of(span.source, span.end)
        ahead = start.character - (column if start.line == line else 0)
        length = end.character - start.character
        data += [start.line - line, ahead, length, TOKEN_TYPES.index(kind), modifiers]
        line, column = start.line, start.character
    return types.SemanticTokens(data)


def _tokens(analysis: Analysis) -> Iterator[tuple[Span, str, int]]:
    """The names of a file, each place once."""
    seen: set[int] = set()
    for symbol in analysis.names.symbols:
        if symbol.span is not None and symbol.span.start not in seen:
            seen.add(symbol.span.start)
            yield symbol.span, _OF_KIND[symbol.kind], 1
    for reference in analysis.names.references:
        span, symbol = reference.span, reference.symbol
        if span.start not in seen:
            seen.add(span.start)
            built_in = symbol.span is None or symbol.span.source.library
            yield span, _OF_KIND[symbol.kind], 2 if built_in else 0
    for item in analysis.module.syntax.items:
        if isinstance(item, ast.Use) and item.library:
            yield item.target_span, "namespace", 2
