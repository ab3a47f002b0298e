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

    code: Code
    message: str
    primary: Label | None
    secondary: tuple[Label, ...] = ()
    chain: tuple[str, ...] = ()
    help: str | None = None
    name: str = ""  # the file, where there is no span to tell it
    fix: Fix | None = None  # the edit that ``help`` tells of, where it is known
    in_python: str | None = None  # the help for a caller in Python, where it differs

    @property
    def severity(self) -> Severity:
        return self.code.severity

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
    """Raised by the public API when a file does not compile; holds every diagnostic."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(
            replace(d, help=d.in_python) if d.in_python else d for d in diagnostics
        )
        super().__init__(self._summary())

    def _summary(self) -> str:
        lines = []
        for d in self.diagnostics:
            where = str(d.primary.span) if d.primary else d.name
            lines.append(f"{where}: {d.code.id} {d.message}")
            if d.help:
                lines.append(f"  help: {d.help}")
        return "\n".join(lines)


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
