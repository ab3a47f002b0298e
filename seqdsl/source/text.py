"""Source text and the spans that point into it.

Positions are code points in a half-open range; lines and columns are derived, and start at 1.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from seqdsl.source.frozen import frozen_value

CODE = r'(?:[^#"\n]|"[^"\n]*")*'  # of a line, less its comment
_SHOWN = 40  # characters of a given value, where a file's name would be


class Given(str):
    """The value of a parameter as an option of the command line gives it: ``-D``."""

    __slots__ = ("option",)
    option: str

    def __new__(cls, text: str, option: str) -> Given:
        made = super().__new__(cls, text)
        made.option = option
        return made


@dataclass(frozen=True, eq=False)
class Source:
    """One file's text, or standard input's, under the name that diagnostics print."""

    name: str
    text: str = field(repr=False)
    library: bool = False  # part of the standard library, not of the user's project
    given: str = ""  # no file, but a parameter's value: what gives it, such as -D

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        position = self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    @property
    def title(self) -> str:
        """Its name; of a given value ``-D name=value``, on one line and cut short."""
        if not self.given:
            return self.name
        value = " ".join(self.text.split())
        shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
        return f"{self.given} {self.name}={shown}"

    def line_column(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of an offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    @property
    def lines(self) -> int:
        return len(self._line_starts)

    def line_start(self, line: int) -> int:
        """The offset of a 1-based line."""
        return self._line_starts[line - 1]

    def line_end(self, line: int) -> int:
        """The offset behind a 1-based line, before its line break."""
        return self.line_start(line) + len(self.line_text(line))

    def line_text(self, line: int) -> str:
        """A 1-based line without its line break."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@frozen_value
class Span:
    """The half-open range ``[start, end)`` of a source, in code points."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.line_column(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.line_column(self.start)[1]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of another."""
        return Span(self.source, self.start, other.end)

    def __str__(self) -> str:
        if self.source.given:
            return self.source.title
        return f"{self.source.name}:{self.line}:{self.column}"
