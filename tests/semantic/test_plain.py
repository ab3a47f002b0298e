"""`expand` writes any network as a plain source, which compiles to the same graph."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from networks import ARCHITECTURES, ROOT, compiled
from test_properties import few
from varied import SHARED, Varied, varied_program

import seqdsl
from seqdsl.api import read_program
from seqdsl.graph.dump import dump
from seqdsl.semantic.compile import instances
from seqdsl.semantic.writing import plain_sources
from seqdsl.semantic.writing.turns import united
from seqdsl.source.text import Source
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in
from seqdsl.syntax.parser import parse
from seqdsl.syntax.walk import statements as walk

SNIPPETS = re.findall(r"```seq\n(.*?)```", (ROOT / "docs" / "language.md").read_text(), re.DOTALL)
FILES = [*ARCHITECTURES.glob("*.seq"), *(ROOT / "examples").rglob("*.seq")]


def plain_of(folder: Path, text: str, name: str | None = None) -> str:
    """What `expand` writes, once it is sure that it compiles to the same without a finding."""
    path = folder / "net.seq"
    path.write_text(text)
    plain = seqdsl.expand(path, name)
    (folder / "plain").mkdir(exist_ok=True)
    again = compiled(folder / "plain", plain)
    network = seqdsl.load(path, name)
    assert dump(again) == dump(network)
    assert [node.path for node in again.nodes] == [node.path for node in network.nodes]
    return plain


def statements(plain: str) -> list[str]:
    """The lines of the network itself, less its input."""
    lines = plain.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("network "))
    return [line.removeprefix("  ") for line in lines[start + 2 : -1]]


def names_in_pipelines(plain: str) -> set[str]:
    """What the arguments of the pipelines of a network read, less those of calls in braces."""
    network = parse(Source("plain.seq", plain))[0].items[-1]
    assert isinstance(network, ast.Network)
    named = [s for s in walk(network.body) if isinstance(s, ast.Let | ast.Output)]
    arguments = [a.value for each in named for call in each.calls for a in call.arguments]
    return {name.name for value in arguments for name in names_in(value)}


def network(*lines: str, blocks: str = "") -> str:
    return f"{blocks}\nnetwork N {{\n  input 3x8x8\n" + "\n".join(lines) + "\n}\n"


# --- what is there


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: re.findall(r"network (\w+)", s)[0])
def test_snippets_of_the_language_reference(tmp_path: Path, snippet: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text(snippet)
    for instance in instances(read_program(path)):
        plain_of(tmp_path, snippet, instance.name)


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda p: p.stem)
def test_networks_of_the_repository(path: Path) -> None:
    """`expand` holds what it writes against the graph, and raises where they differ."""
    for instance in instances(read_program(path)):
        assert f"network {instance.name} {{" in seqdsl.expand(path, instance.name)


# --- blocks


def test_braces_that_a_block_runs_twice_are_written_once(tmp_path: Path) -> None:
    blocks = "block twice(body: layers) { body; body }"
    plain = plain_of(tmp_path, network("twice { conv 3x3, 3 }", blocks=blocks))
    assert statements(plain) == ["twice {", "  conv 3x3, 3", "}"]


def test_braces_that_differ_from_run_to_run_are_written_out(tmp_path: Path) -> None:
    blocks = "block twice(body: layers) { body; body }"
    plain = plain_of(tmp_path, network("twice { conv 3x3, 2*it.width }", blocks=blocks))
    assert "block twice(body: layers) { body }" in plain
    assert statements(plain) == ["twice {", "  conv 3x3, 6", "  conv 3x3, 12", "}"]


def test_a_pipeline_holds_blocks_with_braces(tmp_path: Path) -> None:
    lines = ["side = it | repeat x 2 { conv 3x3, 3; relu } | conv 1x1, 3", "add it, side"]
    assert statements(plain_of(tmp_path, network(*lines))) == [
        "side = it | repeat {", "  conv 3x3, 3", "  relu", "} | repeat {", "  conv 3x3, 3",
        "  relu", "} | conv 1x1, 3", "add it, side",
    ]  # fmt: skip


def test_a_replaced_layer_that_was_a_parameter_is_an_argument(tmp_path: Path) -> None:
    text = network("near = it | conv 3x3, 4", "concatenate near, it")
    text += "network T = N with { replace relu { silu } }"
    plain = plain_of(tmp_path, text, "T")
    assert statements(plain) == ["near = it | conv 3x3, 4, act=silu", "concatenate near, it"]


def test_a_block_in_which_a_layer_was_replaced_has_its_layers_in_braces(tmp_path: Path) -> None:
    text = "use std.residual\n" + network("basic 3 x 2", "basic 8, stride=2")
    text += "network T = N with { replace relu { silu } }"
    plain = plain_of(tmp_path, text, "T")
    assert "block basic(body: layers) { body }" in plain and not seqdsl.check(
        tmp_path / "plain" / "net.seq"
    )
    assert statements(plain)[:7] == [
        "basic x 2 {", "  conv 3x3, 3, act=silu", "  conv 3x3, 3, act=none",
        "  skip = in | projection 3", "  add it, skip", "  silu", "}",
    ]  # fmt: skip


def test_a_block_goes_down_to_primitives_where_it_must(tmp_path: Path) -> None:
    text = network("conv 3x3, 3") + "network T = N with { replace batch_norm { tanh; batch_norm } }"
    assert statements(plain_of(tmp_path, text, "T")) == [
        "conv {", "  conv2d 3x3, 3", "  tanh", "  batch_norm", "  relu", "}"
    ]  # fmt: skip


def test_scopes_stay_blocks(tmp_path: Path) -> None:
    """Where a concatenation is made depends on the blocks around it."""
    blocks = "block pair { a = it | relu; concatenate a, in; conv 1x1, 3 }"
    text = network("pair", blocks=blocks) + "network T = N with { replace relu { silu } }"
    plain_of(tmp_path, text, "T")
    places = [
        [(scope.kind, scope.label) for scope in node.scope.ancestry()]
        for path in (tmp_path / "net.seq", tmp_path / "plain" / "net.seq")
        for node in seqdsl.load(path, "T").nodes
    ]
    assert places[: len(places) // 2] == places[len(places) // 2 :]


def test_braces_passed_on_as_a_value(tmp_path: Path) -> None:
    blocks = """
    block apply(act: layer) { act; act }
    block outer(body: layers) { apply body; repeat x 2 { body } }"""
    plain = plain_of(tmp_path, network("outer { conv 3x3, 3; relu }", blocks=blocks))
    assert statements(plain) == ["outer {", "  conv 3x3, 3", "  relu", "}"]


def test_files_whose_blocks_share_a_name(tmp_path: Path) -> None:
    other = "block conv(kernel: size, width: positive) { conv2d kernel, width; gelu }\n"
    (tmp_path / "other.seq").write_text(other + "block unit(width: positive) { conv 3x3, width }")
    (tmp_path / "third.seq").write_text("block own(width: positive) { conv 3x3, width }")
    text = 'use "other.seq"\nuse "third.seq"\n' + network("conv 3x3, 4", "unit 4", "own 4")
    plain = plain_of(tmp_path, text)
    assert statements(plain)[:4] == ["conv {", "  conv2d 3x3, 4", "  gelu", "}"]


def test_numbers_are_exact(tmp_path: Path) -> None:
    plain = plain_of(tmp_path, network("dropout 0.1234567890123", "dropout 1/3", "dropout 0.5"))
    assert statements(plain) == ["dropout 0.1234567890123", "dropout 1/3", "dropout 0.5"]


# --- feature maps


def test_what_entered_the_braces(tmp_path: Path) -> None:
    lines = ["repeat { conv 3x3, 3; add it, in }", "repeat { conv 3x3, 3; concatenate }"]
    assert statements(plain_of(tmp_path, network(*lines)))[2] == "  add it, in"


def test_a_value_without_a_name_is_given_one(tmp_path: Path) -> None:
    rule = "replace conv(kernel, width) { conv2d kernel, width; add it, in }"
    text = network("relu", "conv 3x3, 3") + f"network T = N with {{ {rule} }}"
    plain = plain_of(tmp_path, text, "T")
    assert statements(plain) == ["relu", "kept = it", "conv2d 3x3, 3", "add it, kept"]


def test_a_pipeline_through_a_rule_goes_on_in_statements(tmp_path: Path) -> None:
    rule = "replace relu { aggregate i in 1..3 { conv2d 1x1, 1 } }"
    text = network("conv2d 3x3, 3", "b = it | relu", "add it, b")
    plain = plain_of(tmp_path, text + f"network T = N with {{ {rule} }}", "T")
    assert statements(plain) == [
        "conv2d 3x3, 3", "kept = it", "aggregate i in 1..3 {", "  conv2d 1x1, 1", "}", "b = it",
        "it = kept", "add it, b",
    ]  # fmt: skip


def test_no_argument_of_a_pipeline_reads_what_flows_in_it(tmp_path: Path) -> None:
    """Neither `it` nor `in` is written there: a reader may take them for what flows outside."""
    blocks = "block doubled { y = it | sigmoid; z = y | multiply y, in; add it, z }"
    text = network("conv2d 1x1, 3", "doubled", "relu", blocks=blocks)
    plain = plain_of(tmp_path, text + "network T = N with { replace sigmoid { tanh } }", "T")
    assert names_in_pipelines(plain) == {"y", "kept"}


def test_raw_faces_groups_and_channels_in_braces(tmp_path: Path) -> None:
    text = "use std.seqconv\n" + network(
        "seqconv 3x3, 8, 4", "residual { wseqconv 3x3, 8, 4; wseqconv 3x3, 8, 4 }",
        "skip = it.channels(3, 6)", "conv2d 1x1, 4", "add it, skip", "add it, skip.raw",
    )  # fmt: skip
    plain = plain_of(tmp_path, text + "network T = N with { replace wseqconv(path, width, k) "
                     "{ regroup k; conv path.last, width, groups=width/k } }", "T")  # fmt: skip
    assert "regroup 4" in plain


# --- loops, stages, outputs


def test_stages_of_a_loop_have_names_of_their_own(tmp_path: Path) -> None:
    plain = plain_of(tmp_path, network("for i in 1..2 { stage s -> 8x8 { conv 3x3, 4*i } }"))
    assert [line for line in statements(plain) if "stage" in line] == [
        "stage s -> 8x8 {", "stage s_2 -> 8x8 {"
    ]  # fmt: skip
    assert not seqdsl.check(tmp_path / "plain" / "net.seq")


def test_names_that_a_loop_gives_anew(tmp_path: Path) -> None:
    lines = ["old = it", "conv 1x1, 3",
             "for i in 1..3 { new = it; conv 3x3, 3; add it, old; old = new }"]  # fmt: skip
    plain = plain_of(tmp_path, network(*lines))
    assert "add it, new" in plain and plain.count("add") == 3


def test_a_value_may_not_hide_a_layer(tmp_path: Path) -> None:
    """In braces a block's own words are called where the values of the network are seen."""
    text = network("relu = it | conv2d 1x1, 3", "conv 3x3, 3", "add it, relu")
    text += "network T = N with { replace batch_norm { batch_norm eps=0.001 } }"
    assert "relu2 = it | conv2d 1x1, 3" in statements(plain_of(tmp_path, text, "T"))


