"""What the server answers about a document, asked of it directly."""

from pathlib import Path

import pytest
from documents import NET, analyse, at
from lsprotocol import types
from networks import ARCHITECTURES

from seqdsl.semantic.expansion.replay import Replays
from seqdsl.server.analysis import Analysis
from seqdsl.server.coloring import MODIFIERS, TOKEN_TYPES, semantic_tokens
from seqdsl.server.completion import complete
from seqdsl.server.files import EditorFiles, canonical, path_of
from seqdsl.server.findings import code_actions, published
from seqdsl.server.hints import code_lenses, inlay_hints
from seqdsl.server.hover import hover
from seqdsl.server.outline import document_symbols, folding_ranges
from seqdsl.server.positions import offset_of, position_of
from seqdsl.source.text import Source


def labels(text: str, files: EditorFiles) -> list[str]:
    """The completions where `§` stands."""
    analysis = analyse(text.replace("§", ""), files)
    return [item.label for item in complete(analysis, text.index("§"), files)]


def test_positions_are_in_utf_16() -> None:
    source = Source("net.seq", "a🙂b\r\n漢字 c\n")
    for offset in range(len(source.text)):
        position = position_of(source, offset)
        if source.text[offset] not in "\r\n":
            assert offset_of(source, position) == offset
    assert position_of(source, 2) == types.Position(0, 3)
    assert position_of(source, 7) == types.Position(1, 2)
    assert offset_of(source, types.Position(0, 99)) == 3
    assert offset_of(source, types.Position(9, 0)) == len(source.text)


def test_hints_tell_shapes_and_what_is_spent(files: EditorFiles) -> None:
    analysis = analyse(NET, files)
    assert analysis.diagnostics == []
    lines = NET.splitlines()
    hints = [h for h in inlay_hints(analysis, 1, 99) if not str(h.label).startswith("Σ")]
    shown = {lines[h.position.line].strip(): str(h.label) for h in hints}
    sums = [h for h in inlay_hints(analysis, 1, 99) if h not in hints]
    spent = {lines[h.position.line].strip(): str(h.label) for h in sums}
    assert shown["twice 32"] == "→ 32×32×32"
    assert shown["for i in 1..2 { conv kernel, width }"] == "→ 32×32×32"
    assert shown["skip = in | conv 1x1, 64, stride=2, act=none"] == "→ 64×16×16"
    assert shown["head { global_average_pool; fc classes }"] == "→ 10"
    # 27·32 + 288·32 and two norms, then a SeqConv of groups of 16, or of 8
    one = 27 * 32 + 288 * 32 + 4 * 32
    large = one + 9 * 8 * (32 + 40 + 48 + 56) + 2 * 32
    assert spent["stage one -> 32x32 {"].startswith(f"Σ {large / 1000:.1f}K params")
    small = one + 9 * 16 * (32 + 48) + 2 * 32
    assert f"Small: {small / 1000:.1f}K params" in str(sums[0].tooltip)


def test_a_hint_stands_before_the_comment_of_its_line(files: EditorFiles) -> None:
    line = '  require 1 == 1, "# one"; conv 3x3, 4'
    analysis = analyse(f"network N {{\n  input 3x8x8\n{line}  # two\n}}\n", files)
    (hint,) = inlay_hints(analysis, 1, 9)
    assert hint.position == types.Position(2, len(line))


def test_lenses_tell_params_and_macs(files: EditorFiles) -> None:
    analysis = analyse(NET, files)
    lenses = {lens.range.start.line + 1: lens.command.title for lens in code_lenses(analysis)}
    by_name = {network.name: network for network in analysis.networks}
    line = NET.splitlines().index("model Small = Net(k=16) { expect params 117K }") + 1
    assert lenses[line].startswith(f"{by_name['Small'].params / 1000:.0f}K params / ")
    assert lenses[9].startswith("Small: ") and " | Large: " in lenses[9]
    assert "|" not in lenses[15]  # stage two costs the same in both


