"""What each name of a file stands for, as text."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.semantic.names.resolve import Names
from seqdsl.semantic.names.symbols import Reference
from seqdsl.source.text import Source, Span


def dump(names: Names, source: Source) -> str:
    """A line for each place of a source that names something.

    ``4:3 conv -> block conv (std/prelude.seq:9:7)``
    """
    found = sorted(names.references, key=_place)
    return "".join(f"{line}\n" for line in _lines(found, source))


def _place(reference: Reference) -> tuple[int, int]:
    return reference.span.start, reference.span.end


def _lines(references: list[Reference], own: Source) -> Iterator[str]:
    for reference in references:
        span, symbol = reference.span, reference.symbol
        home = f" ({_spelled(symbol.span, own)})" if symbol.span else ""
        yield f"{span.line}:{span.column} {span.text} -> {symbol.kind.value} {symbol.name}{home}"


def _spelled(span: Span, own: Source) -> str:
    return f"{span.line}:{span.column}" if span.source is own else str(span)
