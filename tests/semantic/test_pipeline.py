"""Pipelines: in their arguments `it` is what flows outside; what is piped has no name."""

from pathlib import Path

import pytest
from networks import codes, compiled, findings

import seqdsl
from seqdsl.graph.dump import dump

START = "input 3x8x8; conv 3x3, 4; a = it | conv2d 1x1, 4; relu; "
BLOCKS = """
block twice(body: layers) { body; body }
block gate(other: feature) { conv2d 1x1, other.width; multiply it, other }
block narrow(width = it.width/2) { conv2d 1x1, width }
"""


def graph(tmp_path: Path, statements: str) -> str:
    return dump(compiled(tmp_path, f"{BLOCKS}network N {{ {START}{statements} }}"))


@pytest.mark.parametrize(
    ("pipeline", "means"),
    [
        ("b = a | add it; it = b", "add a, it"),
        ("it = a | add it", "add a, it"),
        ("output b = a | multiply it", "now = it; output b = a | multiply now"),
        ("it = a | relu | add it", "b = a | relu; add b, it"),
        ("it = a | mean it | concatenate it", "b = a | mean it; concatenate b, it"),
        ("it = a | gate it", "now = it; it = a; gate now"),
        ("it = a | twice { add it, in }", "it = a; twice { add it, in }"),
        ("it = a | twice { b = in | relu; add it, b }", "it = a; twice { b = in | relu; add b }"),
        ("it = a | narrow", "it = a; narrow 2"),  # a default is the block's own
        ("it = a | conv2d 1x1, in.width", "it = a; conv2d 1x1, 3"),
        ("stage s { b = a | add it; conv 3x3, 8; it = b | add in }",
         "stage s { b = a | add it; conv 3x3, 8; it = b; add in }"),
        ("it = it | conv2d 1x1, 8 | conv2d 1x1, it.width x 2", "conv2d 1x1, 8; conv2d 1x1, 4 x 2"),
    ],
)  # fmt: skip
def test_it_is_what_flows_outside(tmp_path: Path, pipeline: str, means: str) -> None:
    def operations(statements: str) -> list[str]:
        network = compiled(tmp_path, f"{BLOCKS}network N {{ {START}{statements} }}")
        return [f"{n.kind} {n.operands} {n.type}" for n in network.nodes]

    assert operations(pipeline) == operations(means)


def test_each_turn_of_a_statement_reads_what_flows_then(tmp_path: Path) -> None:
    assert graph(tmp_path, "conv2d 1x1, 2*it.width x 2") == graph(
        tmp_path, "conv2d 1x1, 8; conv2d 1x1, 16"
    )


@pytest.mark.parametrize(
    ("pipeline", "marked"),
    [
        ("it = a | conv2d 1x1, 8 | conv2d 1x1, it.width", True),
        ("it = a | conv 3x3, 4, shortcut=it", True),
        ("it = a | gate it.raw", True),
        ("it = a | conv2d 1x1, it.width", False),  # both have four channels
        ("it = it | conv2d 1x1, it.width/2 | add a.channels(1, 2)", False),
        ("it = a | add it", False),
        ("it = a | gate it", False),
        ("it = a | twice { conv2d 1x1, it.width }", False),
    ],
)
def test_what_may_be_taken_for_what_is_piped_is_marked(
    tmp_path: Path, pipeline: str, marked: bool
) -> None:
    found = codes(tmp_path, f"{BLOCKS}network N {{ {START}{pipeline} }}")
    assert found == ["outer-it"] * marked


def test_the_mark_offers_the_name_of_what_is_piped(tmp_path: Path) -> None:
    text = "network N { input 3x8x8; a = it | conv 1x1, 8; it = a | conv2d 1x1, it.width }"
    (found,) = findings(tmp_path, text)
    assert found.primary is not None and found.primary.span.text == "it"
    assert "`it.width` is 3" in found.message and "be 8" in found.message
    assert "`in`" in (found.help or "")
    assert found.fix is not None and not found.fix.safe
    assert [edit.text for edit in found.fix.edits] == ["a"]


@pytest.mark.parametrize(
    ("pipeline", "found"),
    [
        ("it = a | relu | add it, in", ["unread-pipe"]),
        ("it = a | concatenate it, it", ["unread-pipe"]),
        ("it = a | add it, a", []),
        ("it = it | add it, a", []),
        ("it = a | concatenate it", []),
    ],
)
def test_what_is_piped_is_read(tmp_path: Path, pipeline: str, found: list[str]) -> None:
    start = "input 4x8x8; a = it | conv2d 1x1, 4; relu; "
    assert codes(tmp_path, f"network N {{ {start}{pipeline} }}") == found


@pytest.mark.parametrize("layers", ["b = a | add it; it = b", "it = a | relu | add it | gate it"])
def test_a_pipeline_written_out_is_the_same(tmp_path: Path, layers: str) -> None:
    network = compiled(tmp_path, f"{BLOCKS}network N {{ {START}{layers} }}")
    plain = seqdsl.expand(tmp_path / "net.seq")
    assert dump(compiled(tmp_path, plain)) == dump(network)
