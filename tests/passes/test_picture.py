"""Pictures: what each depth shows, and that nothing shown is untrue."""

from itertools import pairwise
from pathlib import Path

import pytest
from networks import compiled, paper_network

from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import NoSuchPart, Picture, picture
from seqdsl.passes.drawing.placing import Depth

RESNET = """
block bottleneck(width: positive) {
  skip = in
  if in.width != 4*width { skip = in | conv 1x1, 4*width, act=none }
  conv 1x1, width
  conv 3x3, width
  conv 1x1, 4*width, act=none
  add it, skip
  relu
}
network Net {
  input 3x32x32
  stage conv1 { conv 7x7, 64, stride=2 }
  stage conv2 { repeat x 3 { bottleneck 64 } }
}
"""


INCEPTION = """
block inception(a: positive, b: positive, c: positive) {
  one = it | conv 1x1, a
  three = it | conv 1x1, b | conv 3x3, c
  pool = it | max_pool 3x3, stride=1, padding=1 | conv 1x1, a
  concatenate one, three, pool
}
block branches(width: positive) {
  a = it | conv2d 1x1, width
  b = it | conv2d 3x3, width
  add a, b
}
block separable(width: positive) {
  conv2d 3x3, in.width, groups=in.width
  batch_norm
  conv2d 1x1, width
}
network Net { input 3x32x32; conv 3x3, 16; inception 8, 4, 16; branches 8; separable 12 }
"""


@pytest.fixture(scope="module")
def b22():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB22")


@pytest.fixture(scope="module")
def b42():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB42")


def lines(drawn: Picture) -> dict[str, tuple[str, ...]]:
    """All that a box says, with the shape that leaves it."""
    return {
        box.key: ("+",) if box.kind is Kind.SUM else (box.name, *box.lines, box.shape)
        for box in drawn.boxes
    }


def ends(drawn: Picture, shortcut: bool = False) -> set[tuple[str, str]]:
    return {(a.source, a.target) for a in drawn.arrows if a.shortcut is shortcut}


# --- copies


def test_a_first_copy_that_differs_stands_alone(tmp_path: Path) -> None:
    drawn = picture(compiled(tmp_path, RESNET), Depth.BLOCK)
    assert [frame.title for frame in drawn.frames.values()] == [
        "conv1", "conv2", "repeat 1 of 3", "bottleneck", "repeat × 2", "bottleneck",
    ]  # fmt: skip
    convs = [key for key in lines(drawn) if "/conv" in key]
    assert len([key for key in convs if key.startswith("conv2/repeat1/")]) == 4
    assert len([key for key in convs if key.startswith("conv2/repeat2/")]) == 3


def test_a_number_of_a_copy_says_so(tmp_path: Path) -> None:
    said = lines(picture(compiled(tmp_path, RESNET), Depth.BLOCK))
    assert said["conv2/repeat1/bottleneck1/conv2"] == (
        "conv", "1x1, 64", "4.224K params", "64x16x16",
    )  # fmt: skip
    assert said["conv2/repeat2/bottleneck1/conv1"] == (
        "conv", "1x1, 64", "16.51K params each", "64x16x16",
    )  # fmt: skip


def test_rows_of_a_stage_tell_how_often_each_occurs(tmp_path: Path) -> None:
    said = lines(picture(compiled(tmp_path, RESNET), Depth.NETWORK))
    assert said["conv2"] == (
        "conv2", "conv 1x1, 256", "conv 1x1, 64", "conv 3x3, 64", "conv 1x1, 256",
        "conv 1x1, 64 × 2", "conv 3x3, 64 × 2", "conv 1x1, 256 × 2",
        "215.8K params", "256x16x16",
    )  # fmt: skip


def test_copies_of_other_parameters(tmp_path: Path) -> None:
    text = "network Net { input 3x32x32; conv 3x3, 16; repeat x 3 { conv 3x3, 32 } }"
    said = lines(picture(compiled(tmp_path, text), Depth.NETWORK))
    assert said["repeat1"] == ("repeat", "3x3, 32", "4.672K params", "32x32x32")
    assert said["repeat2"] == ("repeat × 2", "3x3, 32", "9.280K params each", "32x32x32")


def test_what_is_asked_for_is_not_folded(b42) -> None:
    drawn = picture(b42, Depth.BLOCK, only="conv4/residual2")
    assert {box.key for box in drawn.boxes} == {
        "conv4/residual1/wseqconv2", "conv4/residual2/wseqconv1", "conv4/residual2/wseqconv2",
    }  # fmt: skip
    titles = [frame.title for frame in drawn.frames.values()]
    assert titles == ["conv4", "residual 1 of 5", "residual 2 of 5"]


# --- labels


def test_branches_are_no_path(tmp_path: Path) -> None:
    said = lines(picture(compiled(tmp_path, INCEPTION), Depth.NETWORK))
    assert said["inception1"] == ("inception", "4 layers", "968 params", "32x32x32")
    assert said["branches1"] == ("branches", "2 convolutions", "2.560K params", "8x32x32")
    assert said["separable1"][:2] == ("separable", "3x3 (8 groups) → 1x1, 12")


