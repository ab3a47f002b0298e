"""Syntax errors: told where they are, once, and the rest of the file is read without them."""

from pathlib import Path

import pytest
from networks import compiled, findings

import seqdsl
from seqdsl.source.fix import applied

TWO_STAGES = """network Net(k = 16) {
  input 3x32x32
  stage one -> 32x32 {
    conv 3x3, k
  }
  stage two -> 16x16 {
    conv 3x3, 2*k, stride=2
  }
}
"""


@pytest.mark.parametrize("heading", ["network Net(k = 16)", "stage two -> 16x16"])
def test_a_missing_brace_is_put_where_it_belongs(tmp_path: Path, heading: str) -> None:
    (only,) = findings(tmp_path, TWO_STAGES.replace(f"{heading} {{", heading))
    assert only.message == "unexpected end of line" and only.primary is not None
    line = only.primary.span.line
    assert TWO_STAGES.splitlines()[line - 1].strip().startswith(heading)


def test_the_brace_that_is_left_open_is_told_by_its_indentation(tmp_path: Path) -> None:
    (only,) = findings(tmp_path, TWO_STAGES.replace("k\n  }\n", "k\n", 1))
    (label,) = only.secondary
    assert label.span.line == 3 and "never closed" in label.text


@pytest.mark.parametrize(
    "line", ["conv 3x3,, 4", "conv 3x3, k)", "expect params 5 +- 5", "stage -> 8x8 { relu }"]
)
def test_one_mistake_is_one_finding(tmp_path: Path, line: str) -> None:
    """What rests on the whole file being read is not judged: a claim, a name that is not read."""
    text = f"network Net(k = 4) {{\n  input 3x8x8\n  {line}\n  relu\n  expect params 1M\n}}\n"
    (only,) = findings(tmp_path, text)
    assert only.code.name == "syntax" and only.primary is not None
    assert only.primary.span.line in (3, 4)


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("network N { input 3x8x8; head = it; relu }", "`head` is a word of the language"),
        ("network N(k = 3) { require k = 3; input 3x8x8; conv 1x1, k }", "compare with `==`"),
        ("network N { input 3x8x8; relu; expect params 5 +- 5 }", "a tolerance is in per cent"),
        ("network N { input 3x8x8; relu; expect params 5X }", "ends in K, M, G or T"),
        ("network N { input 3 x 8 x 8; relu }", "write a size without spaces"),
        ("network N { input 3x8x8; relu } }", "no brace is open here"),
        ("network N { input 3x8x8; conv 1x1, 4 x }", "how often follows behind `x`"),
    ],
)
def test_the_way_on(tmp_path: Path, text: str, help: str) -> None:
    assert any(help in (d.help or "") for d in findings(tmp_path, text))


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("if n > 2 && n < 8 { relu }", "if n > 2 and n < 8 { relu }"),
        ("if n > 2 || n < 8 { relu }", "if n > 2 or n < 8 { relu }"),
        ("if n>2&&n<8 { relu }", "if n>2 and n<8 { relu }"),
        ("if !b { relu }", "if not b { relu }"),
        ("require n > 2, 'one two'", 'require n > 2, "one two"'),
        ("}\nmodel M = N (n=3)\nnetwork P {", "}\nmodel M = N(n=3)\nnetwork P {"),
        ("repeat x 2\n  {\n relu }", "repeat x 2 {\n relu }"),
        ("conv 3x3, 16 x2", "conv 3x3, 16 x 2"),
        ("relu X 2", "relu x 2"),
        ("y = it || relu", "y = it | relu"),
        ("expect params == 5K", "expect params 5K"),
        ("expect params: 5K", "expect params 5K"),
        ("if it = 3 { relu }", "if it == 3 { relu }"),
        ("if n == 1 { relu } elif n == 2 { tanh }", "if n == 1 { relu } else if n == 2 { tanh }"),
        (
            "}\nmodel M = N(\n  n=4\n  k=3)\nnetwork P {",
            "}\nmodel M = N(\n  n=4,\n  k=3)\nnetwork P {",
        ),
        ("if !(n > 2) { relu }", "if not (n > 2) { relu }"),
        ("conv 3x3, 16, stride: 2", "conv 3x3, 16, stride=2"),
        ("conv 3x3, 16, act='tanh'", "conv 3x3, 16, act=tanh"),
        ("exepct params 3K", "expect params 3K"),
        ("stage a\n  {\n relu }", "stage a {\n relu }"),
        ("// Table 2", "# Table 2"),
        ("relu // the first layer", "relu # the first layer"),
        ("conv 3x3, 16, bias=!true", "conv 3x3, 16, bias=not true"),
        ("stage a => 8x8 { relu }", "stage a -> 8x8 { relu }"),
        ("for i = 1..3 { relu }", "for i in 1..3 { relu }"),
        ("expect params = 464", "expect params 464"),
        ("conv 3X3, 16", "conv 3x3, 16"),
        ("conv 3x3, 16 X 2", "conv 3x3, 16 x 2"),
        ("conv(3, 16, 3)", "conv 3, 16, 3"),
        ("relu()", "relu"),
        ("conv 3x3, (8 + 2\n  relu", "conv 3x3, (8 + 2)\n  relu"),
        ("for k in [8, 16 { relu }", "for k in [8, 16] { relu }"),
        ("}\nmodel M = N\nnetwork P {", "}\nmodel M = N()\nnetwork P {"),
    ],
)
def test_what_was_meant(tmp_path: Path, line: str, mended: str) -> None:
    """What is right elsewhere, or nearly right, is one finding, whose fix makes it right."""
    text = f"network N(n = 4, b = true) {{\n  input 3x8x8\n  {line}\n}}\n"
    (only,) = [d for d in findings(tmp_path, text) if d.code.name == "syntax"]
    assert only.fix is not None
    fixed, _ = applied(text, [only.fix])
    assert fixed == text.replace(line, mended)
    assert not any(d.code.name == "syntax" for d in findings(tmp_path, fixed))


