"""Syntax errors in the words of someone who reads the file, not of a parser."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Edit, Fix, inserting, replacing
from seqdsl.source.suggest import did_you_mean
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
_CLOSING = {"LBRACE": "}", "LPAR": ")", "LSQB": "]"}
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
        closing = _CLOSING[still_open[-1].type] if still_open else None
        return Diagnostic(
            BY_NAME["syntax"],
            "the file ends in the middle of a definition",
            Label(_span(source, tokens[-1]), f"{_list(expected)} expected after this"),
            secondary,
            help=f"add the `{closing}`" if closing else None,
        )
    token = tokens[position]
    help, fix = _advice(source, tokens, position, expected)
    where = Label(_span(source, token), f"{_list(expected)} expected")
    return Diagnostic(BY_NAME["syntax"], f"unexpected {_spell(token)}", where, help=help, fix=fix)


def _advice(
    source: Source, tokens: Sequence[Token], position: int, expected: set[str]
) -> tuple[str | None, Fix | None]:
    """The way on, and the edit that goes it where there is one."""
    token = tokens[position]
    previous = tokens[position - 1] if position else None
    before, kind = (previous.type, token.type) if previous is not None else ("", token.type)
    if kind == "CALLNAME" and "NAME" in expected:
        help = f"a layer's arguments follow its name without brackets: `{token} ...`"
        return help, _without_brackets(source, tokens, position)
    if kind == "LPAR" and before == "NAME":
        gap = Span(source, _end(previous), _span(source, token).start)
        help = f"write `{previous}(` without a space before the bracket"
        return help, replacing(gap, "")
    if kind == "VBAR" and not expected & {"VBAR"}:
        help = "a pipeline gives a value: `it = a | relu` goes on with it, `b = a | relu` names it"
        return help, None
    if kind == "EQUAL" and previous is not None and _is_word(previous):
        return _reserved(previous), None
    if kind == "EQUAL":
        help = "compare with `==`; `name = value` names a value at the start of a statement"
        return help, replacing(_span(source, token), "==")
    if expected == {"PERCENT"}:
        end = _end(previous)
        return "a tolerance is in per cent: `+- 5%`", inserting(source, end, "%")
    if expected >= _ITEMS:
        help = "a file holds `use`, `network`, `model` and `block` definitions"
        words = [word.lower() for word in _ITEMS]
        return did_you_mean(str(token), words, _span(source, token), help)
    if _is_word(token) and "NAME" in expected:
        return _reserved(token), None
    if before == "NUMBER" and "BY" in expected:
        return "a number ends in K, M, G or T, or in nothing", None
    if token == '"':
        return "a string ends on the line on which it began", None
    if kind == "X" and before == "NUMBER":
        return "write a size without spaces: 3x3", _joined_size(source, tokens, position)
    if kind == before == "COMMA":
        return "one comma is enough", replacing(_span(source, token), "", safe=True)
    if before in ("NUMBER", "SIZE", "NAME") and "COMMA" in expected:
        fix = inserting(source, _end(previous), ",") if kind in _VALUES else None
        return "arguments are separated by commas", fix
    return None, None


def _without_brackets(source: Source, tokens: Sequence[Token], position: int) -> Fix | None:
    """Takes the brackets of ``conv(3x3, 16)`` out, where they close."""
    depth = 0
    for token in tokens[position + 1 :]:
        depth += (token.type == "LPAR") - (token.type == "RPAR")
        if depth == 0:
            opening = _span(source, tokens[position + 1])
            edits = (Edit(opening, " "), Edit(_span(source, token), ""))
            return Fix(edits, safe=True)
    return None


def _joined_size(source: Source, tokens: Sequence[Token], position: int) -> Fix | None:
    """Makes ``3 x 3`` the size ``3x3``."""
    last = position
    while last + 1 < len(tokens) and tokens[last].type == "X":
        if tokens[last + 1].type != "NUMBER":
            return None
        last += 2
    span = _span(source, tokens[position - 1]).to(_span(source, tokens[last - 1]))
    return replacing(span, "".join(span.text.split()))


def _end(token: Token | None) -> int:
    return (token.end_pos if token is not None else None) or 0


def _is_word(token: Token) -> bool:
    return token.value.isalpha() and token.type not in _NAMES


def _reserved(token: Token) -> str:
    return f"`{token}` is a word of the language: choose another name"


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
