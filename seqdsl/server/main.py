"""The language server: what an editor asks over the Language Server Protocol, and who answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol as TypingProtocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

import seqdsl
from seqdsl.passes.mend import mended
from seqdsl.server import navigation
from seqdsl.server.analysis import Analysis
from seqdsl.server.coloring import LEGEND, semantic_tokens
from seqdsl.server.completion import complete
from seqdsl.server.documents import Documents
from seqdsl.server.files import path_of, uri_of
from seqdsl.server.findings import code_actions, published, replaced
from seqdsl.server.hints import code_lenses, inlay_hints
from seqdsl.server.hover import hover
from seqdsl.server.outline import document_symbols, folding_ranges
from seqdsl.server.positions import offset_of, range_of
from seqdsl.source.diagnostic import CompileError
from seqdsl.source.raising import limits
from seqdsl.syntax.format import format_source

IDLE = 0.03  # seconds without a keystroke after which findings are sent
SECONDS = 5  # of an expansion: who types does not wait longer


class _Place(TypingProtocol):
    """The parameters of a request about a position."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


class Protocol(LanguageServerProtocol):
    """Positions are counted in UTF-16, which every editor knows."""

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams):  # type: ignore[no-untyped-def]
        if params.capabilities.general is not None:
            params.capabilities.general.position_encodings = None
        return (yield from super().lsp_initialize(params))


class Server(LanguageServer):
    def __init__(self) -> None:
        super().__init__("seqdsl", seqdsl.__version__, protocol_cls=Protocol)
        self.documents = Documents()
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._told: dict[str, set[str]] = {}  # the files of which each document's findings tell

    def at(self, params: _Place) -> tuple[Analysis, int] | None:
        """What is known of the document under a position, and the offset there."""
        analysis = self.documents.analysis(params.text_document.uri)
        return None if analysis is None else (analysis, offset_of(analysis.source, params.position))

    def look_at(self, uris: Iterable[str]) -> None:
        """Sends the findings of documents once nobody has typed for a moment."""
        for uri in uris:
            if uri in self._waiting:
                self._waiting[uri].cancel()
            loop = asyncio.get_running_loop()
            self._waiting[uri] = loop.call_later(IDLE, self._tell, uri)

    def _tell(self, uri: str) -> None:
        analysis = self.documents.analysis(uri)
        if analysis is None:
            return
        found = published(analysis.diagnostics, analysis.source)
        own = found.pop(uri_of(analysis.source))
        for gone in self._told.get(uri, set()) - set(found):
            found[gone] = []
        self._told[uri] = {file for file, listed in found.items() if listed}
        self._publish(uri, own)
        self._publish_of_others(found)

    def _publish(self, uri: str, listed: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, listed))

    def _publish_of_others(self, found: dict[str, list[types.Diagnostic]]) -> None:
        """Sends findings of files that are not open: those that are have told their own."""
        for file, listed in found.items():
            if not self.documents.is_open(file):
                self._publish(file, listed)

    def clear(self, uri: str) -> None:
        """Takes back what was told of a document that is closed."""
        self._publish(uri, [])
        self._publish_of_others({file: [] for file in self._told.pop(uri, set())})


server = Server()


# --- documents


@server.feature(types.INITIALIZED)
def _initialized(ls: Server, _params: types.InitializedParams) -> None:
    folders = (path_of(folder.uri) for folder in ls.workspace.folders.values())
    ls.documents.files.folders = [folder for folder in folders if folder is not None]


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def _did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    ls.look_at(ls.documents.put(params.text_document.uri, params.text_document.text))


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def _did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.look_at(ls.documents.put(uri, ls.workspace.get_text_document(uri).source))


@server.feature(types.TEXT_DOCUMENT_DID_SAVE)
def _did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    ls.look_at([params.text_document.uri])


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
def _did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.clear(params.text_document.uri)
    ls.look_at(ls.documents.drop(params.text_document.uri))


@server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
def _did_change_files(ls: Server, _params: types.DidChangeWatchedFilesParams) -> None:
    ls.look_at(ls.documents.changed_on_disk())


# --- what is shown beside the text


@server.feature(types.TEXT_DOCUMENT_HOVER)
def _hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    place = ls.at(params)
    return None if place is None else hover(*place)


