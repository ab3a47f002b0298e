"""Mistakes of those who come from PyTorch, Keras and Python: place, help, and an edit that mends.

In a file of tests/mistakes the last lines name what is found: a line, a code, and words that the
help must have; then `mended` where the edits that are offered make the file right, `by hand`
where somebody has to choose.
"""

from pathlib import Path

import pytest
import torch
from networks import ROOT, findings
from torch import nn

import seqdsl
from seqdsl.passes.check import check_program
from seqdsl.passes.mend import mended
from seqdsl.passes.vet import vetted
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values.types import TYPES
from seqdsl.source.codes import CODES, Severity
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.elsewhere import ARGUMENTS, LAYERS, MEMBERS, VALUES, WORDS, Arguments
from seqdsl.source.explanations import explanation
from seqdsl.source.text import Source
from seqdsl.source.translate import piped, translated

MISTAKES = sorted((Path(__file__).parent / "mistakes").glob("*.seq"))
BAD = sorted((Path(__file__).parent / "bad").glob("*.seq"))
EXAMPLES = [code for code in CODES if explanation(code).failing.is_source]


def expected(path: Path) -> tuple[list[tuple[int, str, str]], bool]:
    """What is found in a file of mistakes, and whether the edits that are offered mend it."""
    *wanted, end = [line[3:] for line in path.read_text().splitlines() if line.startswith("#~ ")]
    parts = (line.split(" ", 2) for line in wanted)
    return [(int(at), code, "".join(rest)) for at, code, *rest in parts], end == "mended"


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_a_mistake_is_found_once_with_its_way_on(path: Path) -> None:
    found = [d for d in seqdsl.check(path) if d.primary is not None]
    wanted, _ = expected(path)
    assert [(d.primary.span.line, d.code.id) for d in found if d.primary] == [
        (line, code) for line, code, _ in wanted
    ]
    for d, (_, _, words) in zip(found, wanted, strict=True):
        assert words in (d.help or "")


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_what_is_offered_mends_it(tmp_path: Path, path: Path) -> None:
    text, _ = mended(Source(path.name, path.read_text()), path, unsafe=True)
    (tmp_path / "net.seq").write_text(text)
    _, all_of_it = expected(path)
    assert (seqdsl.check(tmp_path / "net.seq") == []) is all_of_it


def checked(program: Program) -> list[Diagnostic]:
    return check_program(program)[1]


def errors(found: list[Diagnostic]) -> int:
    return sum(d.severity is Severity.ERROR for d in found)


def hold_fixes(program: Program) -> int:
    """Holds every fix that is offered for a program against a copy; gives how many there are."""
    found = vetted(program, checked(program), checked)
    fixed = [d for d in found if d.fix is not None]
    for d in fixed:
        assert d.fix is not None
        copy = program.edited(d.fix.edits)
        after = vetted(copy, checked(copy), checked)
        if d.severity is Severity.ERROR:
            assert errors(after) < errors(found), d.message
        else:
            assert len(after) < len(found) and errors(after) <= errors(found), d.message
    return len(fixed)


@pytest.mark.parametrize("path", [*BAD, *MISTAKES], ids=lambda path: path.stem)
def test_every_fix_that_is_offered_leaves_fewer_errors(path: Path) -> None:
    with seqdsl.limits(seconds=60):
        hold_fixes(load_program(Source(str(path), path.read_text()), path))


def test_the_fixes_of_explanations_leave_fewer_errors(tmp_path: Path) -> None:
    count = 0
    for code in EXAMPLES:
        example = explanation(code)
        for file in (*example.files, *example.failing.files):
            (tmp_path / file.name).parent.mkdir(exist_ok=True)
            (tmp_path / file.name).write_text(file.text)
        path = tmp_path / "net.seq"
        path.write_text(example.failing.text)
        count += hold_fixes(load_program(Source(str(path), example.failing.text), path))
    assert count > 20


WRONG = [
    "aggregate i in 1..4, window in[1, 2, 4] { conv2d 3x3, 4 }",
    "if it.width is none { relu }",
    "aggregate i in 1..4, windw=dens { conv2d 3x3, 4 }",
    "conv 3x3, 16, act=selu",
    "selu",
    "output it",
    "conv 3x3, 8 + relu",
]


