"""Networks as rows of a paper's table: Table 2 as it is printed, and what is so of all networks."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from networks import ARCHITECTURES, LATE, ROOT, compiled, paper_network

import seqdsl
from seqdsl import Network
from seqdsl.graph import operations as ops
from seqdsl.graph.costs import total
from seqdsl.passes.architecture_table import Bracket, Layer, Line, Row, align, architecture

FILES = [*sorted(ARCHITECTURES.glob("*.seq")), *sorted((ROOT / "examples/networks").glob("*.seq"))]

# Table 2, as the paper prints it; † stands for its second colour of *.
SEQRESNEXT = """
conv1 112x112: 3x3, 32, stride 2; 3x3, 32
conv2 56x56: 1x1 → 3x3, 256, k=32, c=8 *; 3x3, 256, stride 2, 64 groups;
  [1x1 → 3x3, 256, k=32, c=8 †; 1x1 → 3x3, 256, k=32, c=8 †] × 1
conv3 28x28: 1x1 → 3x3, 256, k=32, c=8 †; concatenate, 512; 3x3, 512, stride 2, 64 groups;
  [1x1 → 3x3, 512, k=64, c=8 †; 1x1 → 3x3, 512, k=64, c=8 †] × 1
conv4 14x14: 1x1 → 3x3, 512, k=64, c=8 †; concatenate, 1024; 3x3, 1024, stride 2, 64 groups;
  [1x1 → 3x3, 1024, k=64, c=4 †; 1x1 → 3x3, 1024, k=64, c=4 †] × 3
conv5 7x7: 1x1 → 3x3, 1024, k=64, c=4 †; concatenate, 2048; 3x3, 2048, stride 2, 64 groups;
  [1x1 → 3x3, 2048, k=128, c=4 †; 1x1 → 3x3, 2048, k=128, c=4 †] × 1
head 1x1: 1x1, 2048; global average pool; 1000-d fc, softmax
"""
SEQRESNET = """
conv1 112x112: 3x3, 32, stride 2; 3x3, 32
conv2 56x56: 1x1 → 3x3, 128, k=32 *; 3x3, 128, stride 2, 4 groups;
  [1x1 → 3x3, 128, k=32 †; 1x1 → 3x3, 128, k=32 †] × {}
conv3 28x28: 1x1 → 3x3, 128, k=32 †; concatenate, 256; 3x3, 256, stride 2, 4 groups;
  [1x1 → 3x3, 256, k=64 †; 1x1 → 3x3, 256, k=64 †] × {}
conv4 14x14: 1x1 → 3x3, 256, k=64 †; concatenate, 512; 3x3, 512, stride 2, 8 groups;
  [1x1 → 3x3, 512, k=64 †; 1x1 → 3x3, 512, k=64 †] × {}
conv5 7x7: 1x1 → 3x3, 512, k=64 †; concatenate, 1024; 3x3, 1024, stride 2, 8 groups;
  [1x1 → 3x3, 1024, k=128 †; 1x1 → 3x3, 1024, k=128 †] × {}
