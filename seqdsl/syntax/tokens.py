"""The token stream that the parser reads: line breaks only where a statement ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lark import Token

from seqdsl.source.limits import LIMITS
from seqdsl.source.text import Source, Span

# The bracket that closes another: the kind of its token, and how it is written.
CLOSING = {"LBRACE": ("RBRACE", "}"), "LPAR": ("RPAR", ")"), "LSQB": ("RSQB", "]")}
_OPEN, _CLOSE = set(CLOSING), {kind for kind, _ in CLOSING.values()}
# A statement goes on after these, and before `else`, `|` and a closing brace.
_CONTINUES_AFTER = _OPEN | {
    "_NL", "COMMA", "EQUAL", "VBAR", "_ARROW", "PLUS", "MINUS", "STAR", "SLASHES", "COMPARE",
    "AND", "OR", "NOT", "__ANON_0",  # the last is `..`
}  # fmt: skip
# What never stands in brackets: where one of these does, a bracket before it was left open.
_ENDS_BRACKETS = {
    "LBRACE", "RBRACE", "USE", "NETWORK", "MODEL", "BLOCK", "STAGE", "HEAD", "AGGREGATE",
    "REQUIRE", "EXPECT", "TRAIN", "OUTPUT", "FOR",
}  # fmt: skip
_DOCUMENTED = {"NETWORK", "BLOCK", "MODEL"}
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
    docs: list[Token] = []  # on lines of their own, and not yet in front of anything
    broken: Token | None = None  # the line break before a token
    for token in tokens:
        kind = token.type
        if kind == "_NL":
            if previous not in _CONTINUES_AFTER and not (brackets and brackets[-1] != "LBRACE"):
                pending = token
            broken = token
            continue
        if kind == "DOC":
            if broken is not None or previous == "_NL":
                docs.append(token)
            continue
        if kind in _ENDS_BRACKETS:
            open_before = len(brackets)
            while brackets and brackets[-1] != "LBRACE":
                brackets.pop()
            if len(brackets) < open_before and broken is not None:
                pending = broken
        if pending is not None and kind not in _CONTINUES_BEFORE:
            yield pending
        if kind in _DOCUMENTED and not brackets:
            yield from docs
        docs.clear()
        pending = broken = None
        if kind in _OPEN:
            brackets.append(kind)
            if len(brackets) > most:
                raise TooDeep(token)
        elif kind in _CLOSE and brackets:
            brackets.pop()
        previous = kind
        yield token


def token_span(source: Source, token: Token) -> Span:
    """Where a token stands; a line break, which has no width, points behind the line."""
    start = token.start_pos or 0
    if token.type == "_NL":
        return Span(source, start, start + 1)
    return Span(source, start, token.end_pos if token.end_pos is not None else start)


def indent(source: Source, token: Token) -> int:
    """How far the line of a token is indented."""
    line = source.line_text(token_span(source, token).line)
    return len(line) - len(line.lstrip())


def statement_start(tokens: Sequence[Token], position: int) -> int:
    """The index of the first token of the statement around ``position``."""
    while position > 0 and tokens[position - 1].type not in ("_NL", "LBRACE", "RBRACE"):
        position -= 1
    return position


def unclosed(tokens: Iterable[Token]) -> list[Token]:
    """The brackets that nothing closes, the outermost first."""
    stack: list[Token] = []
    for token in tokens:
        if token.type in _OPEN:
            stack.append(token)
        elif token.type in _CLOSE and stack:
            stack.pop()
    return stack


def left_open(source: Source, tokens: Sequence[Token]) -> Token | None:
    """The bracket that is never closed: the first brace that, by its line's indentation, the brace
    of another closes; or else the innermost that nothing does.
    """
    still_open = unclosed(tokens)
    if not still_open:
        return None
    stack: list[Token] = []
    for token in tokens:
        if token.type == "LBRACE":
            stack.append(token)
        elif token.type == "RBRACE" and stack:
            opening = stack.pop()
            if opening.line != token.line and indent(source, opening) > indent(source, token):
                return opening
    return still_open[-1]
