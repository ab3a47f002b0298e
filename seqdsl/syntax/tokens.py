"""The token stream that the parser reads: line breaks only where a statement ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lark import Token

from seqdsl.source.limits import LIMITS

_OPEN = {"LPAR", "LSQB", "LBRACE"}
_CLOSE = {"RPAR", "RSQB", "RBRACE"}
# A statement goes on after these, and before `else`, `|` and a closing brace.
_CONTINUES_AFTER = _OPEN | {
    "_NL", "COMMA", "EQUAL", "VBAR", "_ARROW", "PLUS", "MINUS", "STAR", "SLASHES", "COMPARE",
    "AND", "OR", "NOT", "DOC",
}  # fmt: skip
# What never stands in brackets: where one of these does, a bracket before it was left open.
_ENDS_BRACKETS = {
    "LBRACE", "RBRACE", "USE", "NETWORK", "MODEL", "BLOCK", "STAGE", "HEAD", "AGGREGATE",
    "REQUIRE", "EXPECT", "OUTPUT", "FOR",
}  # fmt: skip
_CONTINUES_BEFORE = {"ELSE", "VBAR", "RBRACE", "$END"}
# `x` repeats between the end of a value and the start of one; anywhere else it is a name.
_ENDS_A_VALUE = {
    "NAME", "NUMBER", "SIZE", "STRING", "ATTRIBUTE", "RPAR", "RSQB", "IN", "IT", "INPUT",
}  # fmt: skip
_STARTS_A_COUNT = {"NUMBER", "NAME", "CALLNAME", "LPAR"}


class TooDeep(Exception):
    """More brackets than the limit are open at ``token``."""

    def __init__(self, token: Token) -> None:
        self.token = token
        super().__init__()


def statement_tokens(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens that the parser reads. Raises `TooDeep`."""
    return _without_idle_breaks(_with_names(tokens))


def _with_names(tokens: Iterable[Token]) -> Iterator[Token]:
    """Makes a name of an ``x`` that does not repeat anything."""
    previous: Token | None = None
    held: Token | None = None
    for token in tokens:
        if held is not None:
            repeats = previous is not None and previous.type in _ENDS_A_VALUE
            if not (repeats and token.type in _STARTS_A_COUNT):
                held = Token.new_borrow_pos("NAME", held.value, held)
            yield held
            previous, held = held, None
        if token.type == "X":
            held = token
            continue
        yield token
        previous = token
    if held is not None:
        yield Token.new_borrow_pos("NAME", held.value, held)


def _without_idle_breaks(tokens: Iterable[Token]) -> Iterator[Token]:
    """Drops the line breaks that end nothing, and doc comments that document nothing.

    Raises `TooDeep`.
    """
    brackets: list[str] = []
    most = LIMITS.get().nesting
    previous = "_NL"
    pending: Token | None = None
    broken: Token | None = None  # the line break before a token
    for token in tokens:
        kind = token.type
        if kind == "_NL":
            if previous not in _CONTINUES_AFTER and not (brackets and brackets[-1] != "LBRACE"):
                pending = token
            broken = token
            continue
        if kind == "DOC" and brackets:
            continue
        if kind in _ENDS_BRACKETS:
            open_before = len(brackets)
            while brackets and brackets[-1] != "LBRACE":
                brackets.pop()
            if len(brackets) < open_before and broken is not None:
                pending = broken
        if pending is not None and kind not in _CONTINUES_BEFORE:
            yield pending
        pending = broken = None
        if kind in _OPEN:
            brackets.append(kind)
            if len(brackets) > most:
                raise TooDeep(token)
        elif kind in _CLOSE and brackets:
            brackets.pop()
        previous = kind
        yield token
