"""Mistakes whose mending is plain, so that nothing has to be left out, or one line alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from lark import Token

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Edit, Fix, edit_of, inserting, removing_lines, replacing
from seqdsl.source.suggest import nearest
from seqdsl.source.text import Span
from seqdsl.syntax.habits import HABITS
from seqdsl.syntax.messages import describe, spell
from seqdsl.syntax.misfit import ITEMS, Misfit, Repair
from seqdsl.syntax.recovery import closed, tidy
from seqdsl.syntax.tokens import CLOSING, indent, left_open, statement_start, token_span, unclosed

_JOINS = {"COMMA", "EQUAL", "VBAR", "_ARROW", "PLUS", "MINUS", "STAR", "SLASHES", "COMPARE"}


def repaired(m: Misfit) -> Repair | None:
    """What is said of the first token that does not fit, and the tokens with its mistake mended."""
    return next(filter(None, (repair(m) for repair in _REPAIRS)), None)


def _missing_brace(m: Misfit) -> Repair | None:
    """A brace that is missing at the end of a line, or is a colon, or stands on the next line."""
    if m.token.type == "LBRACE" and m.before == "_NL" and m.position > 1:
        return _brace_below(m)
    colon = m.token == ":" and m.followed_by("_NL")
    if not (colon or m.token.type == "_NL") or "LBRACE" not in m.expected:
        return None
    found = describe(m)
    before, rest = list(m.tokens[: m.position]), list(m.tokens[m.position + 1 + colon :])
    if rest and rest[0].type == "LBRACE":
        return found, [*before, *rest]
    brace = Token.new_borrow_pos("LBRACE", "{", m.token)
    edits = [Edit(Span(m.source, m.end_before, m.span.end if colon else m.end_before), " {")]
    kinds = Counter(token.type for token in m.tokens)
    if kinds["LBRACE"] == kinds["RBRACE"]:  # nothing closes it: its indentation tells how far
        rest, last = _closed_by_indentation(m, rest)
        line = m.source.line_text(token_span(m.source, before[-1]).line)
        end = m.source.line_end(token_span(m.source, last).line)
        margin = line[: len(line) - len(line.lstrip())]
        edits.append(edit_of(Span(m.source, end, end), f"\n{margin}}}"))
    help = "what belongs to it stands in braces" if colon else found.help
    fix = Fix(tuple(edits), safe=False)
    return replace(found, help=help, fix=fix), [*before, brace, *rest]


def _brace_below(m: Misfit) -> Repair:
    """A brace that begins the line below a call, which needs none."""
    heading = m.tokens[m.position - 2]
    gap = Span(m.source, token_span(m.source, heading).end, m.span.start)
    found = replace(
        describe(m),
        help="`{` stands on the line of what it belongs to",
        fix=None if gap.text.strip() else replacing(gap, " ", safe=True),
    )
    return found, [*m.tokens[: m.position - 1], *m.tokens[m.position :]]


def _closed_by_indentation(m: Misfit, rest: list[Token]) -> tuple[list[Token], Token]:
    """The tokens behind a heading with a brace behind what is indented, and the last of that."""
    last, margin = m.tokens[m.position - 1], indent(m.source, m.tokens[m.position - 1])
    end = len(rest)
    for i, token in enumerate(rest):
        if token.type != "_NL" and token.line != last.line:
            if indent(m.source, token) <= margin:
                end = i
                break
            last = token
    close = [Token.new_borrow_pos("RBRACE", "}", last), Token.new_borrow_pos("_NL", "\n", last)]
    return tidy([*rest[:end], *close, *rest[end:]]), last


def _missing_bracket(m: Misfit) -> Repair | None:
    """A bracket that is missing at the end of a line, or before a brace."""
    opening = m.opening
    if opening is None or opening is m.previous:
        return None
    if not (m.begins_line or m.token.type == "LBRACE"):
        return None
    kind, sign = CLOSING[opening.type]
    if kind not in m.expected or _is_closed_later(m):
        return None
    found = replace(
        describe(m),
        help=f"add the `{sign}`",
        fix=inserting(m.source, m.end_before, sign),
    )
    inserted = [Token.new_borrow_pos(kind, sign, m.token)]
    if m.begins_line and m.token.type != "_NL":
        inserted.append(Token.new_borrow_pos("_NL", "\n", m.token))
    return found, tidy([*m.tokens[: m.position], *inserted, *m.tokens[m.position :]])


def _is_closed_later(m: Misfit) -> bool:
    """Whether what is left of a statement closes the bracket that is open before a token."""
    depth = 0
    for token in m.tokens[m.position :]:
        if token.type in ("LBRACE", "RBRACE", "_NL"):
            return False
        depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
        if depth < 0:
            return True
    return False


def _bracketed_arguments(m: Misfit) -> Repair | None:
    """A layer's arguments in brackets, as in ``conv(3x3, 16)``."""
    if m.token.type != "CALLNAME" or m.before not in ("_NL", "LBRACE", "VBAR"):
        return None
    opening, depth = m.position + 1, 0
    for closing in range(opening, len(m.tokens)):
        depth += (m.tokens[closing].type == "LPAR") - (m.tokens[closing].type == "RPAR")
        if depth == 0:
            break
    else:
        return None
    inside = m.tokens[opening + 1 : closing]
    behind = [token.type for token in m.tokens[closing + 1 : closing + 2]]
    if behind == ["LBRACE"] and any(token == ":" for token in inside):
        return None  # the parameters of a definition
    if m.token == "repeat" and [token.type for token in inside] in (["NUMBER"], ["NAME"]):
        return _repeat_in_brackets(m, closing)
    on_a_line = m.tokens[closing].line == m.token.line
    where = token_span(m.source, m.tokens[opening])
    edits = (Edit(where, " " if inside else ""), Edit(token_span(m.source, m.tokens[closing]), ""))
    # two numbers are channels in and out in other languages; here the kernel comes first
    channels = [token.type for token in inside[:3]] == ["NUMBER", "COMMA", "NUMBER"]
    found = Diagnostic(
        BY_NAME["syntax"],
        f"unexpected `(` after `{m.token}`",
        Label(where, "no brackets here"),
        help=f"a layer's arguments follow its name: `{m.token} ...`",
        fix=Fix(edits, safe=not channels) if on_a_line else None,
    )
    kind = "TRAIN" if m.token == "train" and inside else "NAME"  # its recipe follows alike
    first = Token.new_borrow_pos(kind, m.token.value, m.token)
    rest = m.tokens[closing + 1 :]
    return found, [*m.tokens[: m.position], first, *inside, *rest]


