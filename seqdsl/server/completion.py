"""Completion: what may stand where the cursor is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from seqdsl.semantic.claims import CONVENTION_NAMES, METRICS
from seqdsl.semantic.constants import CONSTANTS, FUNCTIONS
from seqdsl.semantic.modules import library_names
from seqdsl.semantic.primitives import PRIMITIVES
from seqdsl.semantic.properties import ATTRIBUTES
from seqdsl.semantic.resolve import symbol_of
from seqdsl.semantic.symbols import Kind, Symbol
from seqdsl.semantic.types import TYPES
from seqdsl.server.analysis import Analysis
from seqdsl.server.describe import about_type, documentation, formal, formals, signature
from seqdsl.server.files import EditorFiles, path_of, uri_of
from seqdsl.syntax import ast

Items = Iterator[types.CompletionItem]

_ITEM_WORDS = ("use", "network", "model", "block")
_STATEMENT_WORDS = (
    "stage", "head", "input", "for", "if", "aggregate", "require", "expect", "output",
)  # fmt: skip
_VALUE_WORDS = ("it", "in", "not")
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
    if "#" in re.sub(r'"[^"]*"', "", before):
        return []
    return list(_items(analysis, offset, before, files))


def _items(analysis: Analysis, offset: int, before: str, files: EditorFiles) -> Items:
    inside = _is_inside(analysis.source.text[:offset])
    if re.search(r'\buse\s+"[^"]*$', before):
        yield from _files(analysis, files)
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
        yield from _words(CONVENTION_NAMES)
    elif re.search(r"\b(?:model|network)\s+\w+(?:\([^)]*\))?\s*=\s*$", before):
        yield from _networks(analysis)
    elif not inside:
        yield from _words(_ITEM_WORDS)
    elif re.search(r"(?:^|[{;|])\s*$", before):
        yield from _layers(analysis)
        if not before.rstrip().endswith("|"):
            yield from _words(_STATEMENT_WORDS)
        yield from _values(analysis, offset)
    else:
        yield from _arguments(analysis, before)
        yield from _values(analysis, offset)
        yield from _words((*CONSTANTS, *FUNCTIONS, *_VALUE_WORDS))
        yield from _layers(analysis)


def _is_inside(text: str) -> bool:
    """Whether braces or brackets are open at the end of a text."""
    code = re.sub(r'"[^"\n]*"|#[^\n]*', "", text)
    return sum(map(code.count, "{(")) > sum(map(code.count, "})"))


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


def _arguments(analysis: Analysis, before: str) -> Items:
    """The parameters of the layer, or of the network, whose arguments are written."""
    call = re.search(r"\b([A-Za-z_]\w*)\([^()]*$", before) or _CALL.search(before)
    if call is None:
        return
    name = call[1]
    found = analysis.module.find(name)
    symbol = Symbol(Kind.PRIMITIVE if name in PRIMITIVES else Kind.BLOCK, name, None)
    for each in formals(symbol, found[0] if found else None) if found or name in PRIMITIVES else ():
        if each.type != "layers" and not re.search(rf"\b{each.name}\s*=", before):
            yield types.CompletionItem(
                f"{each.name}=",
                kind=types.CompletionItemKind.Field,
                detail=formal(each),
                documentation=about_type(each),
                sort_text=f"0{each.name}",
            )


def _files(analysis: Analysis, files: EditorFiles) -> Items:
    path = path_of(uri_of(analysis.source))
    if path is not None:
        for name in sorted(files.sources(path.parent)):
            if name != path.name:
                yield _item(name, types.CompletionItemKind.File)


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
