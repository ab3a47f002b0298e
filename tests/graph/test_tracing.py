"""Joins and slices are seen through, and the order of operands is on the graph's edges."""

import re
from collections.abc import Callable
from pathlib import Path

import networkx
import pytest
from hypothesis import given, settings
from networks import EVERYTHING, ROOT, compiled
from programs import programs
from test_aggregations import network_of

from seqdsl.graph.operations import Concat, Dropout
from seqdsl.graph.segment import Segment, joined
from seqdsl.graph.tracing import Tracing

JOINS = """network N {
  input 4x8x8
  a = it | conv2d 3x3, 4
  b = it | conv2d 3x3, 6
  concatenate 10, a, b
  concatenate it.channels(3, 8), it.channels(9, 10), it.channels(1, 2)
  dropout 0.5
  b = it.channels(2, 7)
  conv2d 1x1, 4
  concatenate it, b
}"""


def test_a_join_of_slices_is_channels_of_what_computes_them(tmp_path: Path) -> None:
    network = compiled(tmp_path, JOINS)
    first, second, last = [n.index for n in network.nodes if n.kind == "conv2d"]
    (dropped,) = [n for n in network.nodes if isinstance(n.operation, Dropout)]
    joined_before = (
        Segment(first, 2, 4), Segment(second, 0, 6), Segment(first, 0, 2),
    )  # fmt: skip
    assert Tracing(network).of(dropped.operands[0]) == joined_before
    assert Tracing(network).of(dropped.index) == (Segment(dropped.index, 0, 10),)
    assert Tracing.at_inference(network).of(dropped.index) == joined_before
    assert Tracing(network).of(network.output) == (
        Segment(last, 0, 4), Segment(dropped.index, 1, 7),
    )  # fmt: skip
    assert Tracing.at_inference(network).within(network.output, 2, 6) == (
        Segment(last, 2, 4), Segment(first, 3, 4), Segment(second, 0, 1),
    )  # fmt: skip


def test_a_trace_ends_where_it_is_asked_to(tmp_path: Path) -> None:
    network = compiled(tmp_path, JOINS)
    is_join = lambda node: isinstance(node.operation, Concat)  # noqa: E731
    found = Tracing(network, is_source=is_join)
    assert all(found.of(n.index) == (Segment(n.index, 0, 10),) for n in network.nodes if is_join(n))


@settings(max_examples=30)
@given(programs())
def test_a_value_is_as_many_channels_as_it_has(text: str) -> None:
    network = network_of(text)
    found = Tracing.at_inference(network)
    for node in network.nodes:
        segments = found.of(node.index)
        assert sum(segment.width for segment in segments) == node.type.channels
        assert segments == joined(segments)
        for segment in segments:
            source = network.nodes[segment.node]
            assert source.operation.routed([()]) is None
            assert 0 <= segment.start < segment.stop <= source.type.channels


COPIES: dict[str, Callable] = {
    "copy": lambda graph: graph.copy(),
    "relabel_nodes": lambda graph: networkx.relabel_nodes(graph, {i: -i for i in graph}),
    "reverse": lambda graph: graph.reverse().reverse(),
}


@pytest.mark.parametrize("how", COPIES)
def test_the_order_of_operands_is_on_the_edges(tmp_path: Path, how: str) -> None:
    """networkx keeps it there, whatever it does to the order of predecessors."""
    graph = COPIES[how](compiled(tmp_path, EVERYTHING).graph)
    sign = -1 if how == "relabel_nodes" else 1
    for index, node in graph.nodes(data="node"):
        edges = sorted(graph.in_edges(index, data="operand"), key=lambda edge: edge[2])
        assert tuple(sign * source for source, _, _ in edges) == node.operands
        assert [edge[2] for edge in edges] == [*range(len(node.operands))]


def test_predecessors_lose_the_order_of_operands(tmp_path: Path) -> None:
    """Why nothing here may read it off them."""
    text = "network N { input 4x8x8; a = it | relu; b = it | silu; concatenate 8, b, a }"
    network = compiled(tmp_path, text)
    operands = network.nodes[network.output].operands
    assert tuple(network.graph.copy().predecessors(network.output)) == operands[::-1]


def test_nothing_reads_operands_off_predecessors() -> None:
    reads = re.compile(r"\.(predecessors|pred|in_edges|successors|succ|out_edges)\b")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "seqdsl").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if reads.search(line)
    ]
    assert not found


def test_joins_and_slices_are_seen_through_in_one_place() -> None:
    """What asks for the channels of one asks the operation."""
    cuts = re.compile(r"return cut\(operands\[0\], |case (ops\.)?Slice\(.*\):\s*\n\s*return cut\(")
    found = [path for path in (ROOT / "seqdsl").rglob("*.py") if cuts.search(path.read_text())]
    assert [path.name for path in found] == ["channels.py"]
