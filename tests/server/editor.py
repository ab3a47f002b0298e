"""An editor that a test drives: it speaks to `seqdsl lsp` over standard input and output."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

WAIT = 30.0  # seconds; a loaded machine is slow to start the server


class Editor:
    """Open documents with their texts, and the findings that the server has sent."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self.sent: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.last: dict[str, set[object]] = {}  # the codes that were sent last, by the name

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def document(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(name))

    def place(self, name: str, needle: str, past: int = 0) -> types.Position:
        """The position of the first occurrence of a text, counted in UTF-16."""
        before = self.texts[name].partition(needle)[0] + needle[:past]
        column = before.rpartition("\n")[2]
        return types.Position(before.count("\n"), len(column.encode("utf-16-le")) // 2)

    async def open(self, name: str) -> list[types.Diagnostic]:
        text = (self.folder / name).read_bytes().decode()
        self.texts[name], self._versions[name] = text, 1
        item = types.TextDocumentItem(self.uri(name), "seq", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.findings(name)

    async def close(self, name: str) -> None:
        """Closes a document, and waits until the server has answered something after it."""
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(self.document(name)))
        symbols = types.DocumentSymbolParams(self.document(name))
        await self.client.text_document_document_symbol_async(symbols)

    async def type(self, name: str, old: str, new: str) -> list[types.Diagnostic]:
        """Replaces a text as a change of a range, and waits for what is said of it."""
        edit = types.TextEdit(
            types.Range(self.place(name, old), self.place(name, old, len(old))), new
        )
        return await self.apply(name, [edit])

    async def apply(self, name: str, edits: list[types.TextEdit]) -> list[types.Diagnostic]:
        """Puts edits in, the last first, as an editor does."""
        changes: list[types.TextDocumentContentChangeEvent] = []
        for edit in sorted(
            edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True
        ):
            changes.append(types.TextDocumentContentChangePartial(edit.range, edit.new_text))
            self.texts[name] = _edited(self.texts[name], edit)
        self._versions[name] += 1
        versioned = types.VersionedTextDocumentIdentifier(self._versions[name], self.uri(name))
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(versioned, changes))
        return await self.findings(name)

    async def findings(self, name: str) -> list[types.Diagnostic]:
        """The next findings that the server sends about a document."""
        while True:
            sent = await asyncio.wait_for(self.sent.get(), WAIT)
            if sent.uri == self.uri(name):
                return list(sent.diagnostics)


def _edited(text: str, edit: types.TextEdit) -> str:
    start, end = (_offset(text, place) for place in (edit.range.start, edit.range.end))
    return text[:start] + edit.new_text + text[end:]


def _offset(text: str, place: types.Position) -> int:
    lines = text.split("\n")
    before = sum(len(line) + 1 for line in lines[: place.line])
    units = lines[place.line].encode("utf-16-le")[: 2 * place.character]
    return before + len(units.decode("utf-16-le"))


def session(folder: Path, act: Callable[[Editor], Awaitable[None]]) -> int:
    """Starts a server and an editor, and gives the server's exit code after a farewell."""

    async def run() -> int:
        client = LanguageClient("editor", "1")
        editor = Editor(client, folder)

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _take(params: types.PublishDiagnosticsParams) -> None:
            editor.last[params.uri.rpartition("/")[2]] = {d.code for d in params.diagnostics}
            editor.sent.put_nowait(params)

        await client.start_io(sys.executable, "-m", "seqdsl", "lsp")
        root = types.WorkspaceFolder(folder.as_uri(), folder.name)
        encodings = [types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf16]
        capabilities = types.ClientCapabilities(
            general=types.GeneralClientCapabilities(position_encodings=encodings)
        )
        result = await client.initialize_async(
            types.InitializeParams(capabilities=capabilities, workspace_folders=[root])
        )
        assert result.capabilities.position_encoding == types.PositionEncodingKind.Utf16
        client.initialized(types.InitializedParams())
        await act(editor)
        await client.shutdown_async(None)
        client.exit(None)
        assert client._server is not None
        code = await asyncio.wait_for(client._server.wait(), WAIT)
        await client.stop()
        return code

    return asyncio.run(asyncio.wait_for(run(), 4 * WAIT))
