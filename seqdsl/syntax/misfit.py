"""A token that the grammar does not accept, and what is around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from lark import Token

from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Fix
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Source, Span
from seqdsl.syntax.tokens import statement_start, token_span, unclosed

ITEMS = {"USE", "NETWORK", "MODEL", "BLOCK"}
VALUES = {"NAME", "NUMBER", "SIZE"}

Advice: TypeAlias = tuple[str | None, Fix | None]  # a help, and an edit
Repair: TypeAlias = tuple[Diagnostic, list[Token]]  # what is said, and the tokens to read instead


@frozen
class Misfit:
    """The token at ``position``, which the grammar does not accept, and what it would."""

    source: Source
    tokens: Sequence[Token]
    position: int
    expected: set[str]

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    @property
    def previous(self) -> Token | None:
        return self.tokens[self.position - 1] if self.position else None

    @property
    def before(self) -> str:
        """The type of the token before."""
        return self.previous.type if self.previous is not None else ""

    @property
    def span(self) -> Span:
        return token_span(self.source, self.token)

    @property
    def end_before(self) -> int:
        """Where the token before ends."""
        return (self.previous.end_pos if self.previous is not None else None) or 0

    @property
    def gap(self) -> Span:
        """What stands between the token before and this one."""
        return Span(self.source, self.end_before, self.span.start)

    @property
    def statement(self) -> Sequence[Token]:
        """The tokens of its statement, up to this one."""
        return self.tokens[statement_start(self.tokens, self.position) : self.position + 1]

    @property
    def begins_line(self) -> bool:
        """Whether a line ends before it, or with it."""
        same = self.previous is not None and self.previous.line == self.token.line
        return self.token.type == "_NL" or not same

    @property
    def opening(self) -> Token | None:
        """The bracket of this statement that is open before it."""
        brackets = unclosed(self.statement[:-1])
        return brackets[-1] if brackets and brackets[-1].type != "LBRACE" else None

    def followed_by(self, *kinds: str) -> bool:
        found = self.tokens[self.position + 1 : self.position + 1 + len(kinds)]
        return [token.type for token in found] == list(kinds)
