"""Several mistakes in one file: each is told once, where it is, and nothing else is."""

import json
from pathlib import Path

import jsonschema
import pytest
from networks import findings
from schemas import schema

import seqdsl
from seqdsl.passes.mend import mended
from seqdsl.source.fix import applied, inserting, replacing
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.text import Source, Span
from seqdsl.syntax.parser import parse

TEN = """use std.seqconv

block own(width: positive, kernel: sise = 3) {  #~ SEQ218
  conv kernel, widht  #~ SEQ202
}

network Ten(depth = 3) {
  input 3x32x32
  seqconv 3x3, 60, k=16  #~ SEQ303
  convv 3x3, 64  #~ SEQ201
  conv 3x3, 64, strid=2  #~ SEQ206
  stage one -> 32x32 {
    conv 3x3 32  #~ SEQ101
    conv 3x3, 0  #~ SEQ302
  }
  residual x 1/2 { wseqconv 3x3, 64, k=16 }  #~ SEQ303
  own 4, 3, depth  #~ SEQ206
  expect parms 3K  #~ SEQ216
}
"""


def codes(diagnostics: list[seqdsl.Diagnostic]) -> list[str]:
    return [d.code.name for d in diagnostics]


def network(line: str, outer: str = "") -> str:
    return f"{outer}network Net {{\n  input 3x8x8\n  conv 3x3, 8\n  {line}\n}}\n"


def test_ten_mistakes_are_ten_findings(tmp_path: Path) -> None:
    wanted = [
        (number, line.partition("#~ ")[2])
        for number, line in enumerate(TEN.splitlines(), 1)
        if "#~" in line
    ]
    found = [(d.primary.span.line, d.code.id) for d in findings(tmp_path, TEN) if d.primary]
    assert len(wanted) == 10 and found == wanted


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("conv 3x3, 0", ["not-positive"]),
        ("conv 3x3, 4, groups=1/2", ["not-whole"]),
        ("a = it | conv 3x3, 0\n  add it, a", ["not-positive"]),
        ("stage s -> 9x9 { conv 3x3, 0 }", ["not-positive"]),
        ("repeat { conv 3x3, 0 }", ["not-positive"]),
        ("conv 3x3, 4\n  concatenate 77\n  add it, in", ["add-mismatch"]),  # as if it were `conv`
        ("if it.width > 3 { conv 3x3, 0 }", ["not-positive"]),
    ],
)
def test_behind_a_mistake_calls_are_still_held_to_their_layers(
    tmp_path: Path, after: str, expected: list[str]
) -> None:
    found = codes(findings(tmp_path, network(f"convv 3x3, 4\n  {after}")))
    assert found == ["unknown-layer", *expected]


