"""Names in an editor: where they are defined and read, and how they are changed."""

import re

import pytest
from documents import NET, analyse, at
from networks import ARCHITECTURES

from seqdsl.server import navigation
from seqdsl.server.files import EditorFiles
from seqdsl.server.positions import offset_of


@pytest.mark.parametrize(
    ("needle", "line", "file"),
    [
        ("twice 32", "block twice", "net.seq"),
        ("k\n  }", "network Net", "net.seq"),
        ("two\n", "  stage two", "net.seq"),
        ("Net(k=8)", "network Net", "net.seq"),
        ("k=8", "network Net", "net.seq"),
        ("basic 64", "block basic", "residual.seq"),
        ("std.seqconv", "## Section 3", "seqconv.seq"),
    ],
)
def test_definitions(files: EditorFiles, needle: str, line: str, file: str) -> None:
    found = navigation.go_to(analyse(NET, files), at(NET, needle, 1))
    assert found is not None and found.uri.endswith(f"/{file}")
    folder = ARCHITECTURES / "std" if file != "net.seq" else None
    text = NET if folder is None else (folder / file).read_text()
    assert text.splitlines()[found.range.start.line].startswith(line)


def test_what_is_built_in_has_no_definition(files: EditorFiles) -> None:
    assert navigation.go_to(analyse(NET, files), at(NET, "add it")) is None


def test_references_are_those_of_one_name(files: EditorFiles) -> None:
    text = NET + "network Other(k = 3) { input 3x8x8; conv 3x3, k }\n"
    found = navigation.references(
        analyse(text, files), at(text, "k: positive"), files, declared=True
    )
    places = {(r.range.start.line, r.range.start.character) for r in found}
    lines = text.splitlines()
    assert all(lines[line][column] == "k" for line, column in places)
    assert len(places) == 4  # declared, read, and given by two models


@pytest.mark.parametrize(
    ("needle", "new", "count"),
    [("skip =", "shortcut", 2), ("k: pos", "size_of_group", 4), ("one ->", "first", 1),
     ("twice(", "pair", 2), ("Net(k:", "Network", 3), ("i in", "turn", 1), ("two ->", "second", 2)],
)  # fmt: skip
def test_a_renamed_program_is_the_same(
    files: EditorFiles, needle: str, new: str, count: int
) -> None:
    analysis = analyse(NET, files)
    edit = navigation.rename(analysis, at(NET, needle), new, files)
    assert edit is not None and edit.changes is not None
    ((_, edits),) = edit.changes.items()
    assert len(edits) == count
    text = NET
    for each in sorted(edits, key=lambda e: -offset_of(analysis.source, e.range.start)):
        start, end = (offset_of(analysis.source, p) for p in (each.range.start, each.range.end))
        text = text[:start] + each.new_text + text[end:]
    again = analyse(text, files)
    assert again.diagnostics == []
    assert [n.params for n in again.networks] == [n.params for n in analysis.networks]


@pytest.mark.parametrize(
    ("needle", "new", "why"),
    [
        ("basic 64", "mine", "its library"),
        ("add it", "mine", "belongs to the language"),
        ("skip =", "stage", "no name"),
        ("skip =", "3x", "no name"),
        ("skip =", "classes", "already names a parameter"),
        ("twice(", "conv", "already names a block"),
        ("head {", "tail", "word of the language"),
        ("width: positive", "relu", "already names a primitive"),
        ("skip =", "sliding", "already names a constant"),
        ("width: positive", "basic", "already names a block"),
    ],
)
def test_names_that_cant_be_changed(files: EditorFiles, needle: str, new: str, why: str) -> None:
    with pytest.raises(navigation.CannotRename, match=why):
        navigation.rename(analyse(NET, files), at(NET, needle), new, files)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("for i in 1..2 { conv 3x3, 4*i }\n  for i in 1..3 { conv 3x3, 8*i }", "i in 1..2"),
        ("for i in 1..2 { conv 3x3, 4*i }\n  for i in 1..3 { conv 3x3, 8*i }", "i in 1..3"),
        ("i = 3\n  conv 3x3, i\n  for i in 1..2 { conv 3x3, 4*i }", "i = 3"),
    ],
)
def test_a_name_that_is_bound_again_is_renamed_everywhere(
    files: EditorFiles, text: str, needle: str
) -> None:
    source = f"network N {{\n  input 3x8x8\n  {text}\n}}\n"
    edit = navigation.rename(analyse(source, files), at(source, needle), "j", files)
    assert edit is not None and edit.changes is not None
    ((_, edits),) = edit.changes.items()
    assert len(edits) == sum(word == "i" for word in re.findall(r"\w+", text))


def test_parameters_of_a_rule_are_those_of_the_layer(files: EditorFiles) -> None:
    text = (
        "block own(width: positive) { conv 3x3, width }\n"
        "network A { input 3x8x8; own 4 }\n"
        "network B = A with { replace own(width) where width > 2 { conv 1x1, width } }\n"
        "network C = A with { replace conv(kernel, width) { conv2d kernel, width } }\n"
    )
    edit = navigation.rename(analyse(text, files), at(text, "width: pos"), "w", files)
    assert edit is not None and edit.changes is not None
    ((_, edits),) = edit.changes.items()
    assert len(edits) == 5  # declared, read, listed, and read twice in the rule
    with pytest.raises(navigation.CannotRename, match="library"):
        navigation.rename(analyse(text, files), at(text, "kernel, width)"), "size", files)
