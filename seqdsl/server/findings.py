"""Diagnostics and the actions that mend them, as an editor takes them."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from seqdsl.server.analysis import Analysis
from seqdsl.server.files import uri_of
from seqdsl.server.positions import position_of, range_of
from seqdsl.source.codes import Severity
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import Fix, inserting
from seqdsl.source.text import Source, Span

_MENU = 60  # columns


def published(diagnostics: Sequence[Diagnostic], root: Source) -> dict[str, list[types.Diagnostic]]:
    """The findings by the addresses of their files; those of the root's are always there."""
    found: dict[str, list[types.Diagnostic]] = {uri_of(root): []}
    for d in diagnostics:
        span = d.primary.span if d.primary is not None else Span(root, 0, 0)
        found.setdefault(uri_of(span.source), []).append(_diagnostic(d, span))
    return found


def _diagnostic(d: Diagnostic, span: Span) -> types.Diagnostic:
    label = d.primary.text if d.primary is not None else ""
    lines = [d.message + (f" ({label})" if label and label not in d.message else "")]
    if d.chain:
        lines.append(", ".join(d.chain))
    if d.help:
        lines.append(f"help: {d.help}")
    severity = types.DiagnosticSeverity
    return types.Diagnostic(
        range_of(span),
        "\n".join(lines),
        severity=severity.Error if d.severity is Severity.ERROR else severity.Warning,
        code=d.code.id,
        source="seqdsl",
        tags=[types.DiagnosticTag.Unnecessary] if d.code.unnecessary else None,
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(uri_of(label.span.source), range_of(label.span)),
                label.text or "here",
            )
            for label in d.secondary
        ],
    )


def code_actions(
    analysis: Analysis, first: int, last: int, diagnostics: Sequence[Diagnostic]
) -> list[types.CodeAction]:
    """The fixes of the findings between two offsets, and comments that allow the warnings."""
    actions: list[types.CodeAction] = []
    for d in diagnostics:
        if d.primary is None or d.primary.span.source is not analysis.source:
            continue
        if d.primary.span.end < first or d.primary.span.start > last:
            continue
        about = [_diagnostic(d, d.primary.span)]
        if d.fix is not None:
            actions.append(_action(_title(d, d.fix), d.fix, about, preferred=d.fix.safe))
        if d.code.allowable:
            title = f"allow {d.code.name} on this line"
            actions.append(_action(title, _allowing(analysis.source, d), about, preferred=False))
    return actions


def _title(d: Diagnostic, fix: Fix) -> str:
    """What a menu says of a fix: the help where it is short, or else what the edit does."""
    edit = fix.edits[0]
    old, new = (_cut(" ".join(text.split())) for text in (edit.span.text, edit.text))
    if d.help and (len(d.help) <= _MENU or not old + new):
        return d.help
    if not old:
        return f"insert `{new}`"
    return f"replace `{old}` with `{new}`" if new else f"remove `{old}`"


def _cut(text: str) -> str:
    return text if len(text) <= _MENU // 2 else f"{text[: _MENU // 2]}…"


def _action(
    title: str, fix: Fix, about: list[types.Diagnostic], *, preferred: bool
) -> types.CodeAction:
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in fix.edits:
        uri = uri_of(edit.span.source)
        changes.setdefault(uri, []).append(types.TextEdit(range_of(edit.span), edit.text))
    return types.CodeAction(
        title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=about,
        is_preferred=preferred,
        edit=types.WorkspaceEdit(changes=dict(changes)),
    )


def _allowing(source: Source, d: Diagnostic) -> Fix:
    assert d.primary is not None
    line = d.primary.span.line
    text, comment = source.line_text(line), f"# seqdsl: allow({d.code.id})"
    if "#" not in text:
        return inserting(source, source.line_end(line), f"  {comment}")
    indent = text[: len(text) - len(text.lstrip())]
    return inserting(source, source.line_start(line), f"{indent}{comment}\n")


def replaced(source: Source, text: str) -> types.TextEdit:
    """The edit that puts another text in the place of a whole document."""
    start, end = position_of(source, 0), position_of(source, len(source.text))
    return types.TextEdit(types.Range(start, end), text)