@pytest.mark.parametrize(
    ("needle", "told"),
    [
        ("twice 32", ["block twice(width: positive, kernel: size = 3)", "Twice a convolution."]),
        ("twice 32", ["| `3×32×32` | `32×32×32` |", "10.2K params"]),
        ("seqconv 3x3", ["Eq. 1", "in 2 groups of 16", "in 4 groups of 8", "Large: "]),
        ("conv kernel", ["block conv(", "| `3×32×32` | `32×32×32` |", "`32×32×32` | `32×32×32`"]),
        ("add it, skip", ["The elementwise sum", "`64×16×16`"]),
        ("skip = in", ["value skip", "| `32×32×32"]),
        ("two\n", ["stage two", "`64×16×16`"]),
        ("k\n", ["k: positive", "parameter of `Net`: a whole number above zero"]),
        ("stride=2\n", ["stride: size = 1", "parameter of `conv`"]),
        ("Net(k=16)", ["network Net(k: positive, classes = 10)"]),
        ("Small", ["model Small = Net(k=16)", "**Small**: "]),
        ("classes }", ["classes = 10"]),
        ("positive, kernel", ["`positive`: a whole number above zero"]),
    ],
)
def test_hovers(files: EditorFiles, needle: str, told: list[str]) -> None:
    found = hover(analyse(NET, files), at(NET, needle))
    assert found is not None and isinstance(found.contents, types.MarkupContent)
    for words in told:
        assert words in found.contents.value


def test_hovers_of_a_recipe(files: EditorFiles) -> None:
    text = NET.replace("{ expect params 117K }", "{ train digits { milestones = [3, k] } }")
    analysis = analyse(text, files)
    assert analysis.diagnostics == []
    for needle, told in (("digits", "1,438 small images"), ("milestones", "multiplied by gamma")):
        found = hover(analysis, at(text, needle))
        assert found is not None and isinstance(found.contents, types.MarkupContent)
        assert found.contents.value.startswith(f"`{needle}`: ") and told in found.contents.value
    found = hover(analysis, at(text, "k] }"))
    assert found is not None and "parameter of `Net`" in found.contents.value


def test_nothing_is_told_of_nothing(files: EditorFiles) -> None:
    assert hover(analyse(NET, files), at(NET, "\n\n")) is None


@pytest.mark.parametrize(
    ("text", "some", "none"),
    [
        ("§", ["network", "block", "use", "model"], ["conv"]),
        ("use std.§", ["seqconv", "residual"], ["conv"]),
        ('use "§', [], ["conv"]),
        ("network N {\n  §\n}", ["conv", "stage", "input", "relu", "conv2d"], ["network", "k="]),
        ("network N {\n  input 3x8x8\n  a = it | §\n}", ["conv", "relu"], ["stage"]),
        ("network N {\n  conv 3x3, §\n}", ["stride=", "act=", "it"], ["stage", "none", "relu"]),
        ("network N {\n  conv 3x3, 4, stride=2, §\n}", ["groups="], ["stride="]),
        ("network N(depth = 3) {\n  conv 3x3, §\n}", ["depth"], []),
        ("network N {\n  near = it\n  conv 3x3, it.§\n}", ["width", "channels", "raw"], ["conv"]),
        ("block b(width: §) { relu }", ["positive", "size", "layer"], ["conv"]),
        ("network N {\n  expect §\n}", ["params", "macs", "flops"], ["conv"]),
        ("network N {\n  expect flops 3G by §\n}", ["paper", "flops"], ["conv"]),
        ("network N(k = 3) { input 3x8x8; relu }\nmodel M = §", ["N"], ["conv"]),
        ("network N(k = 3) { input 3x8x8; relu }\nmodel M = N(§", ["k="], []),
        ("network N {\n  relu  # §\n}", [], ["conv", "stage"]),
        ('network N {\n  require 1 == 1, "a §\n}', [], ["conv", "it"]),
        ("network N {\n  conv 3x3, 4, bias=§\n}", ["true", "false"], ["relu", "he", "stride="]),
        ("network N {\n  conv 3x3, 4, act=§\n}", ["relu", "none"], ["true", "stride="]),
        ("network N {\n  conv2d 3x3, 4, init=§\n}", ["he", "glorot"], ["true", "relu"]),
        ("network N {\n  conv 3x3, 4, §\n}", ["stride="], ["kernel=", "width="]),
        ("network N {\n  conv size(3, 3), 8, §\n}", ["stride="], ["kernel=", "width="]),
        ("block startswith { §", ["conv"], ["replace"]),
        ("network N {\n  aggregate i in 1..3, §\n}", ["window=", "keep="], ["kernel="]),
        ("network N { relu }\nnetwork D = §", ["N"], ["conv"]),
        ("network N { relu }\nnetwork D = N §", ["with"], ["conv"]),
        ("network N { relu }\nnetwork D = N with {\n  §\n}", ["replace", "expect"], ["conv"]),
        ("network N {\n  train §\n}", ["cifar", "digits"], ["conv"]),
        ("network N {\n  train cifar { epochs = 3; §\n}", ["lr", "milestones"], ["conv", "stage"]),
        ("network N {\n  train {\n  §\n}", ["lr", "milestones"], ["conv", "cifar"]),
        ("network N(k = 3) {\n  train {\n  epochs = §\n}", ["k"], ["lr"]),
        ("network N { relu }\nnetwork D = N with {\n  replace §\n}", ["conv", "relu"], ["it"]),
        (
            "network N { relu }\nnetwork D = N with {\n  replace conv(kernel, §) {}\n}",
            ["width", "stride"],
            ["kernel", "it"],
        ),
        ("network N { relu }\nnetwork D = N with {\n  replace conv(kernel) §\n}", ["where"], []),
        ("network N {\n  aggregate i in 1..3, window=§\n}", ["all", "sliding", "last"], []),
    ],
)
def test_completions(files: EditorFiles, text: str, some: list[str], none: list[str]) -> None:
    found = labels(text, files)
    assert set(some) <= set(found) and not set(none) & set(found)
    assert len(found) == len(set(found))


