"""Pictures of odd, random and the library's networks: nothing shown is untrue."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import ARCHITECTURES, LATE, ROOT, compiled
from programs import programs
from true_pictures import check

import seqdsl
import seqdsl.api
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import NoSuchPart, Picture, picture
from seqdsl.passes.drawing.placing import Depth


def lines(drawn: Picture) -> dict[str, tuple[str, ...]]:
    """All that a box says, with the shape that leaves it."""
    return {
        box.key: ("+",) if box.kind is Kind.SUM else (box.name, *box.lines, box.shape)
        for box in drawn.boxes
    }


# --- what odd networks would tell wrongly


def test_a_stage_may_be_called_as_an_operation_is(tmp_path: Path) -> None:
    for word, body in (("max_pool", "max_pool 2"), ("relu", "relu"), ("aggregate1", WIDE)):
        text = f"network N {{ input 3x8x8; stage {word} {{ conv 3x3, 4 }}; {body} }}"
        network = compiled(tmp_path, text)
        for depth in Depth:
            drawn = picture(network, depth)
            check(drawn)
            assert len(drawn.boxes) == 3, (word, depth)


WIDE = "aggregate i in 1..3 { a = it | conv 3x3, 4; b = it | conv 1x1, 4; concatenate a, b }"


NESTED = "aggregate i in 1..3 { aggregate j in 1..2 { conv 3x3, 4 } }"


@pytest.mark.parametrize("body", [WIDE, NESTED])
def test_a_group_may_end_in_several_maps(tmp_path: Path, body: str) -> None:
    network = compiled(tmp_path, f"network N {{ input 3x8x8; {body}; conv 1x1, 5 }}")
    drawn = picture(network, Depth.GROUP)
    layer = drawn.boxes[1]
    assert layer.shape == "24x8x8" and layer.lines[0].endswith(", 24")
    assert layer.panel is not None
    assert [group.facts.output.shape for group in layer.panel.groups] == 3 * [(8, 8, 8)]
    assert [group.seen for group in layer.panel.groups] == [(3, 0, 0), (3, 8, 0), (3, 8, 8)]


def test_two_faces_are_one_value(tmp_path: Path) -> None:
    block = "a = it | conv 3x3, 4; b = it.raw | conv 1x1, 4, act=none | batch_norm; add a, b"
    text = f"block faces {{ {block} }}\nnetwork N {{ input 3x8x8; conv 3x3, 8; faces }}"
    drawn = picture(compiled(tmp_path, text), Depth.BLOCK)
    assert {a.shape for a in drawn.arrows if a.source == "conv1"} <= {"8x8x8", ""}
    text = f"network N {{ input 3x8x8; conv 3x3, 8; aggregate i in 1..3 {{ {block} }} }}"
    panel = picture(compiled(tmp_path, text), Depth.GROUP).boxes[-1].panel
    assert panel is not None and panel.inputs == (8,)
    assert [group.seen for group in panel.groups] == [(8, 0, 0), (8, 4, 0), (8, 4, 4)]


@pytest.mark.parametrize("between", ["", "dropout 0.1;"])
def test_two_faces_of_a_group_are_seen_once(tmp_path: Path, between: str) -> None:
    body = f"concatenate it, it.raw; conv2d 3x3, 4; batch_norm; {between} relu"
    text = f"network N {{ input 8x8x8; aggregate i in 1..3, window=all {{ {body} }} }}"
    drawn = picture(compiled(tmp_path, text), Depth.GROUP)
    (panel,) = [box.panel for box in drawn.boxes if box.panel]
    assert [group.seen for group in panel.groups] == [(8, 0, 0), (8, 4, 0), (8, 4, 4)]


def test_a_group_may_change_the_size_on_its_way(tmp_path: Path) -> None:
    body = "aggregate i in 1..2 { max_pool 2; upsample 2; conv 3x3, 4 }"
    network = compiled(tmp_path, f"network N {{ input 3x8x8; conv 3x3, 4; {body} }}")
    panel = picture(network, Depth.GROUP).boxes[-1].panel
    assert panel is not None
    assert [group.facts.input for group in panel.groups] == [((4, 8, 8),), ((8, 8, 8),)]


def test_what_strides_and_dilates_says_so(tmp_path: Path) -> None:
    text = """
    block chain { conv2d 3x3, 4, stride=2; conv2d 3x3, 4, dilation=2; conv2d 1x1, 8 }
    network N { input 3x32x32; chain; max_pool size(2, 1), stride=2x1 }
    """
    said = lines(picture(compiled(tmp_path, text), Depth.BLOCK))
    assert said["chain1"][1] == "3x3 (stride 2) → 3x3 (dilation 2) → 1x1, 8"
    assert said["max_pool"][1] == "2x1, stride 2x1"


def test_only_takes_what_a_drawing_calls_its_boxes(tmp_path: Path) -> None:
    text = "network N { input 3x8x8; aggregate i in 1..2 { conv 3x3, 4 }; relu; relu; conv 1x1, 3 }"
    network = compiled(tmp_path, text)
    for only in ("aggregate1", "relu2"):
        assert only in lines(picture(network, Depth.BLOCK, only=only))


# --- odd networks


@pytest.mark.parametrize("depth", Depth)
@pytest.mark.parametrize(
    "body",
    [
        "for i in 1..3000 { dropout 0.1 }; conv 3x3, 4",  # deep in what is passed through
        "repeat x 2 { for i in 1..3000 { relu }; conv 3x3, 3 }",
        "aggregate i in 1..3 { if i > 1 { conv 3x3, 3 } }; conv 3x3, 4",  # a group of nothing
        "aggregate i in 1..2, keep=input { conv 3x3, 3 }; concatenate it, in; conv 3x3, 4",
        "relu",
        "global_average_pool; fc 3; softmax",
    ],
)
def test_odd_networks(tmp_path: Path, body: str, depth: Depth) -> None:
    text = f"block body {{ {body} }}\nnetwork Net {{ input 3x8x8; body }}"
    if "fc" in body:
        text = f"network Net {{ input 3x8x8; {body} }}"
    check(picture(compiled(tmp_path, text), depth))


@settings(max_examples=40)
@given(programs(), st.data())
def test_random_networks(tmp_path_factory, program: str, data) -> None:
    network = compiled(tmp_path_factory.mktemp("random"), program)
    depth = data.draw(st.sampled_from(Depth))
    check(picture(network, depth))
    paths = sorted({s.path for node in network.nodes for s in node.scope.ancestry() if s.path})
    assume(paths)
    only = data.draw(st.sampled_from(paths))
    try:
        part = picture(network, depth, only)
    except NoSuchPart as problem:
        assert "no boxes at this depth" in str(problem)
    else:
        assert {a.target for a in part.arrows} <= {b.key for b in part.boxes}


LIBRARY = [
    *sorted(ARCHITECTURES.glob("*.seq")),
    *sorted((ROOT / "examples").rglob("*.seq")),
]


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: p.stem)
def test_every_network_of_the_library(path: Path) -> None:
    for instance in seqdsl.api.check_file(path)[0]:
        network = instance.network
        if network is None or len(network.nodes) > 2_000:
            continue
        for depth in Depth:
            for fold in (True, False):
                drawn = picture(network, depth, fold=fold)
                check(drawn)
                assert sum(box.facts.cost.params for box in drawn.boxes) == network.params
                assert sum(box.facts.cost.macs for box in drawn.boxes) == network.macs


@pytest.mark.parametrize(
    ("joined", "shape"),
    [
        ("aggregate i in 1..1, keep=input { conv2d 3x3, 2 }", "6x8x8"),
        ("concatenate it, it", "8x8x8"),
    ],
)
def test_an_arrow_counts_channels_once(tmp_path: Path, joined: str, shape: str) -> None:
    """`side` reads a concatenation, and the one behind it reads what that joins."""
    text = f"""network N {{
      input 3x8x8
      stage a {{ conv 1x1, 4; {joined} }}
      stage b {{ side = it | conv2d 3x3, 2; concatenate it, side }}
      stage c {{ conv 1x1, 4 }}
    }}"""
    arrows = picture(compiled(tmp_path, text), Depth.NETWORK).arrows
    assert ("a", "b", shape) in [(arrow.source, arrow.target, arrow.shape) for arrow in arrows]


@pytest.mark.parametrize("depth", Depth)
def test_aggregations_that_start_late_are_drawn_apart(tmp_path: Path, depth: Depth) -> None:
    """Each box with all its groups, and one arrow on to what reads it."""
    drawn = picture(compiled(tmp_path, LATE), depth)
    assert [(box.name, box.shape) for box in drawn.boxes] == [
        ("input", "3x32x32"), ("conv", "16x32x32"), ("aggregate", "48x32x32"),
        ("aggregate", "48x32x32"), ("global average pool", "48x1x1"), ("fc", "10"),
    ]  # fmt: skip
    assert len(drawn.arrows) == 5
    assert {box.lines[0] for box in drawn.boxes[2:4]} == {"3 groups of 2 convolutions, 48"}


def test_a_group_sees_one_that_hands_its_window_on(tmp_path: Path) -> None:
    drawn = picture(compiled(tmp_path, LATE), Depth.GROUP)
    rows = [box.panel.rows for box in drawn.boxes if box.panel is not None]
    assert rows == [("x1 ← x0", "x2 ← x1", "x3 ← x2")] * 2


def test_a_group_that_no_output_reads_is_not_drawn(tmp_path: Path) -> None:
    text = """network N {
      input 4x8x8
      aggregate i in 1..4, window=last(1) { conv 3x3, 4 }
      it = it.group(2)
    }"""
    (box,) = (box for box in picture(compiled(tmp_path, text), Depth.GROUP).boxes if box.panel)
    assert box.panel.rows == ("x1 ← x0", "x2 ← x1") and box.lines[0] == "3x3, 8, k=4"
