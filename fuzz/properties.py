"""What must hold of every text that the compiler is given, whatever it is."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time

import seqdsl
from seqdsl import CompileError, Diagnostic
from seqdsl.api import check_file
from seqdsl.graph.dump import dump
from seqdsl.source.diagnostic import has_errors
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.text import Source
from seqdsl.syntax.format import format_source

FOLDER = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())


class Violation(AssertionError):
    """A property that a text breaks."""


def judge(text: str, path: Path) -> tuple[list[Diagnostic], float]:
    """The findings of a text, and the seconds of the processor that they took.

    Raises `Violation`, or whatever the compiler lets out.
    """
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    started = process_time()
    built, found = check_file(path)
    taken = process_time() - started
    _hold_spans(found)
    for format in OutputFormat:
        render(found, format, color=True)
    for instance in built:
        _hold_load(path, instance.name, found, alone=len(built) == 1)
    if not any(d.code.name in ("not-utf8", "file-too-large") for d in found):
        _hold_format(text, found)
    return found, taken


def _hold_spans(found: list[Diagnostic]) -> None:
    for d in found:
        if not d.message or (d.primary is None and not d.name):
            raise Violation(f"{d.code.id} says nothing, or nothing of where")
        for label in (*([d.primary] if d.primary else []), *d.secondary):
            span = label.span
            if not 0 <= span.start <= span.end <= len(span.source.text):
                raise Violation(f"{d.code.id} points at {span.start} to {span.end} of {span}")
        for edit in d.fix.edits if d.fix else ():
            if not 0 <= edit.span.start <= edit.span.end <= len(edit.span.source.text):
                raise Violation(f"{d.code.id} would mend what is not there")


def _hold_load(path: Path, name: str, found: list[Diagnostic], alone: bool) -> None:
    """What has errors is not loaded, and what is loaded is the same each time."""
    try:
        network = seqdsl.load(path, name)
    except CompileError as error:
        if not has_errors(found):
            raise Violation(f"check has no error, and load has {error}") from None
        return
    if alone and has_errors(found):
        raise Violation("check has errors, and load has none")
    if dump(network) != dump(seqdsl.load(path, name)):
        raise Violation("a network is not the same when it is compiled again")


def _hold_format(text: str, found: list[Diagnostic]) -> None:
    try:
        made = format_source(Source("net.seq", text))
        again = format_source(Source("net.seq", made))
    except CompileError:
        if not has_errors(found):
            raise Violation("check has no error, and fmt has") from None
        return
    if made != again:
        raise Violation("what is formatted is not laid out when it is formatted again")
