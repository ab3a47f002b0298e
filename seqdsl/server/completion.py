"""Completion: what may stand where the cursor is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from os.path import relpath
from pathlib import Path

from lsprotocol import types

from seqdsl.graph.conventions import CONVENTIONS
from seqdsl.graph.recipe import ABOUT, RECIPES, SETTINGS
from seqdsl.semantic.expansion.claims import METRICS
from seqdsl.semantic.names.modules import library_names
from seqdsl.semantic.names.symbols import Kind, Symbol, symbol_of
from seqdsl.semantic.names.unknown import Place, fitting
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values.binding import AGGREGATE_FORMALS, Formal, by_place
from seqdsl.semantic.values.constants import FUNCTIONS
from seqdsl.semantic.values.properties import ATTRIBUTES
from seqdsl.semantic.values.types import TYPES
from seqdsl.server.analysis import Analysis
from seqdsl.server.describe import about_type, documentation, formal, formals, signature
from seqdsl.server.files import EditorFiles, path_of, uri_of
from seqdsl.source.text import CODE
from seqdsl.syntax import ast

Items = Iterator[types.CompletionItem]

_ITEM_WORDS = ("use", "network", "model", "block")
_STATEMENT_WORDS = (
    "stage", "head", "input", "for", "if", "aggregate", "require", "expect", "train", "output",
)  # fmt: skip
_VALUE_WORDS = ("it", "in", "not")
_FILE = re.compile(r'\buse\s+"([^"]*)$')
_NESTED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NAMED = re.compile(r"\s*(\w+)\s*=(?!=)")
_CALL = re.compile(r"(?:^|[{;|])\s*(?:[A-Za-z_]\w*\s*=(?!=)\s*.*\|\s*)?([A-Za-z_]\w*)\s+[^{};|]*$")
_KINDS = {
    Kind.NETWORK: types.CompletionItemKind.Class,
    Kind.MODEL: types.CompletionItemKind.Class,
    Kind.BLOCK: types.CompletionItemKind.Function,
    Kind.PRIMITIVE: types.CompletionItemKind.Function,
    Kind.PARAMETER: types.CompletionItemKind.Variable,
    Kind.VALUE: types.CompletionItemKind.Variable,
    Kind.INDEX: types.CompletionItemKind.Variable,
    Kind.STAGE: types.CompletionItemKind.Module,
    Kind.CONSTANT: types.CompletionItemKind.EnumMember,
}


def complete(analysis: Analysis, offset: int, files: EditorFiles) -> list[types.CompletionItem]:
    """Everything that fits; the editor sieves it by what is typed so far."""
    line = analysis.source.text[:offset].rpartition("\n")[2]
    before = line[: len(line) - len(re.search(r"\w*$", line)[0])]  # type: ignore[index]
    if not re.fullmatch(CODE, before) and not _FILE.search(before):  # a comment, or a text
        return []
    return list(_items(analysis, offset, before, files))


def _items(analysis: Analysis, offset: int, before: str, files: EditorFiles) -> Items:
    opening = _opening(analysis.source.text[:offset])
    file = _FILE.search(before)
    if file is not None:
        yield from _files(analysis, files, file[1])
    elif re.search(r"\buse\s+[\w.]*$", before):
        prefix = before.rpartition("use")[2].strip()
        for name in library_names():
            if name.startswith(prefix):
                yield _item(name.removeprefix(prefix), types.CompletionItemKind.Module, name)
    elif before.rstrip().endswith(".") and not before.rstrip().endswith(".."):
        for name in ATTRIBUTES:
            yield _item(name, types.CompletionItemKind.Property)
    elif re.search(r"\b(?:network|block)\s+\w+\([^)]*:\s*$", before):
        for name, each in TYPES.items():
            yield _item(name, types.CompletionItemKind.TypeParameter, each.description)
    elif re.search(r"\bexpect\s+$", before):
        yield from _words(METRICS)
    elif re.search(r"\bexpect\s+\w+\s+\S+\s+by\s+$", before):
        for convention in CONVENTIONS.values():
            yield _item(
                convention.name, types.CompletionItemKind.EnumMember, convention.description
            )
    elif re.search(r"\btrain\s+$", before):
        for name in RECIPES:
            yield _item(name, types.CompletionItemKind.EnumMember, ABOUT[name])
    elif re.search(r"\b(?:model|network)\s+\w+(?:\([^)]*\))?\s*=\s*$", before):
        yield from _networks(analysis)
    elif re.search(r"\bnetwork\s+\w+(?:\([^)]*\))?\s*=\s*\w+(?:\([^)]*\))?\s+$", before):
        yield from _words(("with",))
    elif opening is None:
        yield from _words(_ITEM_WORDS)
    elif re.search(r"\breplace\s+$", before):
        yield from _layers(analysis)
    elif (rule := re.search(r"\breplace\s+(\w+)\(([^)]*)$", before)) is not None:
        yield from _parameters(analysis, rule[1], given=rule[2])
    elif re.search(r"\breplace\s+\w+(?:\([^)]*\))?\s+$", before):
        yield from _words(("where",))
    elif re.search(r"\bwith$", opening) and re.search(r"(?:^|[{;])\s*$", before):
        yield from _words(("replace", "expect", "train"))
    elif re.search(r"\btrain(?:\s+\w+)?$", opening) and re.search(r"(?:^|[{;])\s*$", before):
        for name in SETTINGS:
            yield _item(name, types.CompletionItemKind.Property, ABOUT[name])
    elif re.search(r"(?:^|[{;|])\s*$", before):
        yield from _layers(analysis)
        if not before.rstrip().endswith("|"):
            yield from _words(_STATEMENT_WORDS)
        yield from _values(analysis, offset)
    else:
        yield from _arguments(analysis, offset, before)


def _opening(text: str) -> str | None:
    """What stands before the brace or bracket that is open at the end of a text; None outside."""
    code = re.sub(r'"[^"\n]*"|#[^\n]*', "", text)
    depth = 0
    for at in range(len(code) - 1, -1, -1):
        depth += (code[at] in "})") - (code[at] in "{(")
        if depth < 0:
            return code[:at].rstrip()
    return None


def _layers(analysis: Analysis) -> Items:
    for definition, _ in analysis.module.visible.values():
        if isinstance(definition, ast.Block):
            symbol = symbol_of(definition)
            yield _described(symbol, signature(symbol, definition), definition.doc)
    for name in PRIMITIVES:
        symbol = Symbol(Kind.PRIMITIVE, name, None)
        yield _described(symbol, signature(symbol, None), documentation(symbol, None))


def _networks(analysis: Analysis) -> Items:
    for definition, _ in analysis.module.visible.values():
        if isinstance(definition, ast.Network | ast.Derived):
            symbol = symbol_of(definition)
            yield _described(symbol, signature(symbol, definition), definition.doc)


def _values(analysis: Analysis, offset: int) -> Items:
    """What the definition around the cursor declares before it."""
    around = analysis.definition_at(offset)
    start = around.span.start if around is not None else _last_heading(analysis, offset)
    seen: set[str] = set()
    for symbol in analysis.names.symbols:
        if symbol.kind in (Kind.BLOCK, Kind.NETWORK, Kind.MODEL):
            continue
        span = symbol.span
        if span is not None and start < span.start < offset and symbol.name not in seen:
            seen.add(symbol.name)
            yield _item(symbol.name, _KINDS[symbol.kind], symbol.kind.value)


def _last_heading(analysis: Analysis, offset: int) -> int:
    """Where a definition that can't be read yet begins."""
    found = list(
        re.finditer(r"^(?:network|block|model)\b", analysis.source.text[:offset], re.MULTILINE)
    )
    return found[-1].start() if found else 0


