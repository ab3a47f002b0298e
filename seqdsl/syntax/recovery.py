"""How what can't be read is taken out of the tokens, so that the rest can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lark import Token

from seqdsl.syntax.tokens import CLOSING, statement_start, unclosed

_DECLARE_ELSEWHERE = {"def", "class", "function", "fn", "module"}
_DECLARES = {"BLOCK", "NETWORK", "MODEL", "STAGE", "FOR", "AGGREGATE"}


def closed(tokens: list[Token]) -> list[Token]:
    """The tokens with what closes the brackets that they leave open."""
    return tokens + [
        Token.new_borrow_pos(*CLOSING[opening.type], tokens[-1])
        for opening in reversed(unclosed(tokens))
    ]


def without_statement(tokens: list[Token], position: int) -> list[Token]:
    """The tokens less the statement around ``position``: enough to read the rest.

    What is left out begins after the last line break or brace and ends before the next; a
    block that it opens goes with it.
    """
    start = statement_start(tokens, position)
    end, depth = position, 0
    while end < len(tokens):
        kind = tokens[end].type
        if depth == 0 and (kind == "_NL" or (kind == "RBRACE" and end > start)):
            break
        depth += (kind == "LBRACE") - (kind == "RBRACE")
        end += 1
        if depth < 0:
            break
    if start == end:
        end += 1
    rest = tokens[:start] + tokens[end:]
    return tidy(rest)


def tidy(tokens: list[Token]) -> list[Token]:
    """Line breaks that no longer stand between two statements, taken out."""
    kept: list[Token] = []
    for token in tokens:
        if token.type == "_NL" and (not kept or kept[-1].type in ("_NL", "LBRACE")):
            continue
        if token.type == "RBRACE" and kept and kept[-1].type == "_NL":
            kept.pop()
        kept.append(token)
    if kept and kept[-1].type == "_NL":
        kept.pop()
    return kept


def declared(written: Sequence[Token], kept: Iterable[Token] = ()) -> frozenset[str]:
    """The names that tokens declare which were taken out."""
    known = {id(token) for token in kept}
    names: set[str] = set()
    for i, token in enumerate(written):
        if token.type not in ("NAME", "CALLNAME") or id(token) in known:
            continue
        before = written[i - 1].type if i else "_NL"
        after = written[i + 1].type if i + 1 < len(written) else ""
        before_it = str(written[i - 1]) if i else ""
        names_a_value = before in ("_NL", "LBRACE") and after == "EQUAL"
        if before in _DECLARES or before_it in _DECLARE_ELSEWHERE or names_a_value:
            names.add(str(token))
    return frozenset(names)
