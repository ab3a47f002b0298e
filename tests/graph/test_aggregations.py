"""Aggregations are recorded once, where they are expanded, and agree with the nodes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aggregating import aggregating
from hypothesis import given, settings
from networks import ARCHITECTURES, LATE, ROOT, compiled
from programs import programs

from seqdsl import Network
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.graph.tracing import Tracing
from seqdsl.passes.check import check_program
from seqdsl.semantic.compile import choose, expand
from seqdsl.semantic.expansion.recorder import Recorder
from seqdsl.semantic.names.modules import load_program
from seqdsl.source.text import Source

FILES = [*sorted(ARCHITECTURES.glob("*.seq")), *sorted((ROOT / "examples").rglob("*.seq"))]
RANDOM = settings(max_examples=40)


def network_of(text: str, recorder: Recorder | None = None) -> Network:
    program = load_program(Source("net.seq", text), None)
    network = expand(program, choose(program, None), recorder=recorder).network
    assert network is not None
    return network


def disagreements(network: Network) -> Iterator[str]:
    """What the records of a network and its nodes say differently."""
    groups = [group for each in network.aggregations for group in each.groups]
    paths = [each.path for each in network.aggregations]
    if len(groups) != len(set(groups)) or len(paths) != len(set(paths)):
        yield "a group or a path is of two aggregations"
    for node in network.nodes:
        for scope in node.scope.ancestry():
            if scope.kind is ScopeKind.GROUP and scope not in groups:
                yield f"{scope.path} is of no aggregation"
    tracing = Tracing(network)
    within: dict[Scope, set[int]] = defaultdict(set)
    for node in network.nodes:
        for scope in node.scope.ancestry():
            within[scope].add(node.index)
    for each in network.aggregations:
        yield from _of_one(network, each, tracing, within)


def _of_one(
    network: Network, each: Aggregation, tracing: Tracing, within: Mapping[Scope, set[int]]
) -> Iterator[str]:
    count = len(each.turns)
    everything = set().union(*(within[group] for group in each.groups))
    if [group.repeat for group in each.groups] != [(i, count) for i in range(1, count + 1)]:
        yield f"{each.path}: not one turn for each of 1..{count}"
    known = [group.width for group in each.inputs]
    for turn in each.turns:
        if turn.scope.parent is not each.scope:
            yield f"{turn.scope.path} is not in {each.scope.path}"
        if network.leaving[turn.scope].shape != (turn.gives.width, *each.type.spatial):
            yield f"{turn.scope.path} gives another width"
        if any(not 1 <= offset <= len(known) for offset in turn.sees):
            yield f"{turn.scope.path} sees what is not there"
        visible = [*each.inputs, *(t.gives for t in each.turns)]
        shown = {s.node for o in turn.sees for s in visible[len(known) - o].segments}
        inside = within[turn.scope]
        for index in inside:
            for operand in network.nodes[index].operands:
                read = {p.node for p in tracing.of(operand)} & everything
                if not read <= shown | inside:
                    yield f"{network.nodes[index].path} reads a group outside of its window"
        if not {s.node for s in turn.gives.segments} <= inside | shown:
            yield f"{turn.scope.path} gives what it neither makes nor sees"
        if turn.is_read != bool(inside or turn.gives.segments):
            yield f"{turn.scope.path} is read, or not"
        known.append(turn.gives.width)
    for group in (*each.inputs, *(turn.gives for turn in each.turns)):
        widths = [network.nodes[s.node].type.channels for s in group.segments]
        if any(s.stop > width for s, width in zip(group.segments, widths, strict=True)):
            yield f"{each.path} holds channels that a node does not have"
        if sum(s.width for s in group.segments) > group.width:
            yield f"{each.path} holds more channels than it is wide"
    if each.keep in ("", "input"):
        kept = known if each.keep else known[len(each.inputs) :]
        if each.type.channels != sum(kept):
            yield f"{each.path} gives {each.type}, and its groups {kept}"


def spelled(network: Network) -> list[object]:
    """The records as values that two networks can have in common."""
    return [
        (a.path, a.scope.path, str(a.span), a.window, a.keep, a.inputs, a.result, a.type,
         [(t.scope.path, t.sees, t.gives, t.is_read) for t in a.turns])
        for a in network.aggregations
    ]  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_records_of_a_file_agree_with_its_nodes(path: Path) -> None:
    instances, _ = check_program(load_program(Source(str(path), path.read_text()), path))
    for instance in instances:
        assert instance.network is None or [*disagreements(instance.network)] == []


@RANDOM
@given(text=aggregating() | programs())
def test_the_records_of_random_networks_agree_with_their_nodes(text: str) -> None:
    assert [*disagreements(network_of(text))] == []


@RANDOM
@given(text=aggregating())
def test_a_block_that_is_replayed_has_the_records_of_one_that_is_expanded(text: str) -> None:
    """Where the network is to be written out again, nothing is replayed."""
    assert spelled(network_of(text)) == spelled(network_of(text, Recorder()))


def test_two_aggregations_that_start_late_are_two(tmp_path: Path) -> None:
    found = compiled(tmp_path, LATE).aggregations
    assert [(each.path, len(each.turns), each.window) for each in found] == [
        ("aggregate1", 3, "last(1)"), ("aggregate2", 3, "last(1)"),
    ]  # fmt: skip
    first = found[0]
    assert first.turns[0].gives == first.inputs[0]  # handed on, under x_1
    assert [turn.sees for turn in first.turns] == [(1,)] * 3


@pytest.mark.parametrize("window", ["all", "sliding", "last(2)", "powers(2)", "[1, 3]"])
def test_a_window_stays_as_it_is_written(tmp_path: Path, window: str) -> None:
    """Whatever it is called by: a block may be given it, and powers(2) is no last(2)."""
    text = f"""
    block layer(w: window) {{ aggregate i in 1..2, window=w, keep=w {{ conv 3x3, 4 }} }}
    network N {{ input 4x8x8; layer {window} }}
    """
    (found,) = compiled(tmp_path, text).aggregations
    assert (found.window, found.keep) == (window, window)


def test_a_window_that_differs_by_group_is_its_expression(tmp_path: Path) -> None:
    text = "network N { input 4x8x8; aggregate i in 1..3, window=[1,  i] { conv 3x3, 4 } }"
    (found,) = compiled(tmp_path, text).aggregations
    assert (found.window, found.sees) == ("[1, i]", ((1,), (2, 1), (3, 1)))


def test_what_no_output_reads_is_not_recorded(tmp_path: Path) -> None:
    text = """network N {
      input 4x8x8
      _unread = it | conv 3x3, 4
      aggregate i in 1..4, window=last(1) { conv 3x3, 4 }
      it = it.group(2)
    }"""
    (found,) = compiled(tmp_path, text).aggregations
    assert list(found.read) == [1, 2] and len(found.turns) == 4
    assert [bool(turn.gives.segments) for turn in found.turns] == [True, True, False, False]
    pair = "block pair { aggregate i in 1..2 { conv 3x3, 4 } }\n"
    unread = compiled(tmp_path, pair + text.replace("it | conv 3x3, 4", "it | pair"))
    assert [each.path for each in unread.aggregations] == ["aggregate1"]


def test_one_in_a_group_of_another_has_its_own_record(tmp_path: Path) -> None:
    text = """network N {
      input 8x8x8
      aggregate i in 1..2, keep=input {
        conv 3x3, 8
        aggregate j in 1..2, window=last(1) { conv 3x3, 4 }
      }
    }"""
    found = [(each.path, each.keep) for each in compiled(tmp_path, text).aggregations]
    inner = [("group1/aggregate1", ""), ("group2/aggregate1", "")]
    assert found == [*inner, ("aggregate1", "input")]


def test_a_name_is_no_scope_s(tmp_path: Path) -> None:
    body = "aggregate i in 1..2 { conv 3x3, 4 }"
    text = f"network N {{ input 4x8x8; {body}; stage aggregate1 {{ conv 3x3, 4 }}; {body} }}"
    network = compiled(tmp_path, text)
    assert [each.path for each in network.aggregations] == ["aggregate2", "aggregate3"]
    assert any(node.path.startswith("aggregate1/") for node in network.nodes)