def _arguments(analysis: Analysis, offset: int, before: str) -> Items:
    """What may stand as an argument, or in another expression: names of parameters, and values."""
    call = re.search(r"\b([A-Za-z_]\w*)\([^()]*$", before) or _CALL.search(before)
    listed = () if call is None else _formals(analysis, call[1])
    written = before[call.end(1) if call is not None else 0 :].lstrip("( ")
    *given, current = _NESTED.sub("", written).split(",")
    names = [found[1] if (found := _NAMED.match(each)) else None for each in given]
    named = _NAMED.match(current)
    if named is not None and not current[named.end() :].strip():
        takes = next((each for each in listed if each.name == named[1]), None)
        yield from _fitting(analysis, offset, Place(takes, listed))
        return
    positional = by_place(listed)
    if call is not None and call[1] == "aggregate":
        positional = []
    place = positional[names.count(None) : names.count(None) + 1]
    if not current.strip():
        taken = {each.name for each in positional[: names.count(None)]} | set(names)
        for each in listed:
            if each.type != "layers" and each.name not in taken:
                yield types.CompletionItem(
                    f"{each.name}=",
                    kind=types.CompletionItemKind.Field,
                    detail=formal(each),
                    documentation=about_type(each),
                    sort_text=f"0{each.name}",
                )
    yield from _fitting(analysis, offset, Place(place[0] if place else None, listed))


def _fitting(analysis: Analysis, offset: int, place: Place) -> Items:
    """The values that a place takes."""
    yield from _values(analysis, offset)
    yield from _words((*_VALUE_WORDS, *FUNCTIONS))
    layers = {item.label: item for item in _layers(analysis)}
    for name in fitting(place, analysis.module):
        yield layers.get(name) or _item(name, types.CompletionItemKind.EnumMember)


def _formals(analysis: Analysis, name: str) -> Sequence[Formal]:
    """The parameters of the layer or network of a name, and of an aggregation."""
    if name == "aggregate":
        return tuple(AGGREGATE_FORMALS.values())
    found = analysis.module.find(name)
    if found is None and name not in PRIMITIVES:
        return ()
    kind = Kind.PRIMITIVE if found is None else Kind.BLOCK
    return formals(Symbol(kind, name, None), found[0] if found else None)


def _parameters(analysis: Analysis, name: str, given: str) -> Items:
    """The parameters of a layer that a rule does not list yet."""
    listed = re.findall(r"\w+", given)
    for each in _formals(analysis, name):
        if each.type != "layers" and each.name not in listed:
            yield _item(each.name, types.CompletionItemKind.Variable, formal(each))


def _files(analysis: Analysis, files: EditorFiles, prefix: str) -> Items:
    """The files of the project, from this one's folder on, less what is typed of their path."""
    own = path_of(uri_of(analysis.source))
    if own is None:
        return
    beside = (own.parent / name for name in files.sources(own.parent))
    for path in sorted({*files.project(), *beside} - {own}):
        name = Path(relpath(path, own.parent)).as_posix()
        if name.startswith(prefix):
            yield _item(name.removeprefix(prefix), types.CompletionItemKind.File)


def _words(words: tuple[str, ...]) -> Items:
    for word in words:
        yield _item(word, types.CompletionItemKind.Keyword)


def _item(label: str, kind: types.CompletionItemKind, detail: str = "") -> types.CompletionItem:
    return types.CompletionItem(label, kind=kind, detail=detail or None)


def _described(symbol: Symbol, detail: str, doc: str) -> types.CompletionItem:
    return types.CompletionItem(
        symbol.name,
        kind=_KINDS[symbol.kind],
        detail=detail,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, doc) if doc else None,
    )
