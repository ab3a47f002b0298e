"""Diagnostics for programs: JSON, SARIF 2.1.0 and GitHub's workflow commands."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeAlias

from seqdsl.source.codes import CODES, Severity
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Fix
from seqdsl.source.project import project_path, source_path
from seqdsl.source.render_text import printable
from seqdsl.source.text import Span

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | None"


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A list of objects; lines and columns start at 1, ends are exclusive."""
    return write_json([_json(d) for d in diagnostics])


def write_json(value: object) -> str:
    """JSON that reads as it is written, but for what steers a terminal or is no text at all."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _STEERING.sub(lambda found: json.dumps(found[0])[1:-1], text)


# Controls but for the line breaks of JSON itself, what changes the direction of text, surrogates.
_STEERING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff]"
)


def _json(d: Diagnostic) -> Json:
    return {
        "code": d.code.id,
        "name": d.code.name,
        "severity": d.severity.value,
        "message": d.message,
        "file": d.primary.span.source.title if d.primary else d.name,
        "primary": _label(d.primary) if d.primary else None,
        "secondary": [_label(label) for label in d.secondary],
        "chain": list(d.chain),
        "help": d.help,
        "fix": None if d.fix is None else _fix(d.fix),
    }


def _fix(fix: Fix) -> Json:
    """``safe`` fixes are those that ``check --fix`` makes unasked."""
    return {
        "safe": fix.safe,
        "edits": [
            {"file": edit.span.source.title, "text": edit.text, **_region(edit.span)}
            for edit in fix.edits
        ],
    }


def _label(label: Label) -> Json:
    return {"file": label.span.source.title, "text": label.text, **_region(label.span)}


def _region(span: Span) -> dict[str, Json]:
    line, column = span.source.line_column(span.start)
    end_line, end_column = span.source.line_column(span.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """One run, with every code as a rule."""
    rules: list[Json] = [
        {"id": c.id, "name": c.name, "shortDescription": {"text": c.description}} for c in CODES
    ]
    run: Json = {
        "tool": {"driver": {"name": "seqdsl", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d) for d in diagnostics],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    document: Json = {"$schema": schema, "version": "2.1.0", "runs": [run]}
    return write_json(document)


def _result(d: Diagnostic) -> Json:
    text = "\n".join([d.message, *d.chain, *([f"help: {d.help}"] if d.help else [])])
    if d.primary is None:
        file = _artifact(project_path(d.name))
        locations: list[Json] = [{"physicalLocation": {"artifactLocation": file}}]
    else:
        locations = [_location(d.primary)]
    result: dict[str, Json] = {
        "ruleId": d.code.id,
        "level": d.severity.value,
        "message": {"text": text},
        "locations": locations,
        "relatedLocations": [_location(label) for label in d.secondary],
    }
    if d.fix is not None:
        result["fixes"] = [_sarif_fix(d.fix, d.help or d.message)]
    return result


def _sarif_fix(fix: Fix, description: str) -> Json:
    by_file: dict[str, list[Json]] = {}
    for edit in fix.edits:
        replacement: Json = {
            "deletedRegion": _region(edit.span),
            "insertedContent": {"text": edit.text},
        }
        by_file.setdefault(source_path(edit.span.source), []).append(replacement)
    return {
        "description": {"text": description},
        "artifactChanges": [
            {"artifactLocation": _artifact(name), "replacements": replacements}
            for name, replacements in by_file.items()
        ],
    }


def _artifact(path: str) -> dict[str, Json]:
    """A file by its path in the project, as a relative reference: it can't name another scheme."""
    from urllib.parse import quote  # SARIF alone needs it

    return {"uri": quote(path.replace("\\", "/"), safe="/", errors="surrogateescape")}


def _location(label: Label) -> Json:
    source = label.span.source
    message: Json = {"text": label.text or "here"}
    if source.given:  # a place that is in no file
        logical: Json = {
            "name": source.name, "fullyQualifiedName": source.title, "kind": "parameter",
        }  # fmt: skip
        return {"logicalLocations": [logical], "message": message}
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(source_path(source)),
            "region": _region(label.span),
        },
        "message": message,
    }


def render_github(diagnostics: Sequence[Diagnostic]) -> str:
    """``::error file=...,line=...::message``, one a line; what is in no file names none."""
    return "\n".join(_command(d) for d in diagnostics)


def _command(d: Diagnostic) -> str:
    fields = {"title": f"{d.code.id} {d.code.name}"}
    message = d.message if d.help is None else f"{d.message}\nhelp: {d.help}"
    if d.primary is None:
        fields["file"] = d.name
    elif d.primary.span.source.given:
        message = f"{d.primary.span}: {message}"
    else:
        region = _region(d.primary.span)
        fields["file"] = d.primary.span.source.name
        fields["line"], fields["col"] = str(region["startLine"]), str(region["startColumn"])
        fields["endLine"] = str(region["endLine"])
    properties = ",".join(f"{name}={_escape(value, ':,')}" for name, value in fields.items())
    kind = "error" if d.severity is Severity.ERROR else "warning"
    return f"::{kind} {properties}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return printable(text)
