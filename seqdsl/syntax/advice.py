"""The way on from a syntax error: what the writer may have meant, and the edit that goes there."""

from __future__ import annotations

import re

from lark import Token

from seqdsl.source.elsewhere import VALUES as VALUES_ELSEWHERE
from seqdsl.source.elsewhere import foreign_layer
from seqdsl.source.fix import Fix, inserting, removing, removing_item, replacing
from seqdsl.source.suggest import did_you_mean, nearest
from seqdsl.source.text import Span
from seqdsl.syntax.misfit import ITEMS, VALUES, Advice, Misfit
from seqdsl.syntax.recovery import declared
from seqdsl.syntax.tokens import statement_start, token_span
from seqdsl.syntax.too_many import words_elsewhere

_NAMES = {"NAME", "CALLNAME", "SIZE", "NUMBER"}
# The words that begin a statement, and the tokens that may follow.
_STATEMENTS = {
    "stage": {"NAME"}, "head": {"LBRACE", "_ARROW"}, "aggregate": {"NAME"}, "expect": {"NAME"},
    "require": {"NAME", "IN", "IT", "NOT", "LPAR"}, "output": {"NAME"},
    "input": {"NUMBER", "SIZE"}, "replace": {"NAME", "CALLNAME"}, "train": {"NAME", "LBRACE"},
}  # fmt: skip
# Other languages' operators, as tokens of this one.
_ELSEWHERE = {("&", "&"): "and", ("|", "|"): "or", ("!",): "not", ("&",): "and"}

ELSE_IF = ("elif", "elsif", "elseif")


def advice(m: Misfit) -> Advice:
    """The help, and the edit where there is one: of the first who has something to say."""
    ways = (
        _another_languages,
        words_elsewhere,
        _of_brackets,
        _of_settings,
        _of_equals,
        _of_words,
        _of_values,
    )
    found = (way(m) for way in ways)
    return next((one for one in found if one != (None, None)), (None, None))


def _another_languages(m: Misfit) -> Advice:
    """What is right in the languages that people come from."""
    for symbols, word in _ELSEWHERE.items():
        for first in range(m.position, max(m.position - len(symbols), -1), -1):
            found = m.tokens[first : first + len(symbols)]
            span = token_span(m.source, found[0]).to(token_span(m.source, found[-1]))
            if span.text == "||" and [t.type for t in m.statement[1:2]] == ["EQUAL"]:
                return "one `|` applies a layer", replacing(span, "|")
            if span.text == "".join(symbols):
                return f"`{word}` is the word for `{span.text}`", _spaced(span, word)
    comment = next((t for t in m.statement if t == "//" and t.line == m.token.line), None)
    if comment is not None and (comment is m.token or m.token.type in VALUES | {"_NL"}):
        where, alone = token_span(m.source, comment), comment is m.statement[0]
        return "a comment begins with `#`", replacing(where, "#", safe=alone)
    if m.token == ":" and m.before == "NAME" and "COMMA" in m.expected:
        return f"an argument is given with `=`: `{m.previous}=...`", _with_equals(m)
    if m.token == "is":
        return "equality is written `==`", _spaced(m.span, "==")
    if m.token == "'":
        known = _foreign_value(m)
        if known is not None:
            return known
        text = "STRING" in m.expected and ("NAME" not in m.expected or m.before == "USE")
        fix = _doubled(m) if text else None
        return "a name stands without quotes, text in double ones", fix or _without_quotes(m)
    return None, None


def _spaced(span: Span, word: str) -> Fix:
    """Puts a word in the place of a sign, with a space where another word would touch it."""
    text = span.source.text
    before = " " if text[span.start - 1 : span.start].isalnum() else ""
    behind = "" if text[span.end : span.end + 1].isspace() else " "
    return replacing(span, f"{before}{word}{behind}")


def _doubled(m: Misfit) -> Fix | None:
    """Makes a text in single quotes one in double quotes."""
    found = re.compile(r"'([^'\"\n]*)'").match(m.source.text, m.span.start)
    if found is None:
        return None
    return replacing(Span(m.source, found.start(), found.end()), f'"{found[1]}"')


