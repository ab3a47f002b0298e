"""Diagnostics for a terminal: the source line, what is wrong underlined, and a way on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from textwrap import wrap
from typing import Protocol
from unicodedata import category, combining, east_asian_width

from seqdsl.source.codes import Code, Severity
from seqdsl.source.fix import Fix, changed_lines
from seqdsl.source.text import Source, Span

MAX_LINE = 100  # columns of a source line that are shown
MAX_SHOWN = 50  # diagnostics that a reader is shown in full

_RED, _GREEN, _YELLOW, _BLUE, _CYAN, _BOLD, _RESET = (
    f"\x1b[{code}m" for code in ("1;31", "1;32", "1;33", "1;34", "1;36", "1", "0")
)


class Marked(Protocol):
    """A `Label`, as far as it is shown."""

    @property
    def span(self) -> Span: ...
    @property
    def text(self) -> str: ...


class Finding(Protocol):
    """A `Diagnostic`, as far as it is shown; which itself is shown by what is here."""

    @property
    def code(self) -> Code: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def message(self) -> str: ...
    @property
    def primary(self) -> Marked | None: ...
    @property
    def secondary(self) -> Sequence[Marked]: ...
    @property
    def chain(self) -> Sequence[str]: ...
    @property
    def help(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def fix(self) -> Fix | None: ...


def render_concise(diagnostics: Sequence[Finding]) -> str:
    """``file:line:column: SEQ309 message``, one a line."""
    return "\n".join(f"{_where(d)}: {d.code.id} {printable(d.message)}" for d in diagnostics)


def render_full(
    diagnostics: Sequence[Finding],
    color: bool = False,
    rest: str = "`check --output-format concise` lists them all",
) -> str:
    """The first diagnostics with their source lines, and a line that counts all of them.

    ``rest`` is how to see those that are left out.
    """
    if not diagnostics:
        return ""
    parts = [render_one(d, color) for d in diagnostics[:MAX_SHOWN]]
    more = len(diagnostics) - len(parts)
    if more > 0:
        parts.append(f"... and {more:,} more: {rest}")
    return "\n\n".join([*parts, _summary(diagnostics)])


def render_one(diagnostic: Finding, color: bool = False) -> str:
    """One diagnostic with its source lines, its chain of expansions, its help and its fix."""
    return _Renderer(color).diagnostic(diagnostic)


def printable(text: str) -> str:
    """Text that can't steer a terminal: control characters are shown, not sent."""
    if text.isprintable():
        return text
    return "".join(
        f"\\x{ord(c):02x}" if category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") else c for c in text
    )


def _where(diagnostic: Finding) -> str:
    if diagnostic.primary is None:
        return printable(diagnostic.name)
    return printable(str(diagnostic.primary.span))


def _summary(diagnostics: Sequence[Finding]) -> str:
    errors = sum(d.severity is Severity.ERROR for d in diagnostics)
    counts = ((errors, "error"), (len(diagnostics) - errors, "warning"))
    return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counts if n)


