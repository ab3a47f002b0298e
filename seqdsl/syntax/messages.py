"""Syntax errors in the words of someone who reads the file, not of a parser."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.text import Source, Span

_TERMINALS = {
    "_NL": "a new line",
    "$END": "the end of the file",
    "NAME": "a name",
    "CALLNAME": "a name",
    "NUMBER": "a number",
    "SIZE": "a size such as 3x3",
    "STRING": "a string",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "COMMA": "`,`",
    "EQUAL": "`=`",
    "_ARROW": "`->`",
}
_ITEMS = {"USE", "NETWORK", "MODEL", "BLOCK"}
_NAMES = {"NAME", "CALLNAME", "SIZE", "NUMBER"}
_VALUES = {"NAME", "NUMBER", "SIZE"}


def describe(
    source: Source, tokens: Sequence[Token], position: int, expected: set[str]
) -> Diagnostic:
    """The diagnostic for the token at ``position``, which the grammar does not accept."""
    if position >= len(tokens):
        still_open = unclosed(tokens)
        secondary = tuple(
            Label(_span(source, token), f"this `{token}` is never closed")
            for token in (_misaligned(source, tokens) or still_open)[-1:]
        )
        return Diagnostic(
            BY_NAME["syntax"],
            "the file ends in the middle of a definition",
            Label(_span(source, tokens[-1]), f"{_list(expected)} expected after this"),
            secondary,
            help=_closing(still_open[-1]) if still_open else None,
        )
    token = tokens[position]
    previous = tokens[position - 1] if position else None
    return Diagnostic(
        BY_NAME["syntax"],
        f"unexpected {_spell(token)}",
        Label(_span(source, token), f"{_list(expected)} expected"),
        help=_help(token, previous, expected),
    )


def _help(token: Token, previous: Token | None, expected: set[str]) -> str | None:
    if token.type == "CALLNAME" and "NAME" in expected:
        return f"a layer's arguments follow its name without brackets: `{token} ...`"
    if token.type == "LPAR" and previous is not None and previous.type == "NAME":
        return f"write `{previous}(` without a space before the bracket"
    if token.type == "VBAR" and not expected & {"VBAR"}:
        return "a pipeline gives a value: `it = a | relu` goes on with it, `b = a | relu` names it"
    if token.type == "EQUAL" and previous is not None and _is_word(previous):
        return _reserved(previous)
    if token.type == "EQUAL":
        return "compare with `==`; `name = value` names a value at the start of a statement"
    if expected == {"PERCENT"}:
        return "a tolerance is in per cent: `+- 5%`"
    if expected >= _ITEMS:
        return "a file holds `use`, `network`, `model` and `block` definitions"
    if _is_word(token) and "NAME" in expected:
        return _reserved(token)
    if previous is not None and previous.type == "NUMBER" and "BY" in expected:
        return "a number ends in K, M, G or T, or in nothing"
    if token == '"':
        return "a string ends on the line on which it began"
    if token.type == "X" and previous is not None and previous.type == "NUMBER":
        return "write a size without spaces: 3x3"
    if previous is not None and previous.type in ("NUMBER", "SIZE", "NAME") and "COMMA" in expected:
        return "arguments are separated by commas"
    return None


def _is_word(token: Token) -> bool:
    return token.value.isalpha() and token.type not in _NAMES


def _reserved(token: Token) -> str:
    return f"`{token}` is a word of the language: choose another name"


def _closing(token: Token) -> str:
    closing = {"LBRACE": "}", "LPAR": ")", "LSQB": "]"}[token.type]
    return f"add the `{closing}`"


def unclosed(tokens: Sequence[Token]) -> list[Token]:
    """The brackets that nothing closes, the outermost first."""
    stack: list[Token] = []
    for token in tokens:
        if token.type in ("LBRACE", "LPAR", "LSQB"):
            stack.append(token)
        elif token.type in ("RBRACE", "RPAR", "RSQB") and stack:
            stack.pop()
    return stack


def _misaligned(source: Source, tokens: Sequence[Token]) -> list[Token]:
    """The first brace that, by its line's indentation, is closed by the brace of another."""
    stack: list[Token] = []
    for token in tokens:
        if token.type == "LBRACE":
            stack.append(token)
        elif token.type == "RBRACE" and stack:
            opening = stack.pop()
            if opening.line != token.line and _indent(source, opening) > _indent(source, token):
                return [opening]
    return []


def _indent(source: Source, token: Token) -> int:
    line = source.line_text(_span(source, token).line)
    return len(line) - len(line.lstrip())


def _spell(token: Token) -> str:
    if token.type == "_NL":
        return "`;`" if token == ";" else "end of line"
    text = str(token)
    return f"`{text if len(text) <= 40 else text[:40] + '…'}`"


def _list(expected: set[str]) -> str:
    """The few things that a reader would look for, of all that the grammar allows."""
    if expected >= _VALUES and "LPAR" in expected:
        words = ["a value"]
    elif expected >= {"FOR", "AGGREGATE"}:
        words = ["a layer or another statement"]
    elif expected >= _ITEMS:
        words = ["a definition"]
    else:
        words = sorted({_word(name) for name in expected if name not in ("DOC", "OTHER")})
        if len(words) > 4:
            preferred = [w for w in words if w in ("`,`", "`}`", "`{`", "`)`", "`]`", "a new line")]
            words = preferred or words[:4]
    if not words:
        return "nothing more"
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" or {words[-1]}"


def _word(terminal: str) -> str:
    return _TERMINALS.get(terminal, f"`{_SYMBOLS.get(terminal, terminal.lower())}`")


_SYMBOLS = {
    "PLUS": "+", "MINUS": "-", "STAR": "*", "SLASHES": "/", "PERCENT": "%", "VBAR": "|",
    "COMPARE": "==", "COLON": ":", "CROSS": "×", "__ANON_0": "..", "ATTRIBUTE": ".",
    "METHOD": ".",
}  # fmt: skip


def _span(source: Source, token: Token) -> Span:
    start = token.start_pos or 0
    if token.type == "_NL":  # a line break has no width to underline: point behind the line
        return Span(source, start, start + 1)
    return Span(source, start, token.end_pos if token.end_pos is not None else start)
