"""Copies: one part stands for others only where they are equal, and read one another alike."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from networks import compiled, paper_network
from programs import programs

from seqdsl.graph.node import node_cost
from seqdsl.passes.drawing.copies import find_copies
from seqdsl.passes.drawing.picture import picture
from seqdsl.passes.drawing.placing import Depth, Placement
from seqdsl.passes.structure import Outline

NETWORK = "network Net {{ input 3x16x16; {} }}"
BOTTLENECK = """
block bottleneck(width: positive) {
  skip = in
  if in.width != 4*width { skip = in | conv 1x1, 4*width, act=none }
  conv 1x1, width
  conv 3x3, width
  conv 1x1, 4*width, act=none
  add it, skip
  relu
}
"""


def runs(network, apart: str | None = None) -> dict[str, int]:
    """How many copies each scope stands for that stands for several."""
    outline = Outline(network)
    copies = find_copies(network, outline, apart)
    scopes = {scope for node in network.nodes for scope in node.scope.ancestry()}
    return {s.path: copies.times(s) for s in scopes if copies.times(s) > 1}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("conv 3x3, 8; repeat x 3 { conv 3x3, 8 }", {"repeat1": 3}),
        # The first has other parameters.
        ("conv 3x3, 16; repeat x 3 { conv 3x3, 32 }", {"repeat2": 2}),
        # The first alone has a projection.
        ("conv 3x3, 8; bottleneck 8 x 4", {"bottleneck2": 3}),
        ("conv 3x3, 32; bottleneck 8 x 4", {"bottleneck1": 4}),
        ("conv 3x3, 32; for i in 1..4 { bottleneck 8 }", {"bottleneck1": 4}),
        ("conv 3x3, 8; for i in 1..4 { conv 3x3, 8*i }", {}),
        ("conv 3x3, 8; for i in 1..4 { conv 3x3, 8, stride=(2 if i == 3 else 1) }", {"conv2": 2}),
        ("conv 3x3, 8; repeat x 2 { repeat x 3 { conv 3x3, 8 } }",
         {"repeat1": 2, "repeat1/repeat1": 3}),
        # A pool makes maps smaller, which the operations alone don't tell.
        ("conv 3x3, 8; repeat x 3 { conv 3x3, 8; max_pool 2 }", {}),
        ("conv 3x3, 8; repeat x 3 { conv 3x3, 8, act=leaky_relu }", {"repeat1": 3}),
        # What the network gives besides is read.
        ("conv 3x3, 8; for i in 1..5 { conv 3x3, 8; if i == 2 { output early = it } }",
         {"conv2": 2, "conv4": 3}),
        # Two calls are two layers, however equal.
        ("conv 3x3, 8; conv 3x3, 8; conv 3x3, 8", {}),
    ],
)  # fmt: skip
def test_runs_of_copies(tmp_path: Path, body: str, expected: dict[str, int]) -> None:
    assert runs(compiled(tmp_path, BOTTLENECK + NETWORK.format(body))) == expected


def test_the_last_copy_alone_is_read_elsewhere(tmp_path: Path) -> None:
    grow = """
    block grow {{
      first = it
      for i in 1..3 {{ conv 3x3, 8; {} }}
      concatenate it, first{}
    }}
    network Net {{ input 8x8x8; grow }}
    """
    assert runs(compiled(tmp_path, grow.format("", ""))) == {"grow1/conv1": 3}
    kept = grow.format("if i == 1 { early = it }", ", early")
    assert runs(compiled(tmp_path, kept)) == {"grow1/conv2": 2}


def test_nothing_stands_between_copies(tmp_path: Path) -> None:
    body = "conv 3x3, 8; skip = it; for i in 1..4 { concatenate it, skip; conv 3x3, 8 }"
    assert runs(compiled(tmp_path, NETWORK.format(body))) == {}


def test_copies_read_the_same_of_elsewhere(tmp_path: Path) -> None:
    text = """
    block join(a: feature, b: feature) { add a, b; conv 3x3, 8 }
    network Net {
      input 8x8x8
      first = it | conv 1x1, 8
      second = it | conv 3x3, 8
      for i in 1..5 {
        if i <= 3 { other = first } else { other = second }
        join it, other
      }
    }
    """
    # The first alone adds to what comes before `first` in the network.
    assert runs(compiled(tmp_path, text)) == {"join2": 2, "join4": 2}


def test_pieces_and_whole_maps_are_alike() -> None:
    """Dropout is one operation on the first block's input, and twelve on the second's."""
    assert runs(paper_network("seqresnet.seq", "S2")) == {"conv3/residual1": 2}


def test_residual_blocks_of_the_paper() -> None:
    b42 = paper_network("seqresnet_imagenet.seq", "SeqResNetB42")
    stages = {"conv2": 3, "conv3": 4, "conv4": 5, "conv5": 3}
    assert runs(b42) == {f"{stage}/residual1": n for stage, n in stages.items()}


def test_what_is_asked_for_stands_apart() -> None:
    b42 = paper_network("seqresnet_imagenet.seq", "SeqResNetB42")
    for only in ("conv4", "conv4/residual2", "conv4/residual2/wseqconv1"):
        found = runs(b42, only)
        assert found.get("conv4/residual1", 1) == (5 if only == "conv4" else 1)
        assert found["conv3/residual1"] == 4


@settings(max_examples=60)
@given(programs())
def test_what_stands_for_copies_adds_up(tmp_path_factory, program: str) -> None:
    """Each box's parameters, times the copies that it stands for, are the network's."""
    network = compiled(tmp_path_factory.mktemp("random"), program)
    for depth in Depth:
        placement = Placement(network, depth, None, depth.folds)
        nodes = network.nodes
        params = sum(
            placement.copies.count(unit.scope)
            * sum(node_cost(n, [nodes[i].type for i in n.operands]).params for n in unit.nodes)
            for unit in placement.units.values()
        )
        assert params == network.params


@settings(max_examples=60)
@given(programs())
def test_folding_invents_and_loses_no_arrow(tmp_path_factory, program: str) -> None:
    """The arrows into what stands are those of the unfolded picture, and no others."""
    network = compiled(tmp_path_factory.mktemp("random"), program)
    folded = Placement(network, Depth.BLOCK, None, fold=True)
    unfolded = Placement(network, Depth.LAYER, None, fold=False)
    standing = {unit.key for unit in unfolded.units.values() if folded.copies.stands(unit.scope)}
    box_of = {
        unfolded.of[node.index]: folded.of[node.index]
        for node in network.nodes
        if folded.of[node.index] is not None
    }
    expected = {
        (box_of[a.source], box_of.get(a.target, a.target), a.shortcut)
        for a in picture(network, Depth.LAYER).arrows
        if a.target in standing or a.target.startswith("output/")
    }
    drawn = {(a.source, a.target, a.shortcut) for a in picture(network, Depth.BLOCK).arrows}
    assert drawn == expected
