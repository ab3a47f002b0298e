"""What must hold of every text that the compiler is given, whatever it is."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from time import process_time

import seqdsl
from seqdsl import CompileError, Diagnostic
from seqdsl.api import check_file
from seqdsl.graph.dump import dump
from seqdsl.passes.check import check_program
from seqdsl.passes.mend import mended
from seqdsl.semantic.names.modules import load_program
from seqdsl.semantic.names.reading import DISK
from seqdsl.server import navigation
from seqdsl.server.analysis import Analysis
from seqdsl.server.coloring import semantic_tokens
from seqdsl.server.completion import complete
from seqdsl.server.files import EditorFiles
from seqdsl.server.findings import code_actions, published
from seqdsl.server.hints import code_lenses, inlay_hints
from seqdsl.server.hover import hover
from seqdsl.server.outline import document_symbols, folding_ranges
from seqdsl.source.diagnostic import has_errors
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.text import Source
from seqdsl.syntax.format import format_source

ROOT = Path(__file__).resolve().parents[1]
SMALL = 4_000  # bytes: what can be compiled by the thousand
FOLDER = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())


_SELDOM = 5  # of as many texts one is mended, and looked at in an editor
_LOADED = 2  # networks of a file that are loaded one by one


class Violation(AssertionError):
    """A property that a text breaks."""


def small_files() -> list[str]:
    """The small files of the repository, right and wrong."""
    folders = ("architectures", "examples", "tests/bad")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.seq"))
    return [path.read_text(encoding="utf-8") for path in paths if path.stat().st_size < SMALL]


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
    for instance in built[:_LOADED]:
        _hold_load(path, instance.name, found, alone=len(built) == 1)
    if not any(d.code.name in ("not-utf8", "file-too-large") for d in found):
        _hold_format(text, found)
        if len(text) % _SELDOM == 0:
            _hold_fixes(path, found)
            _hold_editor(path)
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


def _hold_fixes(path: Path, found: list[Diagnostic]) -> None:
    """Fixes that are safe make no error, and leave nothing for themselves to do."""
    source = DISK.read(path, str(path))
    text, count = mended(source, path)
    if count:
        after = check_program(load_program(Source(str(path), text), path))[1]
        if has_errors(after) and not has_errors(found):
            raise Violation("what is mended safely has errors")
    mended(source, path, unsafe=True)


def _hold_editor(path: Path) -> None:
    """Whatever is asked of a text, at any place, has an answer."""
    files = EditorFiles()
    analysis = Analysis(DISK.read(path, str(path)), path, files)
    published(analysis.diagnostics, analysis.source)
    inlay_hints(analysis, 1, 10_000)
    code_lenses(analysis)
    semantic_tokens(analysis)
    document_symbols(analysis)
    folding_ranges(analysis)
    code_actions(analysis, 0, len(analysis.source.text), analysis.diagnostics)
    for offset in range(0, len(analysis.source.text), 97):
        hover(analysis, offset)
        complete(analysis, offset, files)
        navigation.go_to(analysis, offset)
        with suppress(navigation.CannotRename):
            navigation.rename(analysis, offset, "renamed", files)


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
