"""The words of a source: its tokens, each with the comments and line breaks in front of it."""

from __future__ import annotations

import re

from seqdsl.source.frozen import frozen, frozen_value
from seqdsl.source.text import Source
from seqdsl.syntax.grammar import tokens_of

END = "$END"
_REMARK_OR_BREAK = re.compile(r"#[^\n]*|\n")


@frozen_value
class Comment:
    """A comment as written, less the blanks behind it."""

    text: str
    own_line: bool  # nothing stands before it on its line
    blank: bool  # a blank line stands above it


@frozen
class Word:
    """A token. What documents a definition is a comment here, as any other."""

    kind: str  # the grammar's name of the token
    text: str
    comments: tuple[Comment, ...]  # between the word before and this one
    begins_line: bool
    blank: bool  # a blank line stands above it, and below its comments
    begins_statement: bool  # by the grammar: a line break or `;` that ends a statement is before it
    space: bool = False  # stands before it, on one line


def read_words(source: Source) -> list[Word]:
    """The words of a source that parses, and one of the kind `END`, for what is behind them."""
    words: list[Word] = []
    position, begins = 0, True
    for token in tokens_of(source.text):
        if token.type == "_NL":
            begins = True
        elif token.type != "DOC":
            start = token.start_pos or 0
            words.append(_word(source.text[position:start], token.type, token.value, begins, words))
            position, begins = start + len(token.value), False
    words.append(_word(source.text[position:], END, "", True, words))
    return words


def _word(gap: str, kind: str, text: str, begins: bool, before: list[Word]) -> Word:
    """A word, told what is in the gap before it: blanks, line breaks, `;` and comments."""
    comments: list[Comment] = []
    breaks = 0  # since the last word or comment
    on_a_line = not before
    for found in _REMARK_OR_BREAK.findall(gap):
        if found == "\n":
            breaks += 1
            continue
        own_line = on_a_line or breaks > 0
        comments.append(Comment(found.rstrip(), own_line, breaks > 1))
        breaks, on_a_line = 0, True
    return Word(kind, text, tuple(comments), on_a_line or breaks > 0, breaks > 1, begins)


def same_words(one: list[Word], other: list[Word]) -> bool:
    """Whether two sources say the same, in code and in comments."""
    return [_said(word) for word in one] == [_said(word) for word in other]


def _said(word: Word) -> tuple[object, ...]:
    return word.kind, word.text, word.begins_statement, [c.text for c in word.comments]
