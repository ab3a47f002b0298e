"""What follows from a mistake is not told as another, and suggestions fit where they stand."""

from pathlib import Path

import pytest
from networks import codes, findings

from seqdsl.passes.mend import mended
from seqdsl.source.fix import applied
from seqdsl.source.text import Source

BASE = "network Base { input 3x8x8; conv 3x3, 16 }\n"


def network(line: str) -> str:
    return f"network N(width: positive = 4) {{\n  input 3x8x8\n  conv 3x3, width\n  {line}\n}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use std.seqcon\n" + network("seqconv 3x3, 16, k=4; residual { wseqconv 3x3, 16, k=4 }"),
         "missing-import"),
        ("use std.seqcon\n" + network("a = it\n  seqconv 3x3, 4*a.width, k=4"), "missing-import"),
        ("use std.seqcon\n" + network("a = it"), "missing-import"),
        ('use "gone.seq"\nmodel M = Gone()\n' + BASE, "missing-import"),
        ("block b(k: positive e) { conv 3x3, k }\n" + network("b 3"), "syntax"),
        ("network P(k: positive e) { input 3x8x8 }\nmodel M = P(3)\n" + BASE, "syntax"),
        (network("a = it | conv 3x3 8,,\n  add it, a"), "syntax"),
        (network("stage a { conv 3x3 8 }\n  output a"), "syntax"),
        (BASE + "network D = Base with { replace cnv(kernel) { relu } }", "unknown-layer"),
        (BASE + "network D = Base with { replace conv(kernel, widt) { relu } }",
         "unknown-argument"),
        (network("repeat x { relu }"), "unknown-argument"),
        (network("repeat x -1 { relu }"), "unknown-argument"),
        (network("skip = it\n  conv 3x3, width\n  add it, skp"), "undefined-name"),
        ("def N(x):\n  x = conv(3)\n\n  return x\n", "syntax"),
        (network("aggregate i in 1..1, window=all { conv 3x3, 4, strid=1 }"), "unknown-argument"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_finding(tmp_path: Path, text: str, expected: str) -> None:
    assert codes(tmp_path, text) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("conv 3x3, 16, groups=3", ["groups-divide"]),
        ("a = it | conv 3x3, 7\n  add it, a", ["add-mismatch"]),
        ("cnv 3x3, 16", ["unknown-layer"]),
        ("stage a -> 9x9 { relu }", ["stage-output", "false-claim"]),  # as independent as can be
        ("concatenate it, it, width=9", ["concat-width", "false-claim"]),
        ("relu", ["false-claim"]),
    ],
)
def test_a_claim_is_held_against_what_is_sure(
    tmp_path: Path, line: str, expected: list[str]
) -> None:
    assert codes(tmp_path, network(f"{line}\n  expect params 5K")) == expected


def test_aggregations_are_judged_where_all_networks_are_built(tmp_path: Path) -> None:
    """The group that would make it more than one may be in the network that is not."""
    block = "block b(g: positive) { aggregate i in 1..g, window=all { conv 3x3, 4 } }\n"
    one = "network One { input 3x8x8; conv 3x3, 8; b 1 }\n"
    two = "network Two { input 3x8x8; cnv 3x3, 8; b 2 }\n"
    assert codes(tmp_path, block + one) == ["single-group"]
    assert codes(tmp_path, block + one + two) == ["unknown-layer"]
    assert codes(tmp_path, block + one + two.replace("cnv", "conv")) == []


