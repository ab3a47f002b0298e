"""From text to a syntax tree, with every syntax error of a file in one run."""

from __future__ import annotations

from functools import cache

from lark import Lark, Token, Tree, UnexpectedInput

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.meter import METER, OverLimit
from seqdsl.source.text import Source, Span
from seqdsl.syntax import ast
from seqdsl.syntax.construct import construct, construct_expression, too_deep
from seqdsl.syntax.grammar import grammar, tokens_of
from seqdsl.syntax.messages import describe
from seqdsl.syntax.misfit import Misfit
from seqdsl.syntax.recovery import closed, declared, without_statement
from seqdsl.syntax.repairs import repaired
from seqdsl.syntax.tokens import TooDeep, token_span

MAX_SYNTAX_ERRORS = 20
_UNTIL_A_LOOK = 1_000  # tokens: a look at the clock costs as much as one
MAX_REREAD = 100_000  # tokens that are read again after errors, which takes a second or two


def parse(source: Source) -> tuple[ast.Module, list[Diagnostic]]:
    """The module, and what is wrong with its syntax.

    A statement that can't be read is reported and left out, and the rest is read without it.
    """
    lark = grammar()
    diagnostics: list[Diagnostic] = []
    try:
        tokens = tokens_of(source.text)
    except TooDeep as error:
        return ast.Module(source, ()), [too_deep(token_span(source, error.token)).diagnostic]
    nothing = ast.Module(source, (), declared(tokens))
    written = tokens
    budget = MAX_REREAD
    partial = False
    at_end = False  # whether the brackets that the file leaves open are closed for it
    while True:
        try:
            tree, position, expected = _attempt(lark, closed(tokens) if at_end else tokens)
        except OverLimit as limit:
            return nothing, [*diagnostics, _over(limit, source)]
        if tree is not None:
            break
        ended = position >= len(tokens)
        misfit = Misfit(source, tokens, position, expected)
        repair = None if ended else repaired(misfit)
        if repair is not None:
            diagnostics.append(repair[0])
        elif not (ended and at_end):
            diagnostics.append(describe(misfit))
        budget -= position
        if len(diagnostics) >= MAX_SYNTAX_ERRORS or budget < 0:
            return nothing, diagnostics
        if repair is not None:
            tokens = repair[1]
        elif ended and not at_end:
            at_end = True
        elif ended:  # what is open is not all that the end lacks
            tokens, partial = without_statement(tokens, len(tokens) - 1), True
        else:
            tokens, partial = without_statement(tokens, position), True
    try:
        items = construct(tree, source)
    except Failure as failure:
        return nothing, [*diagnostics, failure.diagnostic]
    unread = declared(written, tokens) if diagnostics else frozenset()
    return ast.Module(source, items, unread, partial), diagnostics


def parse_expression(source: Source) -> ast.Expression:
    """A single expression, as given on the command line. Raises `Failure`."""
    lark = grammar()
    try:
        tokens = tokens_of(source.text)
    except TooDeep as error:
        tokens = [error.token]
    if not tokens:
        raise Failure(
            Diagnostic(BY_NAME["syntax"], "a value is missing", Label(Span(source, 0, 0), "empty"))
        )
    tree, position, expected = _attempt(lark, tokens, "expression")
    if tree is None:
        raise Failure(describe(Misfit(source, tokens, position, expected)))
    return construct_expression(tree, source)


@cache
def words() -> frozenset[str]:
    """The words of the language, which are no names; `x` is one only where it repeats."""
    texts = (t.pattern.value for t in grammar().terminals if t.pattern.type == "str")
    return frozenset(text for text in texts if text.isalpha()) - {"x"}


def _attempt(
    lark: Lark, tokens: list[Token], start: str = "start"
) -> tuple[Tree[Token] | None, int, set[str]]:
    """The tree; or None, the index of the token that does not fit, and what would have."""
    parser = lark.parse_interactive(start=start)
    meter = METER.get()
    position = 0
    try:
        for position, token in enumerate(tokens):
            if meter is not None and position % _UNTIL_A_LOOK == 0:
                meter.look()
            parser.feed_token(token)
        position = len(tokens)
        last = tokens[-1] if tokens else None
        tree: Tree[Token] = parser.feed_eof(last)  # type: ignore[no-untyped-call]
        return tree, position, set()
    except UnexpectedInput:
        return None, position, set(parser.accepts())  # type: ignore[no-untyped-call]


def _over(limit: OverLimit, source: Source) -> Diagnostic:
    label = Label(Span(source, 0, 0), "in this file")
    return Diagnostic(BY_NAME[limit.code], limit.message, label, help=limit.help)