@pytest.mark.parametrize("line", ["conv 3x3, 16,", "conv 3x3,", "a =", "a = 2 +", "conv 3x3, 8 *"])
@pytest.mark.parametrize(
    "following", ["cnv 3x3, 16", "stage a { cnv 3x3, 16 }", "}\nblock b { cnv"]
)
def test_a_line_that_ends_too_early_spoils_itself_alone(
    tmp_path: Path, line: str, following: str
) -> None:
    """The next line is read as one of its own."""
    text = f"network N {{\n  input 3x8x8\n  {line}\n  {following}\n}}\n"
    joined, unknown = findings(tmp_path, text)
    assert joined.primary is not None and joined.primary.span.line == 3
    assert "so goes on in the next" in joined.message
    assert unknown.code.name == "unknown-layer"


@pytest.mark.parametrize("colon", [":", ""])
def test_what_is_indented_under_a_heading_belongs_to_it(tmp_path: Path, colon: str) -> None:
    """Where nothing closes the brace that is missing, both are put where indentation has them."""
    text = f"""network A{colon}
  input 3x8x8
  for i in 1..3{colon}
    conv 3x3, 8  # three times

    cnv 3x3, 8
  relu
network B {{
  input 3x8x8
  stage one{colon}
    relu
}}
"""
    heading, loop, unknown, stage = findings(tmp_path, text)
    assert unknown.code.name == "unknown-layer"
    fixes = [d.fix for d in (heading, loop, stage) if d.fix is not None]
    mended = """network A {
  input 3x8x8
  for i in 1..3 {
    conv 3x3, 8  # three times

    cnv 3x3, 8
  }
  relu
}
network B {
  input 3x8x8
  stage one {
    relu
  }
}
"""
    assert applied(text, fixes)[0] == mended


@pytest.mark.parametrize("heading", ["network B {", "block b {", "## What it is.\nnetwork B {"])
@pytest.mark.parametrize("line", ["stage two {", "network D = A with {", "repeat x 2 {"])
def test_a_brace_that_is_open_before_a_definition(tmp_path: Path, heading: str, line: str) -> None:
    """The definition is read as one, and what is before it as well."""
    end = "}\n" if line.startswith("network") else ""
    text = f"network A {{\n  input 3x8x8\n  cnv 3x3, 8\n{end}{line}\n\n{heading} cnv 3x3, 8 }}\n"
    unknown, opened, also_unknown = findings(tmp_path, text)
    assert unknown.code.name == also_unknown.code.name == "unknown-layer"
    assert opened.message == "this `{` is never closed" and opened.primary is not None
    assert opened.primary.span.source.line_text(opened.primary.span.line) == line


@pytest.mark.parametrize(
    "end", ["model M = A k\n  (k=8)\n", "  netwrk B {\n    input 3x8x8\n    relu\n  }\n"]
)
def test_a_brace_is_not_blamed_for_what_stands_behind_it(tmp_path: Path, end: str) -> None:
    text = f"network A {{\n  input 3x8x8\n  relu\n}}\n{end}"
    assert not any("statements go on" in d.message for d in findings(tmp_path, text))