@server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
def _inlay_hints(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    analysis = ls.documents.analysis(params.text_document.uri)
    if analysis is None:
        return []
    return inlay_hints(analysis, params.range.start.line + 1, params.range.end.line + 1)


@server.feature(types.TEXT_DOCUMENT_CODE_LENS)
def _code_lenses(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    analysis = ls.documents.analysis(params.text_document.uri)
    return [] if analysis is None else code_lenses(analysis)


@server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, LEGEND)
def _semantic_tokens(ls: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    analysis = ls.documents.analysis(params.text_document.uri)
    return types.SemanticTokens([]) if analysis is None else semantic_tokens(analysis)


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def _symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    analysis = ls.documents.analysis(params.text_document.uri)
    return [] if analysis is None else document_symbols(analysis)


@server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
def _folding_ranges(ls: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    analysis = ls.documents.analysis(params.text_document.uri)
    return [] if analysis is None else folding_ranges(analysis)


# --- names


@server.feature(
    types.TEXT_DOCUMENT_COMPLETION,
    types.CompletionOptions(trigger_characters=[".", " ", "|", '"', ":", "="]),
)
def _complete(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    place = ls.at(params)
    items = [] if place is None else complete(*place, ls.documents.files)
    return types.CompletionList(is_incomplete=False, items=items)


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
def _definition(ls: Server, params: types.DefinitionParams) -> types.Location | None:
    place = ls.at(params)
    return None if place is None else navigation.go_to(*place)


@server.feature(types.TEXT_DOCUMENT_REFERENCES)
def _references(ls: Server, params: types.ReferenceParams) -> list[types.Location]:
    place = ls.at(params)
    if place is None:
        return []
    declared = params.context.include_declaration
    return navigation.references(*place, ls.documents.files, declared=declared)


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
def _highlights(ls: Server, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    place = ls.at(params)
    if place is None:
        return []
    return [types.DocumentHighlight(range_of(span)) for span in navigation.here(*place)]


@server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
def _prepare_rename(ls: Server, params: types.PrepareRenameParams) -> types.Range | None:
    place = ls.at(params)
    if place is None:
        return None
    try:
        found = navigation.renamable(*place)
    except navigation.CannotRename as reason:
        raise refused(reason) from None
    return None if found is None else range_of(found[0])


@server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
def _rename(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    place = ls.at(params)
    if place is None:
        return None
    try:
        return navigation.rename(*place, params.new_name, ls.documents.files)
    except navigation.CannotRename as reason:
        raise refused(reason) from None


def refused(reason: Exception) -> JsonRpcException:
    """A request that can't be met, for a reason that the editor shows."""
    return JsonRpcException(str(reason), types.LSPErrorCodes.RequestFailed)


# --- edits


@server.feature(
    types.TEXT_DOCUMENT_CODE_ACTION,
    types.CodeActionOptions(
        code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]
    ),
)
def _code_actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    uri = params.text_document.uri
    analysis = ls.documents.analysis(uri)
    if analysis is None:
        return []
    wanted = params.context.only or [types.CodeActionKind.QuickFix]
    actions: list[types.CodeAction] = []
    if types.CodeActionKind.QuickFix in wanted:
        first = offset_of(analysis.source, params.range.start)
        last = offset_of(analysis.source, params.range.end)
        actions += code_actions(analysis, first, last, analysis.offered)
    if any(kind.startswith(types.CodeActionKind.Source.value) for kind in wanted):
        text, count = mended(analysis.source, path_of(uri), files=ls.documents.files)
        if count:
            edit = types.WorkspaceEdit(changes={uri: [replaced(analysis.source, text)]})
            kind = types.CodeActionKind.SourceFixAll
            actions.append(types.CodeAction("fix all that is safe", kind=kind, edit=edit))
    return actions


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
def _format(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    analysis = ls.documents.analysis(params.text_document.uri)
    if analysis is None:
        return []
    try:
        text = format_source(analysis.source)
    except CompileError:  # its findings say what can't be read
        return []
    return [] if text == analysis.source.text else [replaced(analysis.source, text)]


def serve() -> None:
    """Serves one editor over standard input and output, until it is done."""
    with limits(seconds=SECONDS):
        server.start_io()