def test_an_import_of_what_can_not_be_read_is_complete_without_it(tmp_path: Path) -> None:
    """Its own mistake is told; what it would have given is not missed, what it can't have is."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "part.seq").write_text("block b(k: positive e) { conv 3x3, k }\n")
    assert codes(tmp_path, 'use "part.seq"\n' + network("b 3")) == ["syntax"]
    both = codes(tmp_path, 'use "part.seq"\n' + network("b 3; bb 3"))
    assert both == ["syntax", "unknown-layer"]


def test_what_no_import_explains_is_told_beside_a_missing_one(tmp_path: Path) -> None:
    text = "use std.seqcon\n" + network("cnv 3x3, 8\n  conv 3x3, widht\n  seqconv 3x3, 8, k=4")
    assert codes(tmp_path, text) == ["missing-import", "unknown-layer", "undefined-name"]


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("conv 3x3, 16, stride", "a value for the parameter of this name is given with `stride="),
        ("conv 3x3, 16, padding=same", "without `padding` a convolution keeps the size"),
        ("conv 3x3, 16, bias=tru", "did you mean `true`?"),
        ("conv 3x3, 16, act=rleu", "did you mean `relu`?"),
        ("conv 3x3, 16*stride", "name a value with `name = ...`"),
        ("conv 3x3, widht", "did you mean `width`?"),
        ("conv 3x3, rleu", "`width` must be a whole number above zero"),  # not: relu
        ("a = itt.size\n  conv a, 3", "name a value with `name = ...`, or declare a parameter"),
        ("wdth 3x3, 16", "define it with `block`, or import the file that does with `use`"),
        ("elif 1 == 1 { relu }", "another condition follows `else if`"),
        ("a = conv(3x3, 16)\n  add a, a", "a layer is applied with a pipe: `it | conv 3x3, 16`"),
        ("a = mn(3, 16)\n  conv 3x3, a", "did you mean `min`?"),
        (
            "a = range(3)\n  for i in a { conv 3x3, i }",
            "a range is written `first..last`, such as `1..3`",
        ),
        ("conv 3x3, 16, act=relu6()", "a layer is named without brackets: `relu6`"),
        ('conv 3x3, 16, act="relu"', "a layer or a constant is named without quotes"),
        ("aggregate i in 1..2, window=last { relu }", "it is a function: `last(...)`"),
        ("MaxPooling2D 2", "`max_pool 2` is the pooling layer"),
        ("conv 3x3, out_channels=16", "did you mean `width`?"),
        ("conv 3x3, 16, activation=relu", "did you mean `act`?"),
        ("const 3", "define it with `block`"),  # not: conv
    ],
)
def test_suggestions_fit_their_place(tmp_path: Path, line: str, help: str) -> None:
    (only,) = findings(tmp_path, network(line))
    assert (only.help or "").startswith(help)


@pytest.mark.parametrize(
    ("above", "after"),
    [
        ("", "use std.seqconv\n\n"),
        ("# Of mine.\n\n## A net.\n", "# Of mine.\n\nuse std.seqconv\n\n## A net.\n"),
        ("use std.dense\n\n", "use std.dense\nuse std.seqconv\n\n"),
    ],
)
def test_a_block_of_the_library_is_suggested_its_import(
    tmp_path: Path, above: str, after: str
) -> None:
    body = network(
        "seqconv 3x3, 16, k=4; dense 2, 4" if "dense" in above else "seqconv 3x3, 16, k=4"
    )
    (only,) = findings(tmp_path, above + body)
    assert only.help == "`use std.seqconv` imports it" and only.fix is not None
    assert applied(above + body, [only.fix])[0] == after + body
    assert not findings(tmp_path, after + body)


@pytest.mark.parametrize(
    ("use", "help"),
    [
        ("use std.resnet", "did you mean `std.residual`?"),
        ("use blocks.seq", 'did you mean `"blocks.seq"`?'),
        ('use "std.residual"', "a module of the library is named without quotes"),
        ("import std.residual", "did you mean `use`?"),
    ],
)
def test_imports_of_other_languages(tmp_path: Path, use: str, help: str) -> None:
    assert findings(tmp_path, f"{use}\n{network('relu')}")[0].help == help


def test_a_file_that_uses_itself_is_told_so(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    only, *_ = findings(tmp_path, 'use "net.seq"\n' + network("relu"))
    assert only.message == "a file can't use itself" and "remove the line" in (only.help or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("network N { }", "begin with `input"),
        ("network N { input 3x8x8 }", "name some behind its input"),
        ("network N { input 3x8x8; conv 3x3x3, 4 }", "and this is one of 3 sides"),
        ("network N { input 4x8x8; conv 3x3, 6, groups=4 }", "groups that divide 4 and 6"),
    ],
)
def test_what_helps(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in f"{d.message}; {d.help}" for d in findings(tmp_path, text))


def test_a_claim_of_several_models_is_mended_by_hand(tmp_path: Path) -> None:
    text = network("relu\n  expect params 5K") + "model A = N(width=3)\nmodel B = N(width=9)\n"
    found = findings(tmp_path, text)
    assert {d.code.name for d in found} == {"false-claim"} and not any(d.fix for d in found)
    (only,) = findings(tmp_path, network("relu\n  expect params 5K"))
    assert only.fix is not None


@pytest.mark.parametrize(
    "claim", ["expect params 500", "stage s -> 9x9 { relu }", "concatenate it, it, width=9"]
)
def test_guesses_do_not_change_claims_that_they_made_false(tmp_path: Path, claim: str) -> None:
    text = network(f"cnv 3x3, 8\n  {claim}")
    fixed, count = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    assert (fixed, count) == (text.replace("cnv", "conv"), 1)


def test_a_claim_that_is_misspelt_is_mended_after_guesses(tmp_path: Path) -> None:
    text = network("cnv 3x3, 8\n  expect flops 50K by flps +- 20%")
    fixed, _ = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    assert "by flops" in fixed


def test_channels_that_come_last_change_no_spelling(tmp_path: Path) -> None:
    """They make figures false, and leave the names of conventions as they are."""
    text = "network N {\n  input 32x32x3\n  conv 3x3, 8\n  expect flops 442K by flps\n}\n"
    by_code = {d.code.name: d for d in findings(tmp_path, text)}
    assert by_code.keys() == {"channels-last", "unknown-convention"}
    assert by_code["unknown-convention"].fix is not None


def test_what_repeats_is_suggested_its_x(tmp_path: Path) -> None:
    (only,) = findings(tmp_path, network("repeat 3 { relu }"))
    assert only.fix is not None
    (edit,) = only.fix.edits
    assert edit.text == "x " and edit.span.start == only.primary.span.start  # type: ignore[union-attr]