@pytest.mark.parametrize("line", ["heads 3 4", "outputs n 4", "repeat 3 4 { relu }"])
def test_a_call_is_not_taken_for_a_statement_that_is_misspelt(tmp_path: Path, line: str) -> None:
    blocks = "block heads(a, b) { relu }\nblock outputs(a, b) { relu }\n"
    text = f"{blocks}network N(n = 4) {{ input 3x8x8; {line} }}\n"
    (only,) = [d for d in findings(tmp_path, text) if d.code.name == "syntax"]
    assert only.help == "arguments are separated by commas"


@pytest.mark.parametrize(
    ("call", "safe"),
    [("conv(3x3, 16)", True), ("conv(3, 16, 3)", False), ("conv(\n    3x3, 16\n  )", None)],
)
def test_brackets_are_taken_out_where_that_is_safe(
    tmp_path: Path, call: str, safe: bool | None
) -> None:
    """Two numbers are channels elsewhere; over several lines no edit is offered."""
    text = f"network N {{\n  input 3x8x8\n  {call}\n}}\n"
    (only,) = [d for d in findings(tmp_path, text) if d.code.name == "syntax"]
    assert (only.fix.safe if only.fix is not None else None) is safe


def test_a_definition_whose_only_brace_comes_too_early(tmp_path: Path) -> None:
    """It is moved: taken out, the definition would not end."""
    text = "network A {\n  input 3x8x8\n}\n  cnv 3x3, 8\n\nnetwork B {\n  cnv 3x3, 8\n}\n"
    closing, *unknown = findings(tmp_path, text)
    assert closing.help == "move it behind them" and closing.fix is None
    assert [d.code.name for d in unknown] == ["unknown-layer"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "use std.seqconv  ## section 3\nNET",
        "## of the paper\n\nuse std.seqconv\nNET",
        "use std.seqconv\nNET## at the end",
        "use std.seqconv\nNET## at the end\n\n## and more\n",
    ],
)
def test_what_documents_nothing_is_a_comment(tmp_path: Path, text: str) -> None:
    net = "network A { input 3x8x8; seqconv 3x3, 8, k=4 }\n"
    assert not findings(tmp_path, text.replace("NET", net))
    documented = compiled(tmp_path, text.replace("NET", f"## What it is.\n{net}"))
    assert documented.doc == "What it is."


def test_a_definition_that_is_closed_too_early_goes_on(tmp_path: Path) -> None:
    text = "network A {\n  input 3x8x8\n  relu\n  }\n  cnv 3x3, 8\n  tanh\n}\nblock b { cnv }\n"
    closing, *unknown = findings(tmp_path, text)
    assert "statements go on" in closing.message and closing.fix is not None
    assert [d.code.name for d in unknown] == ["unknown-layer"] * 2
    assert applied(text, [closing.fix])[0] == text.replace("  }\n", "")


def test_x_is_a_name_where_it_repeats_nothing(tmp_path: Path) -> None:
    text = """block both(x: feature, width: positive) { concatenate it, x; conv 1x1, width }
network Net(n = 3) {
  input 3x8x8
  x = in | conv 3x3, 4
  y = x | conv 3x3, 4
  add x, y
  repeat x n-1 { conv 3x3, 4 x 2 }
  both x, 8
  if x.width - 1 > 2 { relu }
}
"""
    assert not findings(tmp_path, text)
    layers = seqdsl.load(tmp_path / "net.seq").stats(seqdsl.Level.LAYER)
    assert sum(part.cost.params > 0 for part in layers) == 7


@pytest.mark.parametrize(
    "line", ["conv 3x3, (", "conv 3x3, size(", "a = [1, 2", "if (k == 2 { relu }", "model M = "]
)
def test_a_bracket_that_stays_open_spoils_its_own_line_alone(tmp_path: Path, line: str) -> None:
    """What is behind it is read: an unknown layer in a later stage is found."""
    text = TWO_STAGES.replace("conv 3x3, 2*k", "cnv 3x3, 2*k").replace(
        "    conv 3x3, k\n", f"    {line}\n"
    )
    assert [d.code.name for d in findings(tmp_path, text)] == ["syntax", "unknown-layer"]


@pytest.mark.parametrize(
    "end", ["model M =", "model M = Net(", "network N { input 3x8x8; conv 3x3, ("]
)
def test_what_the_file_ends_in_does_not_spoil_what_is_before(tmp_path: Path, end: str) -> None:
    """Half a definition at the end is one finding, and those before it are built."""
    path = tmp_path / "net.seq"
    path.write_text(TWO_STAGES.replace("conv 3x3, 2*k", "cnv 3x3, 2*k") + end)
    assert [d.code.name for d in seqdsl.check(path)] == ["unknown-layer", "syntax"]
