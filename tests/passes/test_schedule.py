"""Schedules: what is executed for a layer of groups, and what it is chosen by."""

import json
from math import prod
from pathlib import Path

import pytest
from networks import ELEVEN, LATE, compiled, paper_network

from seqdsl.backends.bench.schedule_file import read_schedules
from seqdsl.graph.dump import dump
from seqdsl.graph.operations import Conv2d, Slice
from seqdsl.passes.schedule.aggregations import scheduled_aggregations
from seqdsl.passes.schedule.choose import CANDIDATES, choose
from seqdsl.passes.schedule.cost import seconds
from seqdsl.passes.schedule.lower import lower
from seqdsl.passes.schedule.recipes import Scheduled
from seqdsl.passes.schedule.record import record
from seqdsl.passes.schedule.schedule import Schedule, Schedules
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.passes.schedule.widen import widen
from seqdsl.source.diagnostic import Failure

LAYER = """
use std.seqconv
network N { input 3x6x6; seqconv 3x3, 8, k=2; wseqconv 3x3, 8, k=2; global_average_pool }
"""


def scheduled(tmp_path: Path, schedule: Schedule, text: str = LAYER) -> Scheduled:
    network = compiled(tmp_path, text)
    return lower(network, dict.fromkeys(scheduled_aggregations(network), schedule))


def convolutions(done: Scheduled) -> list[tuple[int, int]]:
    """Input and output channels of each convolution that is executed for the second layer."""
    nodes = done.network.nodes
    return [
        (nodes[node.operands[0]].type.channels, node.type.channels)
        for node in nodes
        if isinstance(node.operation, Conv2d) and node.path.startswith("wseqconv")
    ]


def test_gather_convolves_each_window_once(tmp_path: Path) -> None:
    assert convolutions(scheduled(tmp_path, Schedule())) == [(8, 2)] * 4


def test_a_block_shares_what_is_known(tmp_path: Path) -> None:
    """Two groups over the input, each its own channels of that, and what one gives the other."""
    block = [(8, 4), (4, 2), (4, 2), (2, 2)]
    assert convolutions(scheduled(tmp_path, Schedule(block=2))) == block * 2


def test_chunks_are_summed_up_where_they_stand(tmp_path: Path) -> None:
    """Nothing is joined but what leaves the layers."""
    done = scheduled(tmp_path, Schedule(chunk=1))
    assert [node.kind for node in done.network.nodes].count("concat") == 1
    assert convolutions(done) == [(2, 2)] * 16


def test_scatter_convolves_each_group_for_all_behind_it(tmp_path: Path) -> None:
    found = convolutions(scheduled(tmp_path, Schedule(scatter=True)))
    assert found == [(8, 8), (8, 2), *[(2, 8), (8, 2)] * 3]


def test_a_shortcut_is_the_first_term_of_a_sum(tmp_path: Path) -> None:
    """So that a convolution adds one thing, which onnxruntime does on the way."""
    text = """use std.seqconv\nnetwork N {
      input 8x6x6; seqconv 3x3, 8, k=2; residual x 1 { wseqconv 3x3, 8, k=2; wseqconv 3x3, 8, k=2 }
    }"""
    nodes = scheduled(tmp_path, Schedule(block=2), text).network.nodes
    sums = [node for node in nodes if node.kind == "add"]
    assert sums and all(
        any(nodes[i].kind == "conv2d" for i in node.operands) and len(node.operands) == 2
        for node in sums
    )


@pytest.mark.parametrize(("file", "name"), ELEVEN)
@pytest.mark.parametrize("strategy", Strategy)
def test_nothing_is_sliced(file: str, name: str, strategy: Strategy) -> None:
    """Group tensors stay apart: a slice would leave the layout that convolutions run in."""
    network = paper_network(file, name)
    done = lower(network, choose(network, strategy))
    assert not [n.path for n in done.network.nodes if isinstance(n.operation, Slice)]


@pytest.mark.parametrize(("file", "name"), ELEVEN[:-1])
def test_gather_computes_no_more_than_the_definition(file: str, name: str) -> None:
    network = paper_network(file, name)
    nodes = lower(network, choose(network, Strategy.GATHER)).network.nodes
    macs = sum(
        node.type.elements
        * nodes[node.operands[0]].type.channels
        // node.operation.groups
        * prod(node.operation.kernel)
        for node in nodes
        if isinstance(node.operation, Conv2d)
    )
    linear = next(node for node in network.nodes if node.kind == "linear")
    features = network.nodes[linear.operands[0]].type.elements
    assert macs == network.macs - linear.type.channels * features


def test_auto_is_expected_to_be_the_fastest() -> None:
    network = paper_network("seqresnet.seq", "S1")
    found = scheduled_aggregations(network)

    def expected(schedules: Schedules) -> float:
        executed = lower(network, schedules).network
        return sum(seconds(node, executed, batch=1) for node in executed.nodes)

    each = [expected(dict.fromkeys(found, s)) for s in CANDIDATES[Strategy.AUTO]]
    # neighbours cut each other's tensors a little otherwise
    assert expected(choose(network, Strategy.AUTO)) <= 1.02 * min(each)


