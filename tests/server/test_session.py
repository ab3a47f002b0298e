"""Whole sessions, as an editor has them with `seqdsl lsp`."""

from pathlib import Path

import pytest
from editor import Editor, session
from lsprotocol import types
from pygls.exceptions import JsonRpcException

NET = """use std.seqconv

## A small network.  漢字 and 🙂 come before what is pointed at.
network Net(width = 32, classes = 10) {
  input 3x32x32
  stage one -> 32x32 {
    conv 3x3, width
    seqconv 3x3, width, k=8
  }
  head { global_average_pool; fc classes }
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "net.seq").write_text(NET)
    return tmp_path


def test_a_session(folder: Path) -> None:
    """Open, type a mistake, see it, take the fix, hover, rename, format."""

    async def act(editor: Editor) -> None:
        client, document = editor.client, editor.document("net.seq")
        assert await editor.open("net.seq") == []

        found = await editor.type("net.seq", "seqconv 3x3", "seqcnov 3x3")
        assert [d.code for d in found] == ["SEQ201"]
        start = editor.place("net.seq", "seqcnov")
        assert found[0].range.start == start and "did you mean `seqconv`?" in found[0].message

        actions = await client.text_document_code_action_async(
            types.CodeActionParams(document, found[0].range, types.CodeActionContext(found))
        )
        assert actions is not None
        fix = next(a for a in actions if a.title == "did you mean `seqconv`?")
        assert isinstance(fix, types.CodeAction) and fix.edit and fix.edit.changes
        assert await editor.apply("net.seq", list(fix.edit.changes[document.uri])) == []
        assert editor.texts["net.seq"] == NET

        hover = await client.text_document_hover_async(
            types.HoverParams(document, editor.place("net.seq", "seqconv 3x3", 3))
        )
        assert hover is not None and isinstance(hover.contents, types.MarkupContent)
        text = hover.contents.value
        assert "Eq. 1" in text and "block seqconv(path: path" in text
        assert "| `32×32×32` | `32×32×32 in 4 groups of 8` |" in text
        # 9·32·8, 9·8·8 … : groups see 32, 8, 16 and 24 channels, and have a norm of 8 each
        params = sum(9 * seen * 8 for seen in (32, 32 + 8, 32 + 16, 32 + 24)) + 4 * 16
        assert f"{params / 1000:.1f}K params" in text

        renamed = await client.text_document_rename_async(
            types.RenameParams(document, editor.place("net.seq", "width", 1), "channels")
        )
        assert renamed is not None and renamed.changes is not None
        assert await editor.apply("net.seq", list(renamed.changes[document.uri])) == []
        assert editor.texts["net.seq"] == NET.replace("width", "channels")

        await editor.type("net.seq", "conv 3x3, channels\n", "conv   3x3,channels\n")
        edits = await client.text_document_formatting_async(
            types.DocumentFormattingParams(document, types.FormattingOptions(2, True))
        )
        assert edits
        assert await editor.apply("net.seq", list(edits)) == []
        assert editor.texts["net.seq"] == NET.replace("width", "channels")

    assert session(folder, act) == 0


def test_findings_follow_files_that_others_use(folder: Path) -> None:
    (folder / "own.seq").write_text("block own(width: positive) { conv 3x3, width }\n")
    (folder / "user.seq").write_text(
        'use "own.seq"\nnetwork N { input 3x8x8; own 4 }\nnetwork M { input 3x8x8; own 8 }\n'
    )

    async def act(editor: Editor) -> None:
        client = editor.client
        assert await editor.open("user.seq") == []
        assert await editor.open("own.seq") == []
        own = types.DefinitionParams(
            editor.document("user.seq"), editor.place("user.seq", "own 4", 1)
        )
        found = await client.text_document_definition_async(own)
        assert isinstance(found, types.Location) and found.uri == editor.uri("own.seq")

        await editor.type("own.seq", "block own", "block mine")
        told = await editor.findings("user.seq")
        assert {d.code for d in told} == {"SEQ201"}
        await editor.type("own.seq", "block mine", "block own")
        assert await editor.findings("user.seq") == []

        edit = await client.text_document_rename_async(
            types.RenameParams(editor.document("own.seq"), editor.place("own.seq", "own"), "mine")
        )
        assert edit is not None and edit.changes is not None
        counts = {uri: len(edits) for uri, edits in edit.changes.items()}
        assert counts == {editor.uri("own.seq"): 1, editor.uri("user.seq"): 2}

        with pytest.raises(JsonRpcException, match="no name"):
            await client.text_document_rename_async(
                types.RenameParams(
                    editor.document("own.seq"), editor.place("own.seq", "own"), "stage"
                )
            )

    assert session(folder, act) == 0


def test_a_file_that_nobody_can_read_leaves_the_server_up(folder: Path) -> None:
    async def act(editor: Editor) -> None:
        await editor.open("net.seq")
        found = await editor.type("net.seq", NET, "network N " + "{" * 500 + '\x00"' + "1+" * 9000)
        assert found and all(d.severity == types.DiagnosticSeverity.Error for d in found)
        for ask in (
            editor.client.text_document_document_symbol_async,
            editor.client.text_document_folding_range_async,
            editor.client.text_document_code_lens_async,
        ):
            assert (
                list(await ask(types.DocumentSymbolParams(editor.document("net.seq"))) or []) == []
            )
        text = editor.texts["net.seq"]
        assert await editor.type("net.seq", text, NET) == []

    assert session(folder, act) == 0


def test_what_is_said_of_an_open_file_is_its_own(folder: Path) -> None:
    """A file that uses another says nothing of it while that is open, and takes nothing back."""
    (folder / "own.seq").write_text(
        "block own(w) { conv 3x3, w }\nnetwork N(k = 3) { input 3x8x8; relu; expect params 5 }\n"
    )
    (folder / "user.seq").write_text('use "own.seq"\nnetwork M { input 3x8x8; own 4 }\n')

    async def act(editor: Editor) -> None:
        assert {d.code for d in await editor.open("own.seq")} == {"SEQ203", "SEQ401"}
        assert await editor.open("user.seq") == []
        await editor.close("user.seq")
        assert editor.last["own.seq"] == {"SEQ203", "SEQ401"}
        assert await editor.type("own.seq", "own(w)", "own(width)") != []

    assert session(folder, act) == 0


def test_what_is_said_of_a_closed_file_is_taken_back(folder: Path) -> None:
    (folder / "own.seq").write_text("block own(w, idle = 3) { conv 3x3, w }\n")
    (folder / "user.seq").write_text('use "own.seq"\nnetwork M { input 3x8x8; own 4 }\n')

    async def act(editor: Editor) -> None:
        await editor.open("user.seq")
        assert {d.code for d in await editor.findings("own.seq")} == {"SEQ203"}
        await editor.close("user.seq")
        assert await editor.findings("own.seq") == []

    assert session(folder, act) == 0


def test_an_import_that_was_missing_is_looked_for_again(folder: Path) -> None:
    (folder / "user.seq").write_text('use "new.seq"\nnetwork M { input 3x8x8; relu }\n')

    async def act(editor: Editor) -> None:
        assert {d.code for d in await editor.open("user.seq")} == {"SEQ212"}
        (folder / "new.seq").write_text("block new { relu }\n")
        await editor.open("new.seq")
        assert {d.code for d in await editor.findings("user.seq")} == {"SEQ223"}

    assert session(folder, act) == 0
