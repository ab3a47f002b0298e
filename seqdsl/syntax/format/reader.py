"""From words to statements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from seqdsl.syntax.format.nodes import Body, Element, Group, Statement, group
from seqdsl.syntax.format.spacing import spaced
from seqdsl.syntax.format.words import END, Comment, Word


def read_statements(words: Sequence[Word]) -> Body:
    """The body that is the file, of the words of a source that parses."""
    return _Reader(words).body(END)


class _Reader:
    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        self._at = 0
        self._breaks = list(accumulate(word.begins_line for word in words))

    @property
    def _next(self) -> Word:
        return self._words[self._at]

    def _take(self) -> Word:
        self._at += 1
        return self._words[self._at - 1]

    def body(self, closing: str) -> Body:
        """Statements, up to the word that closes them; the one that opens them is taken."""
        begin = max(self._at - 1, 0)
        remark = self._remark()
        statements = []
        while self._next.kind != closing:
            statements.append(self.statement())
        below = self._own_lines()
        on_a_line = self._breaks[begin] == self._breaks[self._at]
        self._take()
        return Body(remark, tuple(statements), below, on_a_line)

    def statement(self) -> Statement:
        above, blank = self._own_lines(), self._next.blank
        elements = [self.element()]
        while not (self._next.begins_statement or self._next.kind == "RBRACE"):
            elements.append(self.element())
        return Statement(above, blank, spaced(elements), self._remark())

    def element(self) -> Element:
        word = self._take()
        match word.kind:
            case "LBRACE":
                return self.body("RBRACE")
            case "LPAR":
                return self.brackets(word, "RPAR")
            case "LSQB":
                return self.brackets(word, "RSQB")
            case _:
                return word

    def brackets(self, open: Word, closing: str) -> Group:
        inner: list[Element] = []
        while self._next.kind != closing:
            inner.append(self.element())
        return group(open, tuple(inner), self._take())

    def _remark(self) -> str | None:
        """The comment on the line of the last word, where a statement or brace ends with it."""
        comments = self._next.comments
        return comments[0].text if comments and not comments[0].own_line else None

    def _own_lines(self) -> tuple[Comment, ...]:
        return tuple(comment for comment in self._next.comments if comment.own_line)
