"""Puts tokens of another text, or less of them, in the place of what can't be read."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from seqdsl.syntax.grammar import tokens_of
from seqdsl.syntax.misfit import Misfit
from seqdsl.syntax.tokens import TooDeep

ENDS = {"_NL", "LBRACE", "RBRACE"}  # of a statement, or of its heading


def end_of(tokens: Sequence[Token], position: int) -> int:
    """Behind the last token of a statement, or of its heading."""
    while position < len(tokens) and tokens[position].type not in ENDS:
        position += 1
    return position


def closing_of(tokens: Sequence[Token], opening: int) -> int | None:
    """The index of the bracket that closes another."""
    depth = 0
    for i in range(opening, len(tokens)):
        depth += (tokens[i].type in ("LPAR", "LSQB")) - (tokens[i].type in ("RPAR", "RSQB"))
        if depth == 0:
            return i
    return None


def spliced(m: Misfit, start: int, end: int, text: str) -> list[Token]:
    """The tokens with those of a text in the place of some, at the first one's position."""
    first = m.tokens[start]
    try:
        made = [like(first, token.type, token.value) for token in tokens_of(text)]
    except TooDeep:
        made = []
    return [*m.tokens[:start], *made, *m.tokens[end:]]


def like(token: Token, kind: str, text: str) -> Token:
    """A token of another kind at the place of one."""
    return Token.new_borrow_pos(kind, text, token)