def test_a_misspelt_statement_is_one_finding(tmp_path: Path) -> None:
    (only,) = findings(tmp_path, network("stge one -> 8x8 { relu }"))
    assert only.code.name == "unknown-layer" and only.help == "did you mean `stage`?"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("aggregate i in 1..3, window=last(9) { conv 3x3, 2 }", ["whole-window"]),
        ("aggregate i in 1..3, window=[1, 2, 3, 4] { conv 3x3, 2 }", ["whole-window"]),
        ("aggregate i in 1..3, window=last(2) { conv 3x3, 2 }", []),
        ("aggregate i in 1..3, window=all { conv 3x3, 2 }", []),
        ("aggregate i in 1..1, window=last(2) { conv 3x3, 2 }", ["single-group"]),
        ("seqconv 3x3, 8, k=4", []),
        ("seqconv 3x3, 8, k=8", ["single-group"]),
        ("repeat x 2 { seqconv 3x3, 8, k=8 }", ["single-group"]),
        ("for k in [4, 8] { seqconv 3x3, 8, k }", []),  # once it is two groups
        ("if true { relu }", ["dead-branch"]),
        ("if 2 > 1 and false { relu } else { tanh }", ["dead-branch"]),
        ("if it.width > 2 { relu } else if it.width > 2 { tanh }", ["dead-branch"]),
        ("conv 3x3, 4 if 1 == 1 else 5", ["dead-branch"]),
        ("relu x 0", ["dead-branch"]),
        ("for i in 2..1 { relu }", ["dead-branch"]),
        ("if it.width > 2 { relu }", []),
        ("expect flops 55K +- 90%", ["no-convention"]),
        ("expect params 232 +- 5%", ["idle-tolerance"]),
        ("expect params 240 +- 5%", []),
        ("expect params 232 +- 0%", []),  # stricter than the last digit
    ],
)
def test_lints(tmp_path: Path, line: str, expected: list[str]) -> None:
    uses = "use std.seqconv\n" if "seqconv" in line else ""
    assert codes(findings(tmp_path, network(line, uses))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use std.seqconv\n" + network("relu"), ["unused-import"]),
        ("use std.seqconv\nuse std.seqconv\n" + network("seqconv 3x3, 8, 4"), ["unused-import"]),
        ("use std.seqconv\n" + network("sqconv 3x3, 8, 4"), ["unknown-layer"]),
        ("use std.seqconv\nblock b(l: layer = wseqconv) { l 3x3, 8, 4 }\n" + network("relu"), []),
        ("use std.residual\nnetwork D = Net with { replace basic(width) { conv 3x3, width } }\n"
         + network("basic 8"), []),
    ],
)  # fmt: skip
def test_imports_that_give_nothing(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert codes(findings(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("a = 3  # seqdsl: allow(SEQ203)", []),
        ("a = 3  # seqdsl: allow(unused-name)", []),
        ("a = 3  # see Table 2. seqdsl: allow(SEQ203)", ["unused-name"]),  # not what is allowed
        ("# seqdsl: allow(SEQ203)\n\n  # why\n  a = 3", []),
        ("# seqdsl: allow(SEQ203, SEQ324)\n  a = 3 if true else 4", []),
        ("a = 3  # seqdsl: allow(SEQ324)", ["unused-name", "idle-allow"]),
        ("a = 3  # seqdsl: allow(SEQ203, SEQ204)", ["idle-allow"]),
        ("a = 3  # seqdsl: allow(SEQ2O3)", ["unused-name", "unknown-allow"]),
        ("conv 3x3, 0  # seqdsl: allow(SEQ302)", ["not-positive", "unknown-allow"]),
        ("a = 3  # seqdsl: alow(SEQ203)", ["unused-name", "unknown-allow"]),
        ("a = 3  # seqdsl: allow SEQ203", ["unused-name", "unknown-allow"]),
        ("a = 3  # seqdsl: ignore SEQ203", ["unused-name", "unknown-allow"]),
        ("# seqdsl: a language\n  a = 3", ["unused-name"]),
        ("a = 3  # seqdsl: see SEQ203 in the manual", ["unused-name"]),
        ('require 1 == 1, "# seqdsl: allow(SEQ203)"', []),  # a text
        ('require 1 == 1, "# seqdsl: alow(SEQ203)"', []),
    ],
)
def test_comments_that_allow(tmp_path: Path, lines: str, expected: list[str]) -> None:
    assert codes(findings(tmp_path, network(lines))) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  skip = it | relu", "  _skip = it | relu"),
        ("  conv(3x3, size(1, 1).width)", "  conv 3x3, size(1, 1).width"),
        ("  conv 3x3,, 4", "  conv 3x3, 4"),
        ("  expect flops 55K +- 90%", "  expect flops 55K by flops +- 90%"),
        ("  relu  # seqdsl: allow(SEQ203)", "  relu"),
        ("  relu  # seqdsl: allow(SEQ203) why", "  relu  # why"),
        ("  a = 3  # seqdsl: allow(SEQ204, SEQ203)", "  a = 3  # seqdsl: allow(SEQ203)"),
    ],
)
def test_safe_fixes_are_made(tmp_path: Path, before: str, after: str) -> None:
    text = network("relu").replace("  relu", before)
    fixed, count = mended(Source("net.seq", text), tmp_path / "net.seq")
    assert (fixed, count) == (network("relu").replace("  relu", after), 1)
    assert mended(Source("net.seq", fixed), tmp_path / "net.seq") == (fixed, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("convv 3x3, 4", "conv 3x3, 4"),
        ("conv 3x3 4", "conv 3x3, 4"),
        ("conv 3x3, 4, strid=2", "conv 3x3, 4, stride=2"),
        ("conv 3x3, it.widht", "conv 3x3, it.width"),
        ("stage s -> 9x9 { relu }", "stage s -> 8x8 { relu }"),
        ("concatenate it, it, width=9", "concatenate it, it, width=16"),
        ("expect params 100", "expect params 232"),
        ("expect flops 16K by papr", "expect flops 16K by paper"),
        (
            "aggregate i in 1..3, window=last(9) { relu }",
            "aggregate i in 1..3, window=all { relu }",
        ),
    ],
)
def test_guesses_are_made_when_asked(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "net.seq"
    source = Source("net.seq", network(before))
    assert mended(source, path) == (source.text, 0)
    fixed, _ = mended(source, path, unsafe=True)
    assert fixed == network(after)
    assert not findings(tmp_path, fixed)


@pytest.mark.parametrize("bad", ["elif 1 == 1 { relu }", "hed 3x3, 16"])
def test_a_guess_that_is_wrong_does_not_hold_up_the_others(tmp_path: Path, bad: str) -> None:
    """`else` without an `if`, or a head that takes no arguments, can't be read: left as it is."""
    text = network(f"convv 3x3, 4\n  {bad}\n  conv 3x3, 4, strid=2")
    fixed, count = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    assert (fixed, count) == (network(f"conv 3x3, 4\n  {bad}\n  conv 3x3, 4, stride=2"), 2)


def test_a_wrong_guess_does_not_hide_behind_a_right_one(tmp_path: Path) -> None:
    """Together they leave as many errors of syntax as there were."""
    text = network("conv(3x3, 8)\n  hed 3x3, 16")
    fixed, count = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    assert (fixed, count) == (network("conv 3x3, 8\n  hed 3x3, 16"), 1)


def test_a_file_of_many_mistakes_is_mended(tmp_path: Path) -> None:
    """Those of syntax hide the others, and two guesses are wrong: they are left as they are."""
    mistakes = ["conv 3x3 8", "max_pool 1 x 1", "convv 3x3, 8", "conv 3x3, 8, strid=1"]
    right = ["conv 3x3, 8", "max_pool 1x1", "conv 3x3, 8", "conv 3x3, 8, stride=1"]
    bad = "hed 3x3, 16"
    text = network("\n  ".join([*mistakes * 15, bad, *mistakes * 15, bad]))
    wanted = network("\n  ".join([*right * 15, bad, *right * 15, bad]))
    assert mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True) == (wanted, 120)