class _Renderer:
    def __init__(self, color: bool) -> None:
        self._color = color

    def _paint(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self._color and text else text

    def diagnostic(self, d: Finding) -> str:
        hue = _RED if d.severity is Severity.ERROR else _YELLOW
        head = self._paint(f"{d.severity.value}[{d.code.id}]", hue)
        lines = [f"{head}{self._paint(': ' + printable(d.message), _BOLD)}"]
        labels = [*([d.primary] if d.primary else []), *d.secondary]
        margin = max((len(str(line)) for line in self._numbers(d)), default=1)
        gutter = " " * margin + self._paint(" |", _BLUE)
        if d.primary is None:
            lines.append(self._paint(" " * margin + "--> ", _BLUE) + printable(d.name))
        for index, (source, group) in enumerate(_by_source(labels)):
            arrow = "-->" if index == 0 else ":::"
            where = str(group[0].span)
            lines.append(self._paint(f"{' ' * margin}{arrow} ", _BLUE) + printable(where))
            lines.append(gutter)
            lines.extend(self._excerpt(source, group, d.primary, hue, margin))
        notes = []
        if d.chain:
            notes.append(("", _folded(d.chain)))
        if d.help:
            notes.append(("help: ", d.help))
        if notes and labels:
            lines.append(gutter)
        equals = self._paint(" " * margin + " = ", _BLUE)
        for word, text in notes:
            first, *more = _wrapped(printable(text), MAX_LINE - margin - 3 - len(word))
            lines.append(f"{equals}{self._paint(word, _CYAN)}{first}")
            lines.extend(" " * (margin + 3 + len(word)) + line for line in more)
        if d.fix is not None:
            lines.extend((gutter, *self._change(d.fix, margin)))
        return "\n".join(lines)

    def _numbers(self, d: Finding) -> list[int]:
        """The lines that are shown of files."""
        spans = [label.span for label in ([d.primary] if d.primary else []) + list(d.secondary)]
        changed = changed_lines(d.fix) if d.fix else []
        last = [number + max(len(before), len(after)) - 1 for number, before, after in changed]
        return [*(span.line for span in spans), *last]

    def _change(self, fix: Fix, margin: int) -> list[str]:
        """The lines that a fix changes, as they are and as they would be."""
        lines: list[str] = []
        for number, before, after in changed_lines(fix):
            for sign, texts, hue in (("-", before, _RED), ("+", after, _GREEN)):
                for line, text in enumerate(texts, number):
                    prefix = self._paint(f"{line:>{margin}} ", _BLUE) + self._paint(sign, hue)
                    shown = "".join(map(_cell, _window(text, 0)[0]))
                    lines.append(f"{prefix} {shown}".rstrip())
        return lines

    def _excerpt(
        self,
        source: Source,
        labels: Sequence[Marked],
        primary: Marked | None,
        hue: str,
        margin: int,
    ) -> list[str]:
        ordered = sorted(labels, key=lambda label: (label.span.line, label.span.start))
        lines: list[str] = []
        previous = 0
        for number, group in groupby(ordered, key=lambda label: label.span.line):
            if previous and number > previous + 1:
                lines.append(self._paint("...", _BLUE))
            previous = number
            here = list(group)
            text = source.line_text(number)
            shown, offset = _window(text, here[0].span.column - 1)
            prefix = self._paint(f"{number:>{margin}} | ", _BLUE)
            lines.append(prefix + "".join(map(_cell, shown)))
            gutter = self._paint(" " * margin + " | ", _BLUE)
            for label in here:
                is_primary = label is primary
                marks = _underline(label, text, shown, offset, "^" if is_primary else "-")
                code = hue if is_primary else _BLUE
                lines.append(
                    gutter + self._paint(f"{marks} {printable(label.text)}".rstrip(), code)
                )
        return lines


def _folded(chain: Sequence[str]) -> str:
    """The expansions that led there; a run of the same one is told once."""
    runs = [(link, len(list(run))) for link, run in groupby(chain)]
    return ", ".join(link if times == 1 else f"{link} ({times} times)" for link, times in runs)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of a note; what is in backticks stays on one."""
    whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    lines = wrap(whole, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines] or [""]


def _by_source(labels: Sequence[Marked]) -> list[tuple[Source, list[Marked]]]:
    """The labels by file, that of the first label first."""
    groups: dict[Source, list[Marked]] = {}
    for label in labels:
        groups.setdefault(label.span.source, []).append(label)
    return list(groups.items())


def _window(text: str, column: int) -> tuple[str, int]:
    """The part of a line to show, and the offset of its first character."""
    if len(text) <= MAX_LINE:
        return text, 0
    start = max(0, min(column - MAX_LINE // 4, len(text) - MAX_LINE))
    shown = text[start : start + MAX_LINE]
    if start:
        shown = "…" + shown[1:]
    if start + MAX_LINE < len(text):
        shown = shown[:-1] + "…"
    return shown, start


def _underline(label: Marked, text: str, shown: str, offset: int, mark: str) -> str:
    """Spaces and marks under the span, as wide as the characters above them."""
    start = label.span.column - 1
    stop = max(start + 1, min(start + label.span.end - label.span.start, len(text)))
    start, stop = (max(0, min(i - offset, len(shown) + 1)) for i in (start, stop))
    lead = sum(_columns(c) for c in shown[:start])
    width = sum(_columns(c) for c in shown[start:stop])
    return " " * lead + mark * max(width, 1)


def _cell(character: str) -> str:
    return "    " if character == "\t" else printable(character)


def _columns(character: str) -> int:
    if combining(character):
        return 0
    cell = _cell(character)
    return 2 if east_asian_width(character) in "WF" else len(cell)