def _repeat_in_brackets(m: Misfit, closing: int) -> Repair:
    """``repeat(3) { ... }``"""
    count = m.tokens[closing - 1]
    span = m.span.to(token_span(m.source, m.tokens[closing]))
    found = Diagnostic(
        BY_NAME["syntax"],
        "unexpected `(` after `repeat`",
        Label(token_span(m.source, m.tokens[m.position + 1]), "no brackets here"),
        help=f"the count follows an `x`: `repeat x {count}`",
        fix=replacing(span, f"repeat x {count}"),
    )
    name = Token.new_borrow_pos("NAME", "repeat", m.token)
    times = Token.new_borrow_pos("X", "x", count)
    return found, [*m.tokens[: m.position], name, times, count, *m.tokens[closing + 1 :]]


def _no_definition(m: Misfit) -> Repair | None:
    """What begins a line at the margin and is no definition: left out with all that is indented."""
    if not m.expected >= ITEMS or m.token.column != 1 or m.token.type == "RBRACE":
        return None
    found = describe(m)
    ends = ("RBRACE", "_NL")  # at the margin, these begin nothing
    end = m.position + 1
    while end < len(m.tokens) and (m.tokens[end].column != 1 or m.tokens[end].type in ends):
        end += 1
    end_of_line = Token.new_borrow_pos("_NL", "\n", m.token)
    return found, tidy([*m.tokens[: m.position], end_of_line, *m.tokens[end:]])