def test_a_stage_gives_what_its_last_block_gives(tmp_path: Path) -> None:
    text = INCEPTION.replace("inception 8, 4, 16;", "stage mid { inception 8, 4, 16 }\n")
    assert lines(picture(compiled(tmp_path, text), Depth.NETWORK))["mid"][-1] == "32x32x32"


def test_groups_that_differ_are_counted(tmp_path: Path) -> None:
    body = "aggregate i in 1..3 { conv (3x3 if i > 1 else 1x1), 4 }"
    (box,) = picture(compiled(tmp_path, f"network N {{ input 3x8x8; {body} }}"), Depth.BLOCK).boxes[
        1:
    ]
    assert (box.name, box.lines[0]) == ("aggregate", "3 groups of 3 convolutions, 12")
    assert box.kind is Kind.AGGREGATION


def test_every_aggregation_is_a_layer(tmp_path: Path) -> None:
    text = """
    block two { aggregate i in 1..2 { conv 3x3, 4 }; aggregate i in 1..3 { conv 3x3, 4 } }
    network Net { input 3x8x8; two; aggregate i in 1..2, keep=input { conv 3x3, 4 }; conv 1x1, 8 }
    """
    drawn = picture(compiled(tmp_path, text), Depth.BLOCK)
    assert {key: said[-1] for key, said in lines(drawn).items()} == {
        "input": "3x8x8",
        "two1/aggregate1": "8x8x8",
        "two1/aggregate2": "12x8x8",
        "aggregate1": "20x8x8",
        "conv1": "8x8x8",
    }
    order = list(lines(drawn))
    assert ends(drawn) == set(pairwise(order))


# --- joins


def test_shortcuts_are_drawn_alike(tmp_path: Path) -> None:
    drawn = picture(compiled(tmp_path, RESNET), Depth.BLOCK)
    first, other = "conv2/repeat1/bottleneck1", "conv2/repeat2/bottleneck1"
    assert ends(drawn, shortcut=True) == {
        (f"{first}/conv1", f"{first}/add"),  # a projection
        (f"{first}/relu", f"{other}/add"),  # the identity
    }
    assert lines(drawn)[f"{other}/add"] == ("+",)


def test_a_map_that_is_read_and_added_has_two_arrows(tmp_path: Path) -> None:
    text = """use std.seqconv
    network N { input 3x8x8; seqconv 3x3, 8, k=4; residual { wseqconv 3x3, 8, k=4 } }
    """
    drawn = picture(compiled(tmp_path, text), Depth.BLOCK)
    both = ("seqconv1", "residual1/wseqconv1")
    assert both in ends(drawn) and both in ends(drawn, shortcut=True)
    assert "+ shortcut" in lines(drawn)["residual1/wseqconv1"]


def test_a_concatenation_stands_where_the_source_says_it(tmp_path: Path) -> None:
    drawn = picture(compiled(tmp_path, INCEPTION), Depth.BLOCK)
    (join,) = [box for box in drawn.boxes if box.kind is Kind.JOIN]
    assert join.key == "inception1/concat" and join.frames == ("inception1",)
    assert len([a for a in drawn.arrows if a.target == join.key]) == 3


@pytest.mark.parametrize("depth", [Depth.BLOCK, Depth.GROUP])
def test_windows_over_a_concatenation_come_from_it(tmp_path: Path, depth: Depth) -> None:
    text = INCEPTION.replace("branches 8", "aggregate i in 1..3 { conv 3x3, 4 }")
    drawn = picture(compiled(tmp_path, text), depth)
    branches = {a.source for a in drawn.arrows if a.target == "inception1/concat"}
    assert len(branches) == 3
    assert {a.target for a in drawn.arrows if a.source in branches} == {"inception1/concat"}


def test_windows_over_a_dense_block_come_from_it(tmp_path: Path) -> None:
    dense = "aggregate i in 1..3, keep=input { conv 3x3, 4 }"
    text = f"network Net {{ input 3x8x8; conv 3x3, 8; {dense}; {dense} }}"
    drawn = picture(compiled(tmp_path, text), Depth.BLOCK)
    assert ends(drawn) == set(pairwise(["input", "conv1", "aggregate1", "aggregate2"]))


# --- the paper's figures


def seen(drawn: Picture, layer: str) -> dict[str, list[str]]:
    """What each group of a layer sees, by the names of its panel."""
    panel = next(box.panel for box in drawn.boxes if box.key == layer)
    assert panel is not None
    return {
        group.name: [name for name, n in zip(panel.sources, group.seen, strict=True) if n]
        for group in panel.groups
    }


def test_figure_1(b22) -> None:
    drawn = picture(b22, Depth.GROUP, only="conv2/seqconv1")
    assert ends(drawn) == {("conv1/conv2", "conv2/seqconv1")}
    assert seen(drawn, "conv2/seqconv1") == {  # Eq. 1
        "x1": ["x0"], "x2": ["x0", "x1"], "x3": ["x0", "x1", "x2"], "x4": ["x0", "x1", "x2", "x3"],
    }  # fmt: skip


