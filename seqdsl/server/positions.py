"""Between offsets of ours, in code points, and an editor's lines and UTF-16 units."""

from __future__ import annotations

from lsprotocol import types

from seqdsl.source.text import Source, Span


def position_of(source: Source, offset: int) -> types.Position:
    line, column = source.line_column(offset)
    start = source.line_start(line)
    return types.Position(line - 1, _units(source.text[start : start + column - 1]))


def range_of(span: Span) -> types.Range:
    return types.Range(position_of(span.source, span.start), position_of(span.source, span.end))


def offset_of(source: Source, position: types.Position) -> int:
    """The offset of a position; the end of its line, or of the text, for one that lies behind."""
    line = position.line + 1
    if line > source.lines:
        return len(source.text)
    text = source.line_text(line)
    if text.isascii():
        return source.line_start(line) + min(position.character, len(text))
    units = 0
    for index, character in enumerate(text):
        if units >= position.character:
            return source.line_start(line) + index
        units += _units(character)
    return source.line_start(line) + len(text)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
