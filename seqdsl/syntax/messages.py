"""Syntax errors in the words of someone who reads the file, not of a parser."""

from __future__ import annotations

from lark import Token

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.syntax.advice import advice
from seqdsl.syntax.misfit import ITEMS, VALUES, Misfit
from seqdsl.syntax.tokens import CLOSING, left_open, token_span

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


def describe(m: Misfit) -> Diagnostic:
    """The diagnostic for a token that the grammar does not accept, or for the end of the file."""
    source, tokens, position, expected = m.source, m.tokens, m.position, m.expected
    if position >= len(tokens):
        opening = left_open(source, tokens)
        secondary = (
            ()
            if opening is None
            else (Label(token_span(source, opening), f"this `{opening}` is never closed"),)
        )
        return Diagnostic(
            BY_NAME["syntax"],
            "the file ends in the middle of a definition",
            Label(token_span(source, tokens[-1]), f"{_list(expected)} expected after this"),
            secondary,
            help=f"add the `{CLOSING[opening.type][1]}`" if opening is not None else None,
        )
    token = tokens[position]
    help, fix = advice(m)
    if "\r" in source.text and "\n" not in source.text:
        help, fix = "its lines end in carriage returns alone: save the file with line feeds", None
    where = Label(token_span(source, token), f"{_list(expected)} expected")
    opening = m.opening
    secondary = () if opening is None else (Label(token_span(source, opening), "opened here"),)
    message = f"unexpected {spell(token)}"
    if token.type == "RBRACE" and m.begins_line and m.before not in ("RBRACE", "LBRACE"):
        # the line before it is half of a statement
        message = "unexpected end of line"
        where = Label(token_span(source, tokens[position - 1]), f"{_list(expected)} expected after")
    return Diagnostic(BY_NAME["syntax"], message, where, secondary, help=help, fix=fix)


def spell(token: Token) -> str:
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