def test_wrong_guesses_are_not_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def counting(source: Source) -> object:
        read.append(len(source.text))
        return parse(source)

    monkeypatch.setattr("seqdsl.semantic.names.modules.parse", counting)
    text = network("elif 1 == 1 { relu }\n  " * 2_000 + "relu")
    assert mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True) == (text, 0)
    assert sum(read) < 2_000_000


def test_an_unused_import_is_taken_out_with_its_line(tmp_path: Path) -> None:
    text = "use std.seqconv  # Section 3\n" + network("relu")
    assert mended(Source("net.seq", text), tmp_path / "net.seq") == (network("relu"), 1)


def test_a_fix_in_every_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(network("convv 3x3, 4"))
    diagnostics = seqdsl.check("net.seq")
    full = render(diagnostics, OutputFormat.FULL)
    assert full.endswith(
        "  = help: did you mean `conv`?\n  |\n4 -   convv 3x3, 4\n4 +   conv 3x3, 4\n\n1 error"
    )
    (entry,) = json.loads(render(diagnostics, OutputFormat.JSON))
    region = {"startLine": 4, "startColumn": 3, "endLine": 4, "endColumn": 8}
    assert entry["fix"] == {
        "safe": False,
        "edits": [{"file": "net.seq", "text": "conv", **region}],
    }
    (result,) = json.loads(render(diagnostics, OutputFormat.SARIF))["runs"][0]["results"]
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement == {"deletedRegion": region, "insertedContent": {"text": "conv"}}


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "bad").glob("*.seq")))
def test_sarif_is_what_its_schema_says(path: Path) -> None:
    document = json.loads(render(seqdsl.check(path), OutputFormat.SARIF))
    jsonschema.validate(document, schema("/sarif-2.1.0.json"))


def test_sarif_of_a_missing_file_is_what_its_schema_says() -> None:
    document = json.loads(render(seqdsl.check("none.seq"), OutputFormat.SARIF))
    jsonschema.validate(document, schema("/sarif-2.1.0.json"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "runs": 1}, schema("/sarif-2.1.0.json"))


def test_a_fix_takes_no_name_that_is_taken(tmp_path: Path) -> None:
    text = network("_s = it | conv 3x3, 8\n  s = it | relu\n  add it, _s")
    source = Source("net.seq", text)
    for unsafe in (False, True):
        assert mended(source, tmp_path / "net.seq", unsafe=unsafe) == (text, 0)


