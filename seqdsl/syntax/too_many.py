"""Words and signs of other languages that this one does without: help, and the edit."""

from __future__ import annotations

from seqdsl.source.fix import removing, replacing
from seqdsl.source.text import Span
from seqdsl.syntax.misfit import Advice, Misfit
from seqdsl.syntax.tokens import token_span

_BEFORE_BRACES = {"then", "do", "begin"}
_TYPES = {"int", "float", "str", "bool", "number", "positive", "size", "list", "layer", "feature"}


def words_elsewhere(m: Misfit) -> Advice:
    """Of a word or a sign that is one too many, or stands in the wrong place."""
    kind, first = m.token.type, m.statement[0].type
    following = m.tokens[m.position + 1] if m.position + 1 < len(m.tokens) else None
    idle = m.token == ":" or m.token in _BEFORE_BRACES
    if idle and m.followed_by("LBRACE") and "LBRACE" in m.expected:
        return "braces alone follow", replacing(removing(m.span).edits[0].span, "")
    if kind == "STRING" and m.before in ("STAGE", "NETWORK", "BLOCK"):
        name = m.token[1:-1]
        fix = replacing(m.span, name) if name.isidentifier() else None
        return "a name stands without quotes", fix
    if m.token == ":" and m.followed_by("EQUAL"):
        return "a value is named with `=`", replacing(m.span, "")
    if kind == "SLASHES" and first == "USE":
        return "the parts of a module's name are joined by dots", replacing(m.span, ".")
    if kind == "NUMBER" and len(m.statement) == 1 and m.followed_by("X"):
        return "the count follows the layer: `conv 3x3, 16 x 3`", None
    if kind == "COMMA" and first == "EXPECT" and following is not None:
        gap = Span(m.source, m.span.start, token_span(m.source, following).start)
        fix = replacing(gap, "") if following.type == "NUMBER" else None
        return "digits stand without separators: `1200`, or `1.2K`", fix
    conditional = first == "NAME" and any(token.type == "IF" for token in m.statement)
    if conditional and "ELSE" in m.expected and kind in ("_NL", "RBRACE"):
        help = "a layer under a condition is in braces: `if condition { ... }`"
        return help, None
    if kind == m.before == "NAME" and m.previous in _TYPES and first in ("NETWORK", "BLOCK"):
        assert m.previous is not None
        named = f"{m.token}: {m.previous}"
        span = token_span(m.source, m.previous).to(m.span)
        return f"a type follows the name: `{named}`", replacing(span, named)
    return None, None
