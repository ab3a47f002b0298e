"""The exploded view: which weights connect which groups of an aggregation."""

from collections import Counter
from math import prod
from pathlib import Path

import pytest
from networks import ARCHITECTURES, BASELINES, ELEVEN, EVERYTHING, compiled, paper_network

import seqdsl
from seqdsl import Network
from seqdsl.graph.parameters import layout
from seqdsl.passes.connections import Exploded, Patch, explode

TEXT = "use std.seqconv\nuse std.dense\nnetwork N {{ input 3x6x6; {} }}"
AGGREGATED = [
    *ELEVEN,
    *((file, name) for file in ("densenet_cifar.seq", "sparsenet.seq") for name in BASELINES[file]),
]


def last(folder: Path, *statements: str) -> Exploded:
    return explode(compiled(folder, TEXT.format("; ".join(statements))))[-1]


def seen(layer: Exploded) -> dict[int, list[int]]:
    """Which sources each group sees."""
    return {
        i: [j for j in range(1 - layer.inputs, layer.groups) if (j, i) in layer.connections]
        for i in range(1, layer.groups + 1)
    }


def ranges(layer: Exploded, source: int, target: int) -> list[tuple[tuple[int, int], ...]]:
    return [(b.outputs, b.inputs) for b in layer.connections[source, target]]


def covered(network: Network) -> Counter[tuple[str, int, int]]:
    """How often each pair of an output and an input channel of a weight is of a connection."""
    return Counter(
        (block.key, o, i)
        for layer in explode(network)
        for blocks in layer.connections.values()
        for block in blocks
        for o in range(*block.outputs)
        for i in range(*block.inputs)
    )


@pytest.mark.parametrize(("file", "name"), AGGREGATED)
def test_every_weight_that_reads_a_window_is_of_one_connection(file: str, name: str) -> None:
    network = paper_network(file, name)
    shapes = {p.key: p.shape for p in layout(network)}
    read: dict[str, list[Patch]] = {}
    for layer in explode(network):
        assert len({i for _, i in layer.connections}) == layer.groups
        for blocks in layer.connections.values():
            for block in blocks:
                read.setdefault(block.key, []).append(block)
    assert read
    for key, blocks in read.items():
        rectangles = [(*block.outputs, *block.inputs) for block in blocks]
        assert len(set(rectangles)) == len(rectangles)
        assert sum((b - a) * (d - c) for a, b, c, d in rectangles) == prod(shapes[key][:2])
        assert all(0 <= a < b <= shapes[key][0] for a, b, _, _ in rectangles)
        assert all(0 <= c < d <= shapes[key][1] for _, _, c, d in rectangles)


def test_no_weight_is_of_two(tmp_path: Path) -> None:
    text = TEXT.format("seqconv 3x3, 8, k=4; wseqconv 3x3, 12, k=4, c=2")
    found = covered(compiled(tmp_path, text))
    assert set(found.values()) == {1} and len(found) == (4 * 3 + 4 * 7) + 3 * 2 * 2 * 4
    assert set(covered(compiled(tmp_path, EVERYTHING)).values()) == {1}


def test_seqconv_sees_all_before(tmp_path: Path) -> None:
    """Equation 1, with an input that is one group."""
    layer = last(tmp_path, "seqconv 3x3, 8, k=2")
    assert (layer.name, layer.inputs, layer.groups, layer.joined) == ("seqconv1", 1, 4, False)
    assert seen(layer) == {1: [0], 2: [0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3]}
    key = "seqconv1.group3.transform1.conv1.conv2d.weight"
    assert layer.connections[0, 3] == (Patch(key, (0, 2), (0, 3)),)
    assert layer.connections[2, 3] == (Patch(key, (0, 2), (5, 7)),)


def test_an_input_in_groups_is_seen_as_groups(tmp_path: Path) -> None:
    layer = last(tmp_path, "seqconv 3x3, 4, k=2", "seqconv 3x3, 4, k=2")
    assert seen(layer) == {1: [-1, 0], 2: [-1, 0, 1]}
    layer = last(tmp_path, "seqconv 3x3, 8, k=4", "conv 3x3, 8, groups=2", "seqconv 3x3, 4, k=4")
    assert seen(layer) == {1: [-1, 0]}
    assert last(tmp_path, "conv 3x3, 8", "seqconv 3x3, 4, k=2").inputs == 1


def test_wseqconv_sees_the_last_of_them(tmp_path: Path) -> None:
    """Equation 2 with g' = 2 and g = 4; and with fewer groups than it sees."""
    layer = last(tmp_path, "seqconv 3x3, 4, k=2", "wseqconv 3x3, 8, k=2")
    assert seen(layer) == {1: [-1, 0], 2: [0, 1], 3: [1, 2], 4: [2, 3]}
    layer = last(tmp_path, "seqconv 3x3, 8, k=2", "wseqconv 3x3, 4, k=2")
    assert seen(layer) == {1: [-3, -2, -1, 0], 2: [-2, -1, 0, 1]}


