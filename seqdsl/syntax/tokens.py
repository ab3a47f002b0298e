"""The token stream that the parser reads: line breaks only where a statement ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lark import Token

MAX_NESTING = 64  # open brackets at once

_OPEN = {"LPAR", "LSQB", "LBRACE"}
_CLOSE = {"RPAR", "RSQB", "RBRACE"}
# A statement goes on after these, and before `else`, `|` and a closing brace.
_CONTINUES_AFTER = _OPEN | {
    "_NL", "COMMA", "EQUAL", "VBAR", "_ARROW", "PLUS", "MINUS", "STAR", "SLASHES", "COMPARE",
    "AND", "OR", "NOT", "DOC",
}  # fmt: skip
_CONTINUES_BEFORE = {"ELSE", "VBAR", "RBRACE", "$END"}


class TooDeep(Exception):
    """More than `MAX_NESTING` brackets are open at ``token``."""

    def __init__(self, token: Token) -> None:
        self.token = token
        super().__init__()


def statement_tokens(tokens: Iterable[Token]) -> Iterator[Token]:
    """Drops the line breaks that end nothing, and doc comments that document nothing.

    Raises `TooDeep`.
    """
    brackets: list[str] = []
    previous = "_NL"
    pending: Token | None = None
    for token in tokens:
        kind = token.type
        if kind == "_NL":
            if previous not in _CONTINUES_AFTER and not (brackets and brackets[-1] != "LBRACE"):
                pending = token
            continue
        if kind == "DOC" and brackets:
            continue
        if pending is not None and kind not in _CONTINUES_BEFORE:
            yield pending
        pending = None
        if kind in _OPEN:
            brackets.append(kind)
            if len(brackets) > MAX_NESTING:
                raise TooDeep(token)
        elif kind in _CLOSE and brackets:
            brackets.pop()
        previous = kind
        yield token