@pytest.mark.parametrize("line", WRONG)
def test_a_guess_that_leads_nowhere_is_not_offered(tmp_path: Path, line: str) -> None:
    path = tmp_path / "net.seq"
    text = f"network N {{\n  input 4x8x8\n  conv 3x3, 16\n  {line}\n  fc 10\n}}\n"
    hold_fixes(load_program(Source(str(path), text), path))
    assert not any("did you mean `relu`" in (d.help or "") for d in findings(tmp_path, text))


@pytest.mark.parametrize(
    ("maps", "pipeline"),
    [
        ("[a]", None),
        ("[a, b]", "a | mean b"),
        ("[a, b, c]", "a | mean a, b, c"),  # not the mean of a mean
    ],
)
def test_a_pipeline_joins_all_that_was_listed(maps: str, pipeline: str | None) -> None:
    assert piped("average", [(None, maps)]) == pipeline


# --- the tables

CALLS = {Arguments.DROPPED: "1", Arguments.LISTED: "[a, b]", Arguments.KEPT: "2"}
VALUE_OF = {
    "": "3", "width": "16", "kernel": "3", "factor": "2", "rate": "0.1", "slope": "0.1",
    "alpha": "0.5", "stride": "1", "padding": "1", "groups": "1", "dilation": "1", "bias": "True",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, layer in LAYERS.items() if layer.write])
def test_a_layer_of_another_framework_is_written_as_one_of_these(tmp_path: Path, name: str) -> None:
    layer = LAYERS[name]
    given = ", ".join(VALUE_OF[parameter] for parameter in layer.order) or CALLS[layer.arguments]
    arguments = [(None, text) for text in ([given] if "[" in given else given.split(", "))]
    written = translated(name, arguments)
    head = "input 16x8x8\n  a = it\n  b = it | relu"
    text = f"network N {{\n  {head}\n  {written}\n  add it, it\n  concatenate a, b, it\n}}\n"
    vectors = written is not None and written.split()[0] in ("fc", "linear")
    if vectors or "upsample" in (written or "") or "pool" in (written or ""):
        text = f"network N {{\n  {head}\n  {written}\n  output c = a | add b\n}}\n"
    assert findings(tmp_path, text) == []
    called = text.replace(str(written), f"{name}({given})")
    if name not in PRIMITIVES:
        assert layer.help in [d.help for d in findings(tmp_path, called)]


@pytest.mark.parametrize(
    ("arguments", "statement", "module"),
    [
        ("3, 16, 3", "conv2d 3x3, 16, padding=0, bias=true", nn.Conv2d(3, 16, 3)),
        (
            "3, 16, 3, padding=1, bias=False",
            "conv2d 3x3, 16, padding=1, bias=false",
            nn.Conv2d(3, 16, 3, padding=1, bias=False),
        ),
        (
            "3, 16, kernel_size=1, bias=False",
            "conv2d 1x1, 16, bias=false",
            nn.Conv2d(3, 16, kernel_size=1, bias=False),
        ),
    ],
)
def test_a_convolution_of_pytorch_keeps_its_defaults(
    tmp_path: Path, arguments: str, statement: str, module: nn.Module
) -> None:
    text = f"network N {{\n  input 3x8x8\n  nn.Conv2d({arguments})\n}}\n"
    fixed, _ = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    assert fixed == text.replace(f"nn.Conv2d({arguments})", statement)
    (tmp_path / "net.seq").write_text(fixed)
    network = seqdsl.load(tmp_path / "net.seq")
    assert network.params == sum(p.numel() for p in module.parameters())
    assert network.nodes[network.output].type.shape == module(torch.zeros(1, 3, 8, 8)).shape[1:]


@pytest.mark.parametrize("name", [name for name, layer in LAYERS.items() if not layer.write])
def test_what_there_is_not_is_said(tmp_path: Path, name: str) -> None:
    """Where nothing is to be written the line goes; where nothing fits no edit is offered."""
    text = f"network N {{\n  input 4x8x8\n  conv 3x3, 8\n  {name}\n  fc 10\n}}\n"
    found = findings(tmp_path, text)
    assert [d.help for d in found] == [LAYERS[name].help]
    fixed, count = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    assert count == (LAYERS[name].write == "")
    assert fixed == (text.replace(f"  {name}\n", "") if count else text)


def parameters() -> set[str]:
    of_blocks = {"kernel", "width", "stride", "groups", "padding", "dilation", "bias", "act"}
    return of_blocks | {f.name for p in PRIMITIVES.values() for f in p.formals}