def test_figure_2(b22) -> None:
    block = "conv2/residual1"
    drawn = picture(b22, Depth.GROUP, only=block)
    x = [f"x{number}" for number in range(-3, 5)]
    for layer in (f"{block}/wseqconv1", f"{block}/wseqconv2"):  # Eq. 2 with g' = 4
        assert seen(drawn, layer) == {x[i]: x[i - 4 : i] for i in range(4, 8)}
    joined = {box.key: [g.joined for g in box.panel.groups] for box in drawn.boxes if box.panel}
    # the block's input is added to each group of the second layer, and later ones see the sum
    assert joined == {f"{block}/wseqconv1": 4 * [False], f"{block}/wseqconv2": 4 * [True]}
    assert ends(drawn, shortcut=True) == {("conv2/conv1", f"{block}/wseqconv2")}


def test_figure_3(b22) -> None:
    block, before = "conv3/downsample1", "conv2/residual1/wseqconv2"
    drawn = picture(b22, Depth.GROUP, only=block)
    assert ends(drawn) == {
        (before, f"{block}/wseqconv1"),
        (before, f"{block}/concat"),
        (f"{block}/wseqconv1", f"{block}/concat"),
        (f"{block}/concat", f"{block}/conv1"),
    }
    outside = next(box for box in drawn.boxes if box.key == before)
    assert outside.panel is None  # what is not asked for is not taken apart


def test_a_panel_tells_how_much_is_seen(tmp_path: Path) -> None:
    text = """use std.seqconv
    network N { input 4x8x8; conv 3x3, 12; aggregate i in 1..3, window=powers(2) { conv 3x3, 4 } }
    """
    drawn = picture(compiled(tmp_path, text), Depth.GROUP)
    panel = drawn.boxes[-1].panel
    assert panel is not None and panel.inputs == (12,)
    assert [group.seen for group in panel.groups] == [(12, 0, 0), (12, 4, 0), (0, 4, 4)]
    facts = panel.groups[1].facts
    assert (facts.input, facts.output.shape, facts.cost.params) == (
        ((16, 8, 8),), (4, 8, 8), 16 * 4 * 9 + 8,
    )  # fmt: skip


# --- arrows and what they carry


def test_an_arrow_says_what_its_reader_reads(tmp_path: Path) -> None:
    text = """
    block ahead { first = in.group(1) | conv 3x3, 4; concatenate first, it }
    network N { input 3x8x8; conv 3x3, 12; aggregate i in 1..3 { conv 3x3, 4 }; ahead; conv 1x1, 4 }
    """
    drawn = picture(compiled(tmp_path, text), Depth.LAYER)
    said = {(a.source, a.target): a.shape for a in drawn.arrows}
    assert said["aggregate1", "ahead1/conv1"] == "4x8x8"
    assert said["aggregate1", "ahead1/concat"] == "12x8x8"
    assert said["ahead1/concat", "conv2"] == "16x8x8"


def test_the_first_of_equal_arrows_says_a_shape(b22) -> None:
    for depth in Depth:
        said = [(a.source, a.shape) for a in picture(b22, depth).arrows if a.shape]
        assert len(said) == len(set(said))


def test_facts_are_the_network_s(b22) -> None:
    """The costs of boxes add up to the network's, folded or not."""
    for depth in Depth:
        for fold in (True, False):
            boxes = picture(b22, depth, fold=fold).boxes
            assert sum(box.facts.cost.params for box in boxes if box.facts) == b22.params
            assert sum(box.facts.cost.macs for box in boxes if box.facts) == b22.macs


# --- parts of a network


@pytest.mark.parametrize("only", ["conv9", "conv", "conv4/residual", ""])
def test_only_what_is_there(b42, only: str) -> None:
    with pytest.raises(NoSuchPart):
        picture(b42, Depth.BLOCK, only=only)


def test_reach_is_the_rows_that_arrows_cross(tmp_path: Path) -> None:
    body = "conv 3x3, 4; conv 3x3, 4; conv 3x3, 4; add it, in"
    text = f"block far {{ {body} }}\nnetwork N {{ input 4x8x8; far }}"
    drawn = picture(compiled(tmp_path, text), Depth.LAYER)
    assert drawn.reach == 4 + 4  # four arrows over one row, and one over four


@pytest.mark.parametrize(
    ("only", "depths"),
    [
        ("conv4", set(Depth)),
        ("conv4/residual2", {Depth.BLOCK, Depth.LAYER, Depth.GROUP}),
        ("conv4/residual2/wseqconv1", {Depth.BLOCK, Depth.LAYER, Depth.GROUP}),
        ("conv4/residual2/wseqconv1/group2", set()),
    ],
)
def test_a_part_of_a_box_is_not_shown_as_the_box(b42, only: str, depths: set[Depth]) -> None:
    for depth in Depth:
        if depth in depths:
            picture(b42, depth, only)
        else:
            with pytest.raises(NoSuchPart, match="no boxes at this depth"):
                picture(b42, depth, only)
