"""Syntax errors in the words of someone who reads the file, not of a parser."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.text import Source
from seqdsl.syntax.advice import ITEMS, VALUES, Misfit, advice
from seqdsl.syntax.tokens import indent, token_span, unclosed

_TERMINALS = {
    "_NL": "a new line",
    "$END": "the end of the file",
    "NAME": "a name",
    "CALLNAME": "a name with brackets",
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
_CLOSING = {"LBRACE": "}", "LPAR": ")", "LSQB": "]"}


def describe(
    source: Source, tokens: Sequence[Token], position: int, expected: set[str]
) -> Diagnostic:
    """The diagnostic for the token at ``position``, which the grammar does not accept."""
    if position >= len(tokens):
        still_open = unclosed(tokens)
        secondary = tuple(
            Label(token_span(source, token), f"this `{token}` is never closed")
            for token in (_misaligned(source, tokens) or still_open)[-1:]
        )
        closing = _CLOSING[still_open[-1].type] if still_open else None
        return Diagnostic(
            BY_NAME["syntax"],
            "the file ends in the middle of a definition",
            Label(token_span(source, tokens[-1]), f"{_list(expected)} expected after this"),
            secondary,
            help=f"add the `{closing}`" if closing else None,
        )
    token = tokens[position]
    help, fix = advice(Misfit(source, tokens, position, expected))
    where = Label(token_span(source, token), f"{_list(expected)} expected")
    return Diagnostic(BY_NAME["syntax"], f"unexpected {_spell(token)}", where, help=help, fix=fix)


def joined(source: Source, tokens: Sequence[Token], joint: int) -> Diagnostic:
    """The diagnostic for a line that ends in a token after which it goes on, by mistake."""
    token, following = tokens[joint], tokens[joint + 1]
    return Diagnostic(
        BY_NAME["syntax"],
        f"the line ends in {_spell(token)}, and so goes on in the next",
        Label(token_span(source, token), "something is expected behind it"),
        (Label(token_span(source, following), "read as what follows it"),),
        help=f"take the `{token}` out, or write what follows it",
    )


def _misaligned(source: Source, tokens: Sequence[Token]) -> list[Token]:
    """The first brace that, by its line's indentation, is closed by the brace of another."""
    stack: list[Token] = []
    for token in tokens:
        if token.type == "LBRACE":
            stack.append(token)
        elif token.type == "RBRACE" and stack:
            opening = stack.pop()
            if opening.line != token.line and indent(source, opening) > indent(source, token):
                return [opening]
    return []


def _spell(token: Token) -> str:
    if token.type == "_NL":
        return "`;`" if token == ";" else "end of line"
    text = str(token)
    return f"`{text if len(text) <= 40 else text[:40] + '…'}`"


def _list(expected: set[str]) -> str:
    """The few things that a reader would look for, of all that the grammar allows."""
    if expected >= VALUES and "LPAR" in expected:
        words = ["a value"]
    elif expected >= {"FOR", "AGGREGATE"}:
        words = ["a layer or another statement"]
    elif expected >= ITEMS:
        words = ["a definition"]
    else:
        idle = {"DOC", "OTHER"} | ({"CALLNAME"} if "NAME" in expected else set())
        words = sorted({_word(name) for name in expected - idle})
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
