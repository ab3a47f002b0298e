"""Replaces a mistake that has no fix, so that what follows it can still be judged.

Nobody knows what was meant, so there are two stand-ins for each mistake, and only what is wrong
with both is wrong whatever was meant.
"""

from __future__ import annotations

import re

from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Fix, removing_item, replacing
from seqdsl.source.text import Span

_HEADINGS = re.compile(
    r"\s*(?:if|for|require|expect|aggregate|stage|use|input|train|replace|model|network|block)\b"
)
_WIDTHS = ("16", "48")
_SIZES = ("3", "5")


def stand_ins(d: Diagnostic) -> tuple[Fix, Fix] | None:
    """Two edits that each take a mistake out of the way; None where there are none."""
    if d.primary is None:
        return None
    span = d.primary.span
    source = span.source
    before = source.text[source.line_start(span.line) : span.start]
    behind = source.text[span.end : source.line_end(span.line)]
    if _HEADINGS.match(before):
        return None
    match d.code.name:
        case "unknown-argument" if "=" in span.text:
            return removing_item(span), removing_item(span)
        case "undefined-name" if _is_argument(before, behind):
            return _values(span, before)
        case "wrong-type" | "not-positive" | "not-whole" if _is_argument(before, behind):
            if re.match(r"\w+\s*=", span.text):
                name = re.split(r"\s*=", span.text)[0]
                return removing_item(span), replacing(span, f"{name}=2")
            return _values(span, before)
        case "unknown-layer" if "{" not in behind and not before.strip():
            call = Span(source, span.start, source.line_end(span.line))
            return replacing(call, "relu"), replacing(call, "conv 3x3, 48, stride=2")
        case _:
            return None


def _is_argument(before: str, behind: str) -> bool:
    """Whether text on both sides shows that a span is the whole of an argument."""
    leads = re.search(r"(?:,\s*|\w\s+|\w\s*=\s*)$", before)
    return leads is not None and re.match(r"\s*(?:,|;|\}|#|$)", behind) is not None


def _values(span: Span, before: str) -> tuple[Fix, Fix]:
    first = re.search(r"(?:^|[|;{])\s*\w+\s+$", before) is not None  # a kernel, or a width
    one, other = _SIZES if first else _WIDTHS
    return replacing(span, one), replacing(span, other)