def test_files_are_completed(files: EditorFiles) -> None:
    (files.folders[0] / "parts").mkdir()
    for name in ("blocks.seq", "parts/one.seq"):
        (files.folders[0] / name).write_text("block b { relu }\n")
    assert labels('use "§', files) == ["blocks.seq", "parts/one.seq"]
    assert labels('use "parts/§', files) == ["one.seq"]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("conv 3x3, 4, act='tanh'", "a name stands without quotes, text in double ones"),
        ("repeat 3 { relu }", "insert `x`"),
        ("a = 3", "remove it, or call it `_a` if that is meant"),
        ("seqconv 3x3, 16, k=4", "`use std.seqconv` imports it"),
        ("conv 3x3, 8; expect params 7M +- 3%", "replace `7M` with `232`"),
    ],
)
def test_a_menu_says_what_a_fix_does(files: EditorFiles, line: str, title: str) -> None:
    analysis = analyse(f"network N {{\n  input 3x8x8\n  {line}\n}}\n", files)
    end = len(analysis.source.text)
    titles = [action.title for action in code_actions(analysis, 0, end, analysis.diagnostics)]
    assert title in titles


def test_symbols_and_folds(files: EditorFiles) -> None:
    analysis = analyse(NET, files)
    names = [
        (s.name, [child.name for child in s.children or []]) for s in document_symbols(analysis)
    ]
    assert names == [
        ("twice", []), ("Net", ["one", "two", "head"]), ("Small", []), ("Large", []),
    ]  # fmt: skip
    lines = NET.splitlines()
    folds = {(lines[f.start_line], lines[f.end_line + 1]) for f in folding_ranges(analysis)}
    assert ("  stage one -> 32x32 {", "  }") in folds
    assert ("use std.seqconv", "") in folds