def test_keywords_of_other_frameworks_are_parameters_here() -> None:
    assert {a.write for a in ARGUMENTS.values() if a.write} <= parameters()
    assert {takes for takes, _ in VALUES} <= parameters() | {"window"}
    assert all(a.write or a.help for a in ARGUMENTS.values())


@pytest.mark.parametrize("name", [name for name, a in ARGUMENTS.items() if not a.write])
def test_a_keyword_that_has_no_place_is_left_out(tmp_path: Path, name: str) -> None:
    text = f"network N {{\n  input 4x8x8\n  conv 3x3, 8, {name}=1\n  fc 10\n}}\n"
    (only,) = findings(tmp_path, text)
    assert only.help == ARGUMENTS[name].help
    assert (only.fix is not None) is (ARGUMENTS[name].write == "")


@pytest.mark.parametrize(("takes", "word"), VALUES)
def test_a_word_of_another_framework_for_an_argument(tmp_path: Path, takes: str, word: str) -> None:
    layer = {"init": "conv2d 3x3, 8", "window": "aggregate i in 1..2"}.get(takes, "conv 3x3, 8")
    body = " { conv2d 1x1, 4 }" if takes == "window" else ""
    quoted, bare = [f'"{word}"'] * (takes != "window"), [word] * (word not in PRIMITIVES)
    for value in (*quoted, *bare):
        text = f"network N {{\n  input 4x8x8\n  {layer}, {takes}={value}{body}\n  fc 10\n}}\n"
        (only,) = findings(tmp_path, text)
        assert only.help == VALUES[takes, word].help
        fixed, _ = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
        assert findings(tmp_path, fixed) == []


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_of_a_tensor(tmp_path: Path, name: str) -> None:
    text = f"network N {{\n  input 4x8x8\n  conv 3x3, it.{name}\n  fc 10\n}}\n"
    if name == "len":
        text = text.replace("it.len", "[8, 8].len")
    (only,) = findings(tmp_path, text)
    assert name == "len" or only.help == MEMBERS[name].help


def test_words_are_of_the_language_its_types_or_its_recipes() -> None:
    words = {"use", "block", "network", "require", "std.residual", "std.dense"}
    settings = {"lr", "batch", "weight_decay", "epochs"}
    assert set(WORDS.values()) <= words | settings | set(TYPES)


# --- safe fixes


def built(program: Program) -> list[str]:
    """The graphs that a program builds, and what it claims of each."""
    from seqdsl.graph.dump import dump

    networks = [each.network for each in check_program(program)[0] if each.network is not None]
    return [
        dump(n) + "\n".join(str((c.metric, c.quantity, c.tolerance)) for c in n.claims)
        for n in networks
    ]


VALID = {
    "an unused name": "a = it | relu",
    "a convention": "expect flops 55K +- 90%",
    "an idle allow": "relu  # seqdsl: allow(SEQ203)",
    "a window": "aggregate i in 1..3, window=last(9) { conv2d 3x3, 2 }",
    "a dead branch": "if true { relu }",
    "a tolerance": "expect params 240 +- 50%",
    "an unused import": "relu\n}\nuse std.dense\nnetwork M {\n  input 3x8x8\n  relu",
}


@pytest.mark.parametrize("line", VALID.values(), ids=VALID)
def test_a_safe_fix_leaves_graph_and_claims_of_a_valid_program(line: str, tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    text = f"network N {{\n  input 3x8x8\n  conv 3x3, 8\n  {line}\n}}\n"
    program = load_program(Source(str(path), text), path)
    assert not errors(checked(program))
    safe = [d.fix for d in checked(program) if d.fix is not None and d.fix.safe]
    for fix in safe:
        assert built(program.edited(fix.edits)) == built(program)


@pytest.mark.parametrize("path", [*BAD, *MISTAKES], ids=lambda path: path.stem)
def test_a_safe_fix_of_a_fixture_changes_nothing_that_is_valid(path: Path) -> None:
    with seqdsl.limits(seconds=60):
        program = load_program(Source(str(path), path.read_text()), path)
        found = checked(program)
        safe = [d.fix for d in found if d.fix is not None and d.fix.safe]
        for fix in safe if not errors(found) else []:
            assert built(program.edited(fix.edits)) == built(program)


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "!="])
def test_a_bound_is_no_equality(tmp_path: Path, sign: str) -> None:
    """No edit is offered, which would claim another thing."""
    text = f"network N {{\n  input 3x8x8\n  conv 3x3, 8\n  expect params {sign} 1.5M\n}}\n"
    (only,) = findings(tmp_path, text)
    assert only.fix is None and "a claim is an equality" in (only.help or "")
    for unsafe in (False, True):
        assert mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=unsafe) == (text, 0)


