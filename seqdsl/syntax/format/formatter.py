"""From a source to the same source as the house writes it."""

from __future__ import annotations

from seqdsl.source.diagnostic import CompileError, has_errors
from seqdsl.source.text import Source
from seqdsl.syntax.format.layout import lay_out
from seqdsl.syntax.format.page import Line
from seqdsl.syntax.format.reader import read_statements
from seqdsl.syntax.format.tables import align
from seqdsl.syntax.format.words import read_words, same_words
from seqdsl.syntax.parser import parse


def format_source(source: Source) -> str:
    """The text of a source in the one layout that it has. Raises `CompileError`.

    Formatting it again changes nothing. Its tokens, statements and comments are those of the
    source, in their order: that is looked at, too.
    """
    _, diagnostics = parse(source)
    if has_errors(diagnostics):
        raise CompileError(diagnostics)
    words = read_words(source)
    lines = lay_out(read_statements(words))
    align(lines)
    text = "".join(f"{line}\n" for line in _with_blanks(lines))
    if not same_words(words, read_words(Source(source.name, text))):
        raise AssertionError(f"{source.name} would not say the same when formatted")
    return text.replace("\n", "\r\n") if _has_crlf(source.text) else text


def _with_blanks(lines: list[Line]) -> list[str]:
    return [part for line in lines for part in ([""] * line.blank + [str(line)])]


def _has_crlf(text: str) -> bool:
    return text.partition("\n")[0].endswith("\r")