def test_words_have_the_type_of_what_they_stand_for(files: EditorFiles) -> None:
    analysis = analyse(NET, files)
    data = semantic_tokens(analysis).data
    found: dict[tuple[str, str], set[str]] = {}
    line = column = 0
    rows = NET.splitlines()
    for ahead, right, length, kind, modifiers in zip(*[iter(data)] * 5, strict=True):
        column = right + (column if ahead == 0 else 0)
        line += ahead
        word = rows[line][column : column + length]
        marks = {m for bit, m in enumerate(MODIFIERS) if modifiers >> bit & 1}
        found.setdefault((word, TOKEN_TYPES[kind]), set()).update(marks or {""})
    assert found["twice", "function"] == {"declaration", ""}
    assert found["conv", "function"] == {"defaultLibrary"}
    assert found["Net", "class"] == {"declaration", ""}
    assert found["two", "namespace"] == {"declaration", ""}
    assert found["stride", "parameter"] == {"defaultLibrary"}
    assert found["skip", "variable"] == {"declaration", ""}
    assert found["none", "enumMember"] == {"defaultLibrary"}


def test_findings_and_their_fixes(files: EditorFiles) -> None:
    text = NET.replace("fc classes", "fc 10").replace("twice 32", "twce 32")
    analysis = analyse(text, files)
    (found,) = published(analysis.diagnostics, analysis.source).values()
    assert [(d.code, d.severity) for d in found] == [
        ("SEQ203", types.DiagnosticSeverity.Warning),
        ("SEQ201", types.DiagnosticSeverity.Error),
    ]
    assert found[0].tags == [types.DiagnosticTag.Unnecessary]
    actions = code_actions(analysis, 0, len(text), analysis.diagnostics)
    titles = [action.title for action in actions]
    assert max(map(len, titles)) <= 80
    assert "did you mean `twice`?" in titles and "allow unused-name on this line" in titles
    where = at(text, "twce")
    assert [a.title for a in code_actions(analysis, where, where, analysis.diagnostics)] == [
        "did you mean `twice`?"
    ]


def test_a_version_is_checked_as_if_there_had_been_none_before(files: EditorFiles) -> None:
    """Replays of the version before give what an expansion gives."""
    replays = Replays()
    path = ARCHITECTURES / "seqresnet_imagenet.seq"
    text = path.read_text()
    for old, new in (("", ""), ("128, k=32", "96, k=32"), ("x N[2]", "x 2"), ("k=64", "k=48")):
        source = Source(str(path), text.replace(old, new, 3) if old else text)
        after = Analysis(source, path, files, replays)
        alone = Analysis(source, path, files)
        assert [str(d) for d in after.diagnostics] == [str(d) for d in alone.diagnostics]
        for one, other in zip(after.networks, alone.networks, strict=True):
            assert [(n.path, n.type, n.operands) for n in one.nodes] == [
                (n.path, n.type, n.operands) for n in other.nodes
            ]


def test_a_line_with_a_comment_is_allowed_from_above(files: EditorFiles) -> None:
    text = "network N {\n  input 3x8x8\n  a = 3  # why\n  relu\n}\n"
    analysis = analyse(text, files)
    (action,) = [
        a
        for a in code_actions(analysis, 0, len(text), analysis.diagnostics)
        if a.title.startswith("allow")
    ]
    assert action.edit is not None and action.edit.changes is not None
    ((edit,),) = action.edit.changes.values()
    start = offset_of(analysis.source, edit.range.start)
    mended = text[:start] + edit.new_text + text[start:]
    assert analyse(mended, files).diagnostics == []


def test_passages_are_those_of_the_user_and_few(files: EditorFiles) -> None:
    calls = "\n".join(f"  own {width}" for width in range(4, 24))
    text = f"block own(w) {{ conv 3x3, w }}\nnetwork N {{\n  input 3x8x8\n{calls}\n}}\n"
    analysis = analyse(text, files)
    (instance,) = analysis.instances
    assert all(not span.source.library for span in instance.passages.by_span)
    assert max(map(len, instance.passages.by_span.values())) == 8


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///tmp/a%2541%20b.seq", "/tmp/a%41 b.seq"),
        ("file:///tmp/f(1)/net.seq", "/tmp/f(1)/net.seq"),
        ("file:///tmp/f%281%29/net.seq", "/tmp/f(1)/net.seq"),
        ("untitled:Untitled-1", None),
    ],
)
def test_paths_of_addresses(uri: str, path: str | None) -> None:
    assert path_of(uri) == (None if path is None else Path(path))
    assert canonical(uri) == (uri if path is None else Path(path).as_uri())