def _without_quotes(m: Misfit) -> Fix | None:
    """Makes ``act='relu'`` of other languages ``act=relu``."""
    if not m.followed_by("NAME", "OTHER"):
        return None
    span = m.span.to(token_span(m.source, m.tokens[m.position + 2]))
    return replacing(span, str(m.tokens[m.position + 1]))


def _foreign_value(m: Misfit) -> Advice | None:
    """Of `padding='same'`: another framework's word for an argument."""
    if m.before != "EQUAL" or not m.followed_by("NAME", "OTHER") or m.position < 2:
        return None
    keyword, word, closing = (m.tokens[m.position + i] for i in (-2, 1, 2))
    known = VALUES_ELSEWHERE.get((str(keyword), str(word)))
    if known is None:
        return None
    until = token_span(m.source, closing)
    if known.write:
        return known.help, replacing(m.span.to(until), known.write)
    return known.help, removing_item(token_span(m.source, keyword).to(until))


def _with_equals(m: Misfit, sign: str = "=") -> Fix | None:
    """Makes ``stride: 2`` of a call ``stride=2``."""
    if m.position + 1 >= len(m.tokens):
        return None
    following = token_span(m.source, m.tokens[m.position + 1])
    return replacing(Span(m.source, m.end_before, following.start), sign)


def _of_brackets(m: Misfit) -> Advice:
    kind = m.token.type
    if kind == "NAME" and m.expected == {"CALLNAME"}:
        help = f"what a model gives its network stands in brackets: `{m.token}()`"
        if m.followed_by("LPAR"):
            bracket = token_span(m.source, m.tokens[m.position + 1])
            return help, replacing(Span(m.source, m.span.end, bracket.start), "", safe=True)
        ends = m.position + 1 == len(m.tokens) or m.followed_by("_NL") or m.followed_by("LBRACE")
        return help, inserting(m.source, m.span.end, "()", safe=True) if ends else None
    if kind == "LPAR" and m.before == "NAME":
        return f"write `{m.previous}(` without a space before the bracket", replacing(m.gap, "")
    if kind == "_NL" and "LBRACE" in m.expected and m.followed_by("LBRACE"):
        brace = token_span(m.source, m.tokens[m.position + 1])
        between = Span(m.source, m.end_before, brace.start)
        fix = None if between.text.strip() else replacing(between, " ", safe=True)
        return "`{` stands on the line of what it belongs to", fix
    if kind == "RBRACE" and m.before in ("RBRACE", "") and "RBRACE" not in m.expected:
        return "no brace is open here: this one, or one before it, is too many", None
    return None, None


def _of_settings(m: Misfit) -> Advice:
    """What stands behind ``train``, and in its braces."""
    if m.statement[0].type == "TRAIN":
        if m.token.type == "STRING":
            return "a recipe is named without quotes", replacing(m.span, m.token[1:-1])
        known = m.token.type in ("NAME", "COMMA", "EQUAL") and m.before != "TRAIN"
        return "settings stand in braces: `train cifar { epochs = 200 }`" if known else None, None
    braces = [i for i, t in enumerate(m.tokens[: m.position]) if t.type in ("LBRACE", "RBRACE")]
    opened = m.tokens[braces[-1]].type == "LBRACE" if braces else False
    if not opened or m.tokens[statement_start(m.tokens, braces[-1])].type != "TRAIN":
        return None, None
    if m.token.type == "COMMA":
        return "a setting has a line of its own, or ends in `;`", replacing(m.span, ";")
    if m.expected == {"EQUAL"}:
        fix = _with_equals(m, " = ") if m.token == ":" else None
        return f"a setting is given with `=`: `{m.previous} = ...`", fix
    return None, None