def test_auto_shares_what_is_narrow() -> None:
    """Into 8 channels a convolution runs at half speed; from 32 on there is nothing to gain."""
    narrow, wide = (
        set(choose(paper_network(file, name)).values())
        for file, name in (("seqresnet.seq", "S1"), ("seqresnet_imagenet.seq", "SeqResNetB22"))
    )
    assert all(schedule.block > 1 for schedule in narrow)
    assert all(schedule.block == 1 and not schedule.scatter for schedule in wide)


def test_auto_depends_on_the_batch() -> None:
    network = paper_network("seqresnet.seq", "SeqResNetB_k16_r7_N1")
    assert choose(network, batch=1) != choose(network, batch=64)


@pytest.mark.parametrize(("groups", "together"), [(4, 2), (2, 2), (16, 16), (1, 1)])
def test_small_groups_are_computed_together(tmp_path: Path, groups: int, together: int) -> None:
    """Those of 4 channels in twos: a vector has 8. Depthwise convolutions stay as they are."""
    text = f"network N {{ input 16x6x6; conv2d 3x3, 16, groups={groups} }}"
    nodes = lower(compiled(tmp_path, text), {}).network.nodes
    (conv,) = [node.operation for node in nodes if isinstance(node.operation, Conv2d)]
    assert conv.groups == together


def test_a_layer_of_groups_is_one_operation_in_training() -> None:
    text = dump(widen(paper_network("seqresnet.seq", "S3")))
    first, second, *_ = [line for line in text.splitlines() if "aggregate(" in line]
    assert "starts=0x0x0x0" in first and "starts=0x16x32x48" in second
    assert text.count("dropout(") == 9  # one before each layer, of one map


def test_other_bodies_stay_as_they_are(tmp_path: Path) -> None:
    """A norm before the convolution, a bias, a gap in the window, a ReLU6."""
    for body, window in (
        ("batch_norm; relu; conv2d 3x3, 2", "all"),
        ("conv2d 3x3, 2, bias=true; batch_norm; relu", "all"),
        ("conv 3x3, 2", "powers(2)"),
        ("conv 3x3, 2, act=relu6", "all"),
    ):
        text = f"network N {{ input 4x6x6; aggregate i in 1..5, window={window} {{ {body} }} }}"
        kinds = {node.kind for node in widen(compiled(tmp_path, text)).nodes}
        assert "aggregate" not in kinds, body


def test_a_record_is_read_again(tmp_path: Path) -> None:
    network = compiled(tmp_path, LAYER)
    schedules = dict.fromkeys(scheduled_aggregations(network), Schedule(2, 32))
    path = tmp_path / "n.schedule.json"
    path.write_text(record(network, schedules, {}))
    assert set(read_schedules(path, network).values()) == {Schedule(2, 32)}


PLACE = "seqconv1/group1/transform1/conv1/conv2d"


def fields(block: object, chunk: object = 0) -> dict[str, object]:
    return {"block": block, "chunk": chunk, "scatter": False}


@pytest.mark.parametrize(
    ("change", "schedules", "reason"),
    [
        ({"version": 0}, {}, "of version 0"),
        ({"network": "M"}, {}, "of M, not of N"),
        ({"schedules": []}, {}, "no schedules"),
        ({"schedules": {}}, {}, "no schedule for seqconv1"),
        ({}, {"elsewhere": fields(1)}, "no aggregation at elsewhere"),
        ({}, {PLACE: fields(0)}, "not a block"),
        ({}, {PLACE: fields(True)}, "not a block"),
        ({}, {PLACE: fields(1, False)}, "not a block"),
        ({}, {PLACE: fields(1, -1)}, "not a block"),
    ],
)
def test_another_record_is_refused(
    tmp_path: Path, change: dict[str, object], schedules: dict[str, object], reason: str
) -> None:
    network = compiled(tmp_path, LAYER)
    found = dict.fromkeys(scheduled_aggregations(network), Schedule())
    whole = json.loads(record(network, found, {}))
    whole["schedules"] |= schedules
    path = tmp_path / "n.schedule.json"
    path.write_text(json.dumps({**whole, **change}))
    with pytest.raises(Failure) as caught:
        read_schedules(path, network)
    assert reason in caught.value.diagnostic.message
    assert caught.value.diagnostic.code.id == "SEQ611"


def test_aggregations_that_start_late_are_scheduled_apart(tmp_path: Path) -> None:
    network = compiled(tmp_path, LATE)
    found = scheduled_aggregations(network)
    assert [(each.aggregation.path, each.key) for each in found] == [
        ("aggregate1", "group2/conv1/conv2d"), ("aggregate2", "group2_2/conv1/conv2d"),
    ]  # fmt: skip
    assert [len(each.members) for each in found] == [2, 2]
    assert [each.key for each in choose(network)] == [each.key for each in found]


def test_what_holds_another_aggregation_is_no_layer(tmp_path: Path) -> None:
    """As one operation it would leave out what is in its groups."""
    inner = "aggregate j in 1..2, window=last(1) { if j > 1 { conv 3x3, 4 } }"
    text = f"network N {{ input 8x8x8; aggregate i in 1..1 {{ conv 3x3, 8; {inner} }} }}"
    found = widen(compiled(tmp_path, text)).nodes
    assert [node.path for node in found if isinstance(node.operation, Conv2d)] == [
        "group1/conv1/conv2d"
    ]
    assert [node.scope.path for node in found if node.kind == "aggregate"] == ["group1"]