def test_of_two_fixes_at_one_place_one_is_made() -> None:
    source = Source("net.seq", "ab")
    fixes = [
        inserting(source, 1, "x"),
        inserting(source, 1, "y"),
        replacing(Span(source, 0, 1), ""),
    ]
    assert applied("ab", fixes) == ("xb", 2)
    within = [replacing(Span(source, 0, 2), "x"), inserting(source, 1, "y")]
    assert applied("ab", within) == ("x", 1)


def test_warnings_about_comments_cant_be_allowed(tmp_path: Path) -> None:
    line = "relu  # seqdsl: allow(SEQ105, SEQ104)"
    assert codes(findings(tmp_path, network(line))) == ["unknown-allow", "unknown-allow"]


WINDOWS = """block own(n) { aggregate i in 1..n, window=last(4) { conv2d 3x3, 4 } }
network G(n) { input 4x8x8; own n }
"""


def test_a_window_is_judged_over_all_networks_of_a_file(tmp_path: Path) -> None:
    small, large = "model S = G(n=3)\n", "model L = G(n=8)\n"
    assert codes(findings(tmp_path, WINDOWS + small)) == ["whole-window"]
    assert codes(findings(tmp_path, WINDOWS + small + large)) == []
    assert codes(findings(tmp_path, WINDOWS + large + small)) == []
    one = WINDOWS.replace("window=last(4)", "window=last(1)") + "model O = G(n=1)\n"
    assert codes(findings(tmp_path, one)) == ["single-group"]
    assert codes(findings(tmp_path, one + small)) == []


SHARED = "network T(w) { input 3x8x8; conv 3x3, w; expect params 138M }\n"


def test_a_claim_of_several_models_has_no_figure_to_write(tmp_path: Path) -> None:
    models = "model A = T(w=4)\nmodel B = T(w=8)\n"
    (tmp_path / "net.seq").write_text(SHARED + models)
    with pytest.raises(seqdsl.CompileError) as one:
        seqdsl.load(tmp_path / "net.seq", "A")
    for found in (seqdsl.check(tmp_path / "net.seq"), one.value.diagnostics):
        (claim,) = found
        assert claim.code.name == "false-claim" and claim.fix is None
        assert claim.help is not None and "move it to the `model`" in claim.help


@pytest.mark.parametrize("others", ["", "model B = T(w=4)\n", "network O { input 3x8x8; relu }\n"])
def test_a_figure_that_is_right_for_all_is_offered(tmp_path: Path, others: str) -> None:
    (found,) = findings(tmp_path, SHARED + "model A = T(w=4)\n" + others)
    assert found.fix is not None and found.fix.edits[0].text == "116"


@pytest.mark.parametrize(
    ("claim", "mended_claim"),
    [
        ("params 500", "params 432"),
        ("params 0.43K +- 0.1%", "params 432 +- 0.1%"),
        ("macs 28K +- 1%", "macs 27.6K +- 1%"),
        ("macs 28K +- 0.001%", "macs 27.648K +- 0.001%"),
        ("macs 2M", "macs 27.6K"),
        ("flops 1M by macs +- 1%", "flops 27.6K by macs +- 1%"),
    ],
)
def test_a_mended_claim_holds(tmp_path: Path, claim: str, mended_claim: str) -> None:
    """With the tolerance that it has: as many digits are printed as that takes."""
    text = f"network N {{ input 3x8x8; conv2d 3x3, 16; expect {claim} }}\n"
    source = Source("net.seq", text)
    after, count = mended(source, tmp_path / "net.seq", unsafe=True)
    assert (after, count) == (text.replace(claim, mended_claim), 1)
    assert "false-claim" not in codes(findings(tmp_path, after))


def test_a_mended_claim_is_exact_past_what_a_float_holds(tmp_path: Path) -> None:
    text = "network N { input 300000001x8x8; conv2d 1x1, 300000001; expect params 1T +- 0% }\n"
    after, _ = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    assert "expect params 90000.000600000001T +- 0%" in after  # 300,000,001 squared


def test_a_call_is_not_made_of_a_name_and_brackets_unasked(tmp_path: Path) -> None:
    text = network("conv 3x3, max (2, 4)")
    source = Source("net.seq", text)
    assert mended(source, tmp_path / "net.seq", unsafe=False) == (text, 0)
    after, _ = mended(source, tmp_path / "net.seq", unsafe=True)
    assert "conv 3x3, max(2, 4)" in after