head 1x1: 1x1, 1024; global average pool; 1000-d fc, softmax
"""


def told(layers: Iterable[Layer]) -> str:
    return "; ".join(
        f"[{told(layer.layers)}] × {layer.times}"
        if isinstance(layer, Bracket)
        else f"{layer.text} {'†' if layer.block == 'wseqconv' else '*'}"
        if layer.block
        else layer.text
        for layer in layers
    )


def printed(rows: Iterable[Row]) -> list[str]:
    return [f"{r.stage} {'x'.join(map(str, r.output))}: {told(r.layers)}".strip() for r in rows]


def layers_of(folder: Path, body: str, blocks: str = "") -> str:
    """The layers of a network without stages."""
    (row,) = architecture(compiled(folder, f"{blocks}\nnetwork N {{ input 3x32x32\n{body}\n}}"))
    return told(row.layers)


@pytest.mark.parametrize(
    ("file", "name", "table"),
    [
        ("seqresnext.seq", "SeqResNeXt24", SEQRESNEXT),
        ("seqresnet_imagenet.seq", "SeqResNetB42", SEQRESNET.format(3, 4, 5, 3)),
        ("seqresnet_imagenet.seq", "SeqResNetB22", SEQRESNET.format(1, 1, 2, 1)),
    ],
)
def test_table_2_is_what_the_paper_prints(file: str, name: str, table: str) -> None:
    lines = table.strip().replace("\n  ", " ").splitlines()
    assert printed(architecture(paper_network(file, name))) == lines


def test_table_1_has_the_last_convolution_in_its_third_stage() -> None:
    rows = printed(architecture(paper_network("seqresnet.seq", "SeqResNet_k8_r4_N1")))
    assert rows == [
        "conv1 32x32: 3x3, 16; 3x3, 64, k=8 *",
        "conv2 32x32: [3x3, 64, k=8 †; 3x3, 64, k=8 †] × 1",
        "conv3 16x16: 3x3, 64, k=8 †; concatenate, 128; 3x3, 128, stride 2, 16 groups; "
        "[3x3, 128, k=8 †; 3x3, 128, k=8 †] × 1",
        "conv4 8x8: 3x3, 64, k=8 †; concatenate, 192; 3x3, 192, stride 2, 24 groups; "
        "[3x3, 192, k=8 †; 3x3, 192, k=8 †] × 1; 1x1, 192",
        "head 1x1: global average pool; 10-d fc, softmax",
    ]


def networks() -> list[Network]:
    built = (instance for file in FILES for instance in seqdsl.api.check_file(file)[0])
    return [instance.network for instance in built if instance.network is not None]


def weighty(network: Network, layers: Iterable[Layer], times: int = 1) -> list[tuple[int, int]]:
    """The convolutions and classifiers of lines, by index, with how often each counts."""
    found = []
    for layer in layers:
        if isinstance(layer, Line):
            indices = (i for i in layer.nodes if is_weighty(network, i))
            found += [(index, times) for index in indices]
        else:
            found += weighty(network, layer.layers, times * layer.times)
    return found


def is_weighty(network: Network, index: int) -> bool:
    return isinstance(network.nodes[index].operation, ops.Conv2d | ops.Linear)


def test_every_network_is_told_whole() -> None:
    checked = 0
    for network in networks():
        rows = architecture(network)
        assert total([row.cost for row in rows]) == network.cost
        lines = [each for row in rows for each in weighty(network, row.layers)]
        assert len({index for index, _ in lines}) == len(lines), network.name
        count = sum(is_weighty(network, node.index) for node in network.nodes)
        assert sum(times for _, times in lines) == count, network.name
        checked += 1
    assert checked >= 35


def test_a_projection_is_a_shortcut_and_sets_its_block_apart() -> None:
    rows = architecture(paper_network("resnet.seq", "ResNet50"))
    assert told(rows[2].layers) == (
        "[1x1, 128; 3x3, 128, stride 2; 1x1, 512; shortcut: 1x1, 512, stride 2] × 1; "
        "[1x1, 128; 3x3, 128; 1x1, 512] × 3"
    )


def test_a_dense_block_says_a_width_on_the_way_that_is_not_k() -> None:
    rows = architecture(paper_network("densenet.seq", "DenseNet169"))
    assert told(rows[1].layers) == "3x3 max pool, stride 2; 1x1, 128 → 3x3, 192, k=32 *"


def test_layers_alike_of_one_call_are_in_brackets(tmp_path: Path) -> None:
    assert layers_of(tmp_path, "conv 3x3, 8 x 3") == "[3x3, 8] × 3"
    assert layers_of(tmp_path, "conv 3x3, 8\nconv 3x3, 8") == "3x3, 8; 3x3, 8"
    body = "for w in [8, 8, 4] { conv 3x3, w }"
    assert layers_of(tmp_path, body) == "[3x3, 8] × 2; 3x3, 4"
    body = "repeat x 2 { repeat x 3 { conv 3x3, 8\nconv 1x1, 4 } }"
    assert layers_of(tmp_path, body) == "[3x3, 8; 1x1, 4] × 6"
    body = "repeat x 2 { conv 3x3, 8 x 2\nconv 1x1, 4 }"
    assert layers_of(tmp_path, body) == "[[3x3, 8] × 2; 1x1, 4] × 2"


def test_what_a_layer_says_where_it_is_not_one(tmp_path: Path) -> None:
    body = "conv 3x5, 8, stride=2x1, dilation=1x2\nconv 3x3, 8, stride=2, groups=4"
    assert layers_of(tmp_path, body) == (
        "3x5, 8, stride 2x1, dilation 1x2; 3x3, 8, stride 2, 4 groups"
    )
    body = (
        "max_pool 3x3, stride=2, padding=1\navg_pool 2\nupsample 2, mode=bilinear\nfc 5\nrelu\nfc 3"
    )
    assert layers_of(tmp_path, body) == (
        "3x3 max pool, stride 2; 2x2 average pool, stride 2; 2x2 upsampling, bilinear; "
        "5-d fc; 3-d fc"
    )


def test_groups_that_are_not_alike_are_counted(tmp_path: Path) -> None:
    body = "aggregate i in 1..3, window=all { conv 3x3, i + 1 }"
    assert layers_of(tmp_path, body) == "3 groups of 3 convolutions, 9 *"
    body = (
        "aggregate i in 1..2, window=all {\na = it | conv 3x3, 4\nb = it | conv 1x1, 4\nadd a, b }"
    )
    assert layers_of(tmp_path, body) == "2 groups of 4 convolutions, 8 *"


def test_what_stands_outside_of_stages_has_a_row(tmp_path: Path) -> None:
    first, second = ("stage a { conv 3x3, 4 }", "stage b { conv 3x3, 4 }")
    body = ["input 3x8x8", "conv 1x1, 4", first, "relu", "max_pool 2", second, "fc 2"]
    rows = architecture(compiled(tmp_path, f"network N {{ {'; '.join(body)} }}"))
    assert printed(rows) == [
        "8x8: 1x1, 4",
        "a 8x8: 3x3, 4",
        "4x4: 2x2 max pool, stride 2",
        "b 4x4: 3x3, 4",
        "1x1: 2-d fc",
    ]
    assert [row.stage for row in align([rows, rows])[0].rows if row] == ["", ""]


def test_what_only_costs_has_a_row_without_layers(tmp_path: Path) -> None:
    text = "network N { input 3x8x8; stage a { conv 3x3, 4 }; relu }"
    network = compiled(tmp_path, text)
    rows = architecture(network)
    assert printed(rows) == ["a 8x8: 3x3, 4", "8x8:"]
    assert total([row.cost for row in rows]) == network.cost


def test_stages_stand_in_the_order_of_all_networks() -> None:
    names = (("resnet.seq", "ResNet50"), ("densenet.seq", "DenseNet169"), ("dla.seq", "DLA34"))
    stages = align([architecture(paper_network(*name)) for name in names])
    order = [stage.stage for stage in stages]
    assert order[:6] == ["conv1", "conv2", "conv3", "conv4", "conv5", "block1"]
    assert order[-7:] == [*(f"level{i}" for i in range(6)), "head"]
    assert [row is None for row in stages[1].rows] == [False, True, True]
    assert stages[0].output == (112, 112)


def test_outputs_that_differ_are_not_one() -> None:
    networks = [paper_network("seqresnet.seq", "S1"), paper_network("resnet.seq", "ResNet50")]
    stages = align([architecture(network) for network in networks])
    assert [stage.output for stage in stages] == [None, None, None, None, (7, 7), (1, 1)]


def test_two_aggregations_that_start_late_are_two_lines(tmp_path: Path) -> None:
    (row,) = architecture(compiled(tmp_path, LATE))
    lines = [layer.text for layer in row.layers if isinstance(layer, Line)]
    assert lines == [
        "3x3, 16", *["3 groups of 2 convolutions, 48"] * 2, "global average pool", "10-d fc",
    ]  # fmt: skip