def test_outputs_are_written_in_their_place(tmp_path: Path) -> None:
    lines = ["repeat { conv 3x3, 3; output early }", "output side = it | relu | fc 2", "fc 4"]
    plain = plain_of(tmp_path, network(*lines))
    assert "  output early = it" in statements(plain)
    assert "output side = it | relu | fc 2" in statements(plain)


def test_claims_stay_where_they_are(tmp_path: Path) -> None:
    text = network("stage a { repeat { conv 3x3, 8; expect params 232 } }", "expect params 232")
    lines = statements(plain_of(tmp_path, text))
    assert lines[3] == "    expect params 232" and lines[-1] == "expect params 232"


# --- aggregations


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("{ conv 3x3, k }", ["  conv 3x3, 3"]),
        ("{ conv 3x3, 2*i }", ["  conv 3x3, 2*i"]),
        ("{ conv 3x3, i*i }", ["  conv 3x3, [1, 4, 9][i]"]),
        ("{ conv 3x3, k; add it, skip.group(i) }", ["  conv 3x3, 3", "  add it, skip.group(i)"]),
        ("{ if i > 1 { conv 3x3, k } }", ["  if i >= 2 {", "    conv 3x3, 3", "  }"]),
        (
            "{ if i % 2 == 0 { relu } else { tanh }; conv2d 1x1, i }",
            ["  if i == 1 or i == 3 {", "    tanh", "    conv2d 1x1, i", "  } else {", "    relu",
             "    conv2d 1x1, 2", "  }"],
        ),
    ],
)  # fmt: skip
def test_groups(tmp_path: Path, statement: str, written: list[str]) -> None:
    lines = [
        "use std.seqconv",
        "network N(k = 3) {",
        "  input 3x8x8",
        "  skip = it | seqconv 3x3, 9, 3",
        f"  aggregate i in 1..3, window=last(2) {statement}",
        "}",
        "",
    ]
    body = statements(plain_of(tmp_path, "\n".join(lines)))
    start = body.index("aggregate i in 1..3, window=last(2) {")
    assert body[start + 1 : -1] == written