def _of_equals(m: Misfit) -> Advice:
    if m.token.type == "VBAR" and "VBAR" not in m.expected:
        help = "a pipeline gives a value: `it = a | relu` goes on with it, `b = a | relu` names it"
        if m.statement[0].type != "NAME" or m.position + 1 >= len(m.tokens):
            return help, None
        until = token_span(m.source, m.tokens[m.position + 1]).start
        fix = replacing(Span(m.source, m.end_before, until), "; ")
        return f"layers follow one another, a line each; {help}", fix
    if m.expected == {"NUMBER"} and (m.token.type in ("EQUAL", "COMPARE") or m.token == ":"):
        if m.token.type == "COMPARE" and m.token != "==":
            bounds = "a claim is an equality, to the last digit that is written, and no bound"
            return f"{bounds}; `expect params 5K +- 2%` allows for a tolerance", None
        return "the number follows without a sign: `expect params 5K`", removing(m.span)
    if m.token.type != "EQUAL":
        return None, None
    if m.followed_by("COMPARE") and "_ARROW" in m.expected:
        arrow = m.span.to(token_span(m.source, m.tokens[m.position + 1]))
        return "an arrow is written `->`", replacing(arrow, "->")
    if m.expected == {"IN"}:
        return "a loop runs over a range or a list: `for i in 1..3`", replacing(m.span, "in")
    if "COMPARE" in m.expected:
        help = "compare with `==`; `name = value` names a value at the start of a statement"
        return help, replacing(m.span, "==")
    if m.previous is not None and _is_word(m.previous):
        return _reserved(m.previous), None
    return None, None


def _of_words(m: Misfit) -> Advice:
    if m.expected == {"PERCENT"}:
        return "a tolerance is in per cent: `+- 5%`", inserting(m.source, m.end_before, "%")
    if m.expected >= ITEMS:
        help = "a file holds `use`, `network`, `model` and `block` definitions"
        foreign = foreign_layer(m.token)
        if foreign is not None and foreign.write is None:
            help = foreign.help
        return did_you_mean(str(m.token), [word.lower() for word in ITEMS], m.span, help)
    if _is_word(m.token) and "NAME" in m.expected:
        return _reserved(m.token), None
    if m.token in ELSE_IF:
        return "another condition follows `else if`", replacing(m.span, "else if")
    first = m.statement[0]
    if first.type == "NAME" and first is not m.token and first not in declared(m.tokens):
        word = nearest(first, _STATEMENTS)
        if word is not None and m.statement[1].type in _STATEMENTS[word]:
            return f"did you mean `{word}`?", replacing(token_span(m.source, first), word)
    return None, None


def _of_values(m: Misfit) -> Advice:
    kind, before = m.token.type, m.before
    if before == "NUMBER" and "BY" in m.expected:
        return "a number ends in K, M, G or T, or in nothing", None
    if m.token == '"':
        return "a string ends on the line on which it began", None
    if m.gap.text and re.fullmatch(r"[xX]\d+", m.token):
        return "a space stands behind the `x` that repeats", replacing(m.span, f"x {m.token[1:]}")
    if m.previous == "X" and kind == "NUMBER":
        return "a small `x` repeats a layer", replacing(token_span(m.source, m.previous), "x")
    if before == "NUMBER" and re.fullmatch(r"(?:X\d+)+", m.token):
        size = token_span(m.source, m.tokens[m.position - 1]).to(m.span)
        return "write a size with a small x: 3x3", replacing(size, size.text.lower())
    if m.token in ("x", "X") and "X" in m.expected:
        if m.followed_by("NUMBER"):
            return "a small `x` repeats a layer", replacing(m.span, "x")
        return "how often follows behind `x`", None
    if kind == "X" and before == "NUMBER":
        return "write a size without spaces: 3x3", _joined_size(m)
    if kind == before == "COMMA":
        # with a gap between them an argument may be missing
        return "one comma is enough", replacing(m.span, "", safe=not m.gap.text)
    if before in VALUES and "COMMA" in m.expected:
        fix = inserting(m.source, m.end_before, ",") if kind in VALUES else None
        return "arguments are separated by commas", fix
    return None, None


def _joined_size(m: Misfit) -> Fix | None:
    """Makes ``3 x 3`` the size ``3x3``."""
    last = m.position
    while last + 1 < len(m.tokens) and m.tokens[last].type == "X":
        if m.tokens[last + 1].type != "NUMBER":
            return None
        last += 2
    first = token_span(m.source, m.tokens[m.position - 1])
    span = first.to(token_span(m.source, m.tokens[last - 1]))
    return replacing(span, "".join(span.text.split()))


def _is_word(token: Token) -> bool:
    return token.value.isalpha() and token.type not in _NAMES | {"OTHER"}


def _reserved(token: Token) -> str:
    return f"`{token}` is a word of the language: choose another name"