def test_groups_that_are_regrouped(tmp_path: Path) -> None:
    """What leaves in groups of 2 comes in as groups of 4, as the window slides."""
    layer = last(tmp_path, "seqconv 3x3, 8, k=2", "wseqconv 3x3, 8, k=4")
    assert seen(layer) == {1: [-1, 0], 2: [0, 1]}


def test_an_input_channel_meets_the_outputs_of_its_subgroup(tmp_path: Path) -> None:
    layer = last(tmp_path, "seqconv 3x3, 8, k=4", "wseqconv 3x3, 8, k=4, c=2")
    assert ranges(layer, -1, 1) == [((0, 2), (0, 4))]
    assert ranges(layer, 0, 1) == [((2, 4), (0, 4))]
    layer = last(tmp_path, "conv 3x3, 12", "seqconv 3x3, 8, k=4, c=4")
    assert ranges(layer, 0, 1) == [((o, o + 1), (0, 3)) for o in range(4)]
    assert ranges(layer, 0, 2) == [((o, o + 1), (0, 4)) for o in range(3)]
    assert ranges(layer, 1, 2) == [((3, 4), (0, 4))]


def test_of_a_bottleneck_the_1x1_reads_the_window(tmp_path: Path) -> None:
    layer = last(tmp_path, "seqconv 3x3, 4, k=2", "wseqconv 1x1 -> 3x3, 8, k=2, c=2")
    keys = {block.key for blocks in layer.connections.values() for block in blocks}
    assert keys == {f"wseqconv1.group{i}.transform1.conv1.conv2d.weight" for i in (1, 2, 3, 4)}
    assert ranges(layer, -1, 1) == [((0, 2), (0, 2))]


def test_a_dense_block_is_seen_through_its_norms(tmp_path: Path) -> None:
    layer = last(tmp_path, "conv2d 3x3, 5", "dense 3, 2")
    assert seen(layer) == {1: [0], 2: [0, 1], 3: [0, 1, 2]}
    assert [ranges(layer, j, 3) for j in (0, 1, 2)] == [
        [((0, 2), (0, 5))], [((0, 2), (5, 7))], [((0, 2), (7, 9))]
    ]  # fmt: skip


def test_a_sparse_block_sees_powers(tmp_path: Path) -> None:
    layer = last(tmp_path, "conv2d 3x3, 5", "sparse 5, 2")
    assert seen(layer) == {1: [0], 2: [0, 1], 3: [1, 2], 4: [0, 2, 3], 5: [1, 3, 4]}
    assert ranges(layer, 0, 4) == [((0, 2), (0, 5))] and ranges(layer, 3, 4) == [((0, 2), (7, 9))]


def test_powers_over_an_input_in_groups(tmp_path: Path) -> None:
    """No window sees all of the input, and still it is in order."""
    powers = "aggregate i in 1..3, window=powers(2) { conv 3x3, 2 }"
    layer = last(tmp_path, "seqconv 3x3, 8, k=2", powers)
    assert layer.inputs == 4
    assert seen(layer) == {1: [-3, -1, 0], 2: [-2, 0, 1], 3: [-1, 1, 2]}
    assert ranges(layer, -3, 1) == [((0, 2), (0, 2))]


def test_the_last_layer_of_a_residual_block_is_joined() -> None:
    joined = [each.name for each in explode(paper_network("seqresnet.seq", "S1")) if each.joined]
    assert joined == [f"conv{stage}/residual1/wseqconv2" for stage in (2, 3, 4)]


def test_only_what_reads_a_window_by_weights_is_exploded(tmp_path: Path) -> None:
    text = "network N {{ input 4x6x6; aggregate i in 1..2 {{ {} }}; conv 3x3, 4 }}"
    assert not explode(compiled(tmp_path, text.format("max_pool 3x3, stride=1, padding=1")))
    assert explode(compiled(tmp_path, text.format("relu; conv 3x3, 4")))


def test_two_aggregations_in_one_place_have_two_names(tmp_path: Path) -> None:
    body = "aggregate i in 1..2 { conv 3x3, 2 }"
    found = explode(compiled(tmp_path, f"network N {{ input 4x6x6; {body}; {body} }}"))
    assert [layer.name for layer in found] == ["aggregate1", "aggregate2"]


def test_every_architecture_can_be_looked_at() -> None:
    for path in sorted(ARCHITECTURES.glob("*.seq")):
        for name in BASELINES.get(path.name, ()):
            for layer in explode(seqdsl.load(path, name)):
                assert all(1 - layer.inputs <= j < i <= layer.groups for j, i in layer.connections)