def test_windows_that_depend_on_the_group(tmp_path: Path) -> None:
    line = "aggregate i in 1..3, window={} {{ conv 3x3, 3 }}"
    plain = plain_of(tmp_path, network(line.format("last(i)"), line.format("[i]")))
    assert "window=last(i)" in plain and "window=[i]" in plain
    mixed = "([1, 2] if i == 1 else last(3))"
    plain = plain_of(tmp_path, network("conv 1x1, 3", "concatenate it, in", line.format(mixed)))
    assert "window=[[1, 2], [1, 2, 3], [1, 2, 3]][i]" in plain


def test_an_aggregation_before_a_replaced_layer_keeps_its_input(tmp_path: Path) -> None:
    text = network("conv 3x3, 3", "aggregate i in 1..2, keep=input { conv 3x3, 3 }", "conv 1x1, 3")
    rule = "replace conv(kernel, width) { conv2d kernel, width; concatenate }"
    plain = plain_of(tmp_path, text + f"network T = N with {{ {rule} }}", "T")
    assert statements(plain) == [
        "conv2d 3x3, 3", "concatenate", "aggregate i in 1..2, keep=input {",
        "  conv 3x3, 3", "}", "kept = it", "conv2d 1x1, 3", "concatenate kept, it",
    ]  # fmt: skip