# --- line ends


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_fixes_have_the_line_ends_of_the_file(
    tmp_path: Path, start: str, end: str, last: bool
) -> None:
    lines = [
        "use std.dense", "", "network Net {", "  input 3x8x8", "  seqconv 3x3, 16, k=4",
        "  stage a -> 8x8", "    conv 3x3, 8", "  return it", "  fc 10", "}",
    ]  # fmt: skip
    text = start + end.join(lines) + end * last
    path = tmp_path / "net.seq"
    fixed, _ = mended(Source("net.seq", text), path, unsafe=True)
    wanted = ["use std.seqconv", *lines[1:5], "  stage a -> 8x8 {", lines[6], "  }", *lines[8:]]
    assert fixed == start + end.join(wanted) + end * last
    path.write_bytes(fixed.encode())
    assert seqdsl.check(path) == []


def test_a_file_of_mixed_line_ends_keeps_each(tmp_path: Path) -> None:
    text = "network N {\r\n  input 3x8x8\r\n  conv(3x3, 8)\n  return it\r\n  stage a\n    relu\n}\n"
    fixed, _ = mended(Source("net.seq", text), tmp_path / "net.seq", unsafe=True)
    wanted = "network N {\r\n  input 3x8x8\r\n  conv 3x3, 8\n  stage a {\n    relu\n  }\n}\n"
    assert fixed == wanted


def test_lines_that_end_in_carriage_returns_alone_are_said_to(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_bytes(b"network N {\r  input 3x8x8\r  relu\r}\r")
    assert "carriage returns alone" in (seqdsl.check(path)[0].help or "")


# --- what is said of shapes


def test_shufflenet_v1_is_said_as_published(tmp_path: Path) -> None:
    """With what SEQ307 offers. The parameters are counted by hand from the paper's Table 1:
    weights of convolutions, and two for each channel of a batch norm.
    """
    path = Path(__file__).parent / "mistakes" / "cuts_hierarchy_in_a_block.seq"
    text, _ = mended(Source("net.seq", path.read_text()), tmp_path / "net.seq", unsafe=True)
    (tmp_path / "net.seq").write_text(text)
    network = seqdsl.load(tmp_path / "net.seq")
    groups, entering, total = 3, 24, 3 * 24 * 9 + 2 * 24
    for stage, (width, units) in enumerate(((240, 4), (480, 8), (960, 4))):
        for unit in range(units):
            inner, out = width // 4, width - (0 if unit else entering)
            first = 1 if not (stage or unit) else groups
            total += entering * inner // first + 9 * inner + inner * out // groups
            total += 2 * (inner + inner + out)
            entering = width
    total += 960 * 1000 + 1000
    assert network.params == total == 1_865_728


def test_an_addition_says_what_made_sizes_differ(tmp_path: Path) -> None:
    (only,) = findings(
        tmp_path,
        "network N {\n  input 3x33x33\n  conv 3x3, 8\n  skip = it\n  conv 3x3, 8, stride=2\n"
        "  conv 3x3, 8\n  add it, skip\n}\n",
    )
    told = {label.span.line: label.text for label in only.secondary}
    assert told[5] == "33x33 becomes 17x17 here"


@pytest.mark.parametrize("line", ["conv 3x3, it.chanels2", "conv 3x3, it", "conv 3x3, it + it.raw"])
def test_all_members_of_a_feature_map_are_listed(tmp_path: Path, line: str) -> None:
    text = f"network N {{\n  input 3x8x8\n  conv 3x3, 8\n  {line}\n}}\n"
    (only,) = findings(tmp_path, text)
    if "+" in line:
        assert "`add it, it.raw`" in (only.help or "")
    else:
        for member in ("`width`", "`group(i)`", "`grouped(k)`", "`channels(first, last)`"):
            assert member in (only.help or "")


def test_the_library_is_right_by_the_rules_for_mistakes() -> None:
    for path in sorted((ROOT / "architectures" / "std").glob("*.seq")):
        assert not errors(seqdsl.check(path))