def _joined_lines(m: Misfit) -> Repair | None:
    """A line that ends in a token after which it goes on.

    What follows begins a statement, by its indentation, and does not fit, or what is next does not.
    """
    first = statement_start(m.tokens, m.position)
    for joint in (m.position - 1, m.position - 2):
        if joint < first or m.tokens[joint].type not in _JOINS or unclosed(m.tokens[first:joint]):
            continue
        token, following = m.tokens[joint], m.tokens[joint + 1]
        begins = indent(m.source, following) <= indent(m.source, m.tokens[first])
        if not begins or following.line == token.line:
            continue
        found = Diagnostic(
            BY_NAME["syntax"],
            f"the line ends in {spell(token)}, and so goes on in the next",
            Label(token_span(m.source, token), "something is expected behind it"),
            (Label(token_span(m.source, following), "read as what follows it"),),
            help=f"take the `{token}` out, or write what follows it",
        )
        return found, tidy([*m.tokens[:first], *m.tokens[joint + 1 :]])
    return None


def _open_before_a_definition(m: Misfit) -> Repair | None:
    """A definition at the margin, in the braces of another, which nothing closes."""
    if m.token.type not in ITEMS or m.token.column != 1:
        return None
    before = list(m.tokens[: m.position])
    opening = left_open(m.source, before)
    if opening is None or m.before not in ("_NL", "LBRACE"):
        return None
    found = Diagnostic(
        BY_NAME["syntax"],
        f"this `{opening}` is never closed",
        Label(token_span(m.source, opening), "opened here"),
        (Label(m.span, "a definition begins here"),),
        help="add the `}`",
    )
    end = Token.new_borrow_pos("_NL", "\n", m.token)
    return found, [*closed(tidy(before)), end, *m.tokens[m.position :]]


def _closed_early(m: Misfit) -> Repair | None:
    """A statement behind a definition's last brace, which was not meant to be the last."""
    closing = m.tokens[m.position - 2] if m.position > 1 else None
    if closing is None or closing.type != "RBRACE" or m.before != "_NL":
        return None
    if not m.expected >= ITEMS or not indent(m.source, m.token):
        return None
    where = token_span(m.source, closing)
    between = m.source.text[where.end : m.span.start]
    if not re.fullmatch(r"(?:\s|#[^\n]*\n)*", between):  # what stood there was left out
        return None
    if nearest(m.token, [word.lower() for word in ITEMS]) is not None:
        return None
    found = Diagnostic(
        BY_NAME["syntax"],
        "this `}` ends a definition whose statements go on",
        Label(where, "closes the definition"),
        (Label(m.span, "stands in no braces"),),
        help="move it behind them",
    )
    rest = list(m.tokens[m.position - 1 :])
    kinds = Counter(token.type for token in rest)
    if kinds["RBRACE"] > kinds["LBRACE"]:  # another closes what this one does
        fix = Fix(removing_lines(where).edits, safe=False)
        found = replace(found, help="remove it, or close fewer", fix=fix)
    else:
        margins = (i - 1 for i, t in enumerate(rest) if t.column == 1 and t.type != "_NL")
        rest.insert(next(margins, len(rest)), closing)  # before the line break in front of it
    return found, tidy([*m.tokens[: m.position - 2], *rest])


_REPAIRS: tuple[Callable[[Misfit], Repair | None], ...] = (
    *HABITS,
    _missing_brace,
    _missing_bracket,
    _bracketed_arguments,
    _no_definition,
    _joined_lines,
    _open_before_a_definition,
    _closed_early,
)
