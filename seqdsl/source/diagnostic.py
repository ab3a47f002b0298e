"""What the compiler has to say about a file: one value type for every stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seqdsl.source.codes import BY_NAME, Code, CodeName, Severity
from seqdsl.source.fix import Fix
from seqdsl.source.frozen import frozen_value
from seqdsl.source.text import Span


@frozen_value
class Label:
    """A span that takes part in a diagnostic, and what it has to do with it."""

    span: Span
    text: str


@frozen_value
class Diagnostic:
    """A located finding: ``primary`` is underlined first, the other labels after it.

    ``chain`` tells the expansions that led here, innermost first
    ("in group 3 of wseqconv", "in stage conv4").
    """

    code: Code  # its `id` (SEQ201) and `name` (unknown-layer) never change
    message: str
    primary: Label | None  # a `span` (`span.line`, `span.column`, from 1) and a `text`
    secondary: tuple[Label, ...] = ()
    chain: tuple[str, ...] = ()
    help: str | None = None  # the way on
    name: str = ""  # the file, where there is no span to tell it
    fix: Fix | None = None  # the edit that ``help`` tells of, where it is known
    in_python: str | None = None  # the help for a caller in Python, where it differs

    @property
    def severity(self) -> Severity:
        """Whether it is an error or a warning: ``severity.value`` is the word."""
        return self.code.severity

    def __str__(self) -> str:
        """What the commands print of it in full, without colour: several lines."""
        from seqdsl.source.render_text import render_one  # what is clean needs no renderer

        return render_one(self)

    @property
    def key(self) -> tuple[Code, object, int, int]:
        """Equal for findings that one place of a file causes in several expansions."""
        if self.primary is None:
            return (self.code, self.name, 0, 0)
        span = self.primary.span
        return (self.code, span.source, span.start, span.end)


def has_errors(diagnostics: Sequence[Diagnostic]) -> bool:
    """Whether any is more than a warning."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)


class CompileError(Exception):
    """Raised where a source does not compile, or what is given with it does not fit.

    ``diagnostics`` holds each `Diagnostic`, in the order of the file. The message is what the
    commands print of them in full, without colour, with help for a caller in Python.
    """

    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(
            replace(d, help=d.in_python) if d.in_python else d for d in diagnostics
        )
        super().__init__(self.diagnostics)

    def __repr__(self) -> str:
        return f"CompileError({', '.join(d.code.id for d in self.diagnostics)})"

    def __str__(self) -> str:
        from seqdsl.source.render_text import render_full

        return render_full(self.diagnostics, rest="`diagnostics` of the error holds them all")


class Failure(Exception):
    """Carries one diagnostic out of a statement, to where the next can go on."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


def unlocated(
    code: CodeName,
    message: str,
    name: object,
    help: str | None = None,
    in_python: str | None = None,
) -> Failure:
    """What is wrong with a file as a whole, or with a call: no place in a source is shown."""
    return Failure(
        Diagnostic(BY_NAME[code], message, None, help=help, name=str(name), in_python=in_python)
    )
