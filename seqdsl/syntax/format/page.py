"""The lines that a formatter writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seqdsl.source.frozen import frozen_value
from seqdsl.syntax.format.words import Comment

WIDTH = 100  # columns


@frozen_value
class Row:
    """A line of a table: its cells, and what is equal for all lines of that table."""

    table: tuple[object, ...]
    cells: tuple[str, ...]


@dataclass(slots=True)
class Line:
    indent: int
    text: str = ""
    comment: str | None = None
    blank: bool = False  # a blank line stands above it
    row: Row | None = None

    @property
    def width(self) -> int:
        """Columns, less those of a comment."""
        return self.indent + len(self.text)

    def __str__(self) -> str:
        parts = [self.text, self.comment or ""]
        return " " * self.indent + "  ".join(part for part in parts if part)


@dataclass(slots=True)
class Page:
    """Lines, the last of which is being written."""

    lines: list[Line] = field(default_factory=list)

    @property
    def line(self) -> Line:
        return self.lines[-1]

    def begin(self, indent: int) -> None:
        self.lines.append(Line(indent))

    def has_room(self, text: str, tail: int = 0) -> bool:
        """Whether a text fits behind the line, with ``tail`` columns behind it."""
        return self.line.width + len(self._behind(text)) + tail <= WIDTH

    def write(self, text: str) -> None:
        self.line.text += self._behind(text)

    def _behind(self, text: str) -> str:
        return text if self.line.text else text.lstrip()

    def comment(self, comments: Sequence[Comment], indent: int) -> None:
        """Writes comments: the first behind the line, unless it has one of its own."""
        for comment in comments:
            if comment.own_line:
                self.begin(indent)
            self.line.comment = comment.text
