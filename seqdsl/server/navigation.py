"""Definitions, references and renames, within a file and across those of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from seqdsl.semantic.names.modules import Definition, Program, reachable
from seqdsl.semantic.names.symbols import Kind, Symbol, symbol_of
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values.constants import CONSTANTS
from seqdsl.server.analysis import Analysis
from seqdsl.server.files import EditorFiles, uri_of
from seqdsl.server.positions import range_of
from seqdsl.source.diagnostic import Failure
from seqdsl.source.text import Source, Span
from seqdsl.syntax.parser import words

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EVERYWHERE = (Kind.NETWORK, Kind.MODEL, Kind.BLOCK, Kind.PARAMETER)  # what other files can name


class CannotRename(Exception):
    """Why a name can't be changed, in words for its reader."""


def definition_of(program: Program, symbol: Symbol) -> Definition | None:
    """The block, network or model that a symbol is the name of."""
    for module in reachable(program.root):
        found = module.own.get(symbol.name)
        if found is not None and found.name_span == symbol.span:
            return found
    return None


def go_to(analysis: Analysis, offset: int) -> types.Location | None:
    """Where the name under a position is declared; of a `use`, the file."""
    for use, module in analysis.module.uses:
        if use.span.start <= offset <= use.span.end:
            return _location(Span(module.syntax.source, 0, 0))
    found = analysis.symbol_at(offset)
    if found is None or found[1].span is None:
        return None
    return _location(found[1].span)


def references(
    analysis: Analysis, offset: int, files: EditorFiles, *, declared: bool
) -> list[types.Location]:
    found = analysis.symbol_at(offset)
    if found is None:
        return []
    spans = places(analysis, found[1], files)
    if not declared:
        spans = [span for span in spans if span != found[1].span]
    return [_location(span) for span in spans]


def here(analysis: Analysis, offset: int) -> list[Span]:
    """Where the document itself has the name under a position."""
    found = analysis.symbol_at(offset)
    if found is None:
        return []
    declared = found[1].span
    spans = [] if declared is None or declared.source is not analysis.source else [declared]
    return spans + [r.span for r in analysis.names.references if _same(r.symbol, found[1])]


def places(analysis: Analysis, symbol: Symbol, files: EditorFiles) -> list[Span]:
    """Everywhere in the project where a symbol is named, its declaration first."""
    spans = [] if symbol.span is None else [symbol.span]
    spans += _in(analysis, symbol)
    if symbol.kind in _EVERYWHERE and symbol.span is not None:
        for other in _users(analysis, symbol.span.source, files):
            spans += _in(other, symbol)
    unique = {(uri_of(span.source), span.start, span.end): span for span in spans}
    return list(unique.values())


def _in(analysis: Analysis, symbol: Symbol) -> list[Span]:
    """Where the files of one analysis name a symbol."""
    return [
        reference.span
        for module in analysis.program.modules
        for reference in analysis.names_of(module).references
        if _same(reference.symbol, symbol)
    ]


def _same(one: Symbol, other: Symbol) -> bool:
    """Whether two are one symbol, be it read twice from the same file."""
    if one.kind is not other.kind or one.name != other.name:
        return False
    if one.span is None or other.span is None:
        return one.span is other.span
    return one.span.start == other.span.start and uri_of(one.span.source) == uri_of(
        other.span.source
    )


def _users(analysis: Analysis, source: Source, files: EditorFiles) -> Iterator[Analysis]:
    """The other files of the project that use a file, directly or not."""
    own = {uri_of(module.syntax.source) for module in analysis.program.modules}
    for path in files.project():
        if path.as_uri() in own and path.as_uri() == uri_of(analysis.source):
            continue
        try:
            other = Analysis(files.read(path, str(path)), path, files)
        except Failure:
            continue
        if any(uri_of(m.syntax.source) == uri_of(source) for m in reachable(other.program.root)):
            yield other


def rename(
    analysis: Analysis, offset: int, new: str, files: EditorFiles
) -> types.WorkspaceEdit | None:
    """The edits that rename what is under a position. Raises `CannotRename`."""
    found = renamable(analysis, offset)
    if found is None:
        return None
    if not _NAME.fullmatch(new) or new in words():
        raise CannotRename(
            f"`{new}` is no name: letters, digits and _, and no word of the language"
        )
    symbol = found[1]
    taken = _taken(analysis, symbol, new)
    if taken is not None:
        raise CannotRename(f"`{new}` already names a {taken.kind.value} here")
    changes: dict[str, list[types.TextEdit]] = {}
    for span in places(analysis, symbol, files):
        changes.setdefault(uri_of(span.source), []).append(types.TextEdit(range_of(span), new))
    return types.WorkspaceEdit(changes=dict(changes))


def renamable(analysis: Analysis, offset: int) -> tuple[Span, Symbol] | None:
    """The name under a position, where it can be renamed. Raises `CannotRename`."""
    found = analysis.symbol_at(offset)
    if found is None:
        return None
    symbol = found[1]
    if symbol.span is None or symbol.span.source.library:
        raise CannotRename(f"`{symbol.name}` belongs to the language, or to its library")
    if symbol.kind is Kind.STAGE and symbol.name == "head" and symbol.span.text == "head":
        raise CannotRename("`head` is a word of the language")
    return found


def _taken(analysis: Analysis, symbol: Symbol, new: str) -> Symbol | None:
    """What already has a name where a symbol is seen."""
    visible = analysis.module.find(new)
    if visible is not None:
        return symbol_of(visible[0])
    for kind, names in ((Kind.PRIMITIVE, PRIMITIVES), (Kind.CONSTANT, CONSTANTS)):
        if new in names:
            return Symbol(kind, new, None)
    assert symbol.span is not None
    if symbol.span.source is not analysis.source:
        return None
    around = analysis.definition_at(symbol.span.start)
    for other in analysis.names.symbols:
        if other.name == new and other.span is not None and _within(other.span, around):
            return other
    return None


def _within(span: Span, definition: Definition | None) -> bool:
    return definition is not None and (
        definition.span.start <= span.start and span.end <= definition.span.end
    )


def _location(span: Span) -> types.Location:
    return types.Location(uri_of(span.source), range_of(span))