def test_groups_that_differ_make_one_text() -> None:
    assert united([["conv 1x1, 8 x 2"], ["conv 3x3, 8 x 3"]], "i") == [
        "conv [1x1, 3x3][i], 8 x ([2, 3][i])"
    ]
    assert united([["f.channels(1, 4)"], ["f.channels(5, 8)"]], "i") == ["f.channels(4*i - 3, 4*i)"]
    assert united([["a"], []], "i") == ["if i == 1 {", "  a", "}"]


# --- what can't be written, and what is always true


def test_a_primitive_that_a_block_hides_is_told(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(
        network("conv 3x3, 3", "relu", blocks="block relu { relu6 }")
        + "network T = N with { replace batch_norm { batch_norm eps=0.001 } }"
    )
    with pytest.raises(seqdsl.CompileError, match=r"SEQ330.*block `relu` hides a primitive"):
        seqdsl.expand(path, "T")


def test_a_plain_source_is_no_longer_than_a_source(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    loop = "for i in 1..5000 { a = it | conv2d 1x1, 3 + i % 2; conv2d 1x1, 4 - i % 2 }"
    path.write_text(network(loop))
    with pytest.raises(seqdsl.CompileError, match=r"SEQ330.*longer than the 200,000 bytes"):
        seqdsl.expand(path)


def test_a_plain_source_that_is_not_the_network_is_never_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.seq"
    path.write_text("network N { input 3x8x8; conv 3x3, 4 }")
    wrong = "network N { input 3x8x8; conv 3x3, 5 }"
    monkeypatch.setattr("seqdsl.semantic.writing.plain_sources", lambda *_: [wrong, wrong])
    with pytest.raises(seqdsl.CompileError, match="compiles to another graph"):
        seqdsl.expand(path)


@pytest.mark.parametrize("name", ["SeqResNet50", "SeqDLA34"])
def test_every_block_can_be_in_braces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the text that reads best not be the network, this one takes its place."""
    monkeypatch.setattr(
        "seqdsl.semantic.writing.plain_sources",
        lambda *given: ["netwrok", *list(plain_sources(*given))[2:]],
    )
    plain = seqdsl.expand(ARCHITECTURES / "derived.seq", name)
    assert "use " not in plain and "block conv(body: layers) { body }" in plain


@few
@given(st.data())
def test_random_networks_of_every_kind(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("random")
    (folder / "pyproject.toml").touch()
    (folder / "shared.seq").write_text(SHARED)
    text, name = varied_program(Varied(data.draw))
    (folder / "net.seq").write_text(text)
    assume(not any(d.code.severity.value == "error" for d in seqdsl.check(folder / "net.seq")))
    plain = plain_of(folder, text, name)
    assert not names_in_pipelines(plain) & {"it", "in"}
