"""What leaves each part of a network, and what each part costs."""

from pathlib import Path

import pytest
from networks import LATE, compiled, paper_network

from seqdsl import Level

BRANCHES = """
block branches(width: positive) {
  a = it | conv 1x1, width
  b = in | conv 3x3, 2*width
  concatenate a, b
}
block dense(n: positive) {
  aggregate i in 1..n, window=all, keep=input { conv 3x3, 2 }
}
network N {
  input 3x8x8
  stage one { branches 4 }
  stage two { dense 3 }
  head { conv 1x1, 5 }
}
"""


@pytest.mark.parametrize("level", [Level.STAGE, Level.BLOCK])
def test_what_leaves_a_part(tmp_path: Path, level: Level) -> None:
    network = compiled(tmp_path, BRANCHES)
    leaving = [part.shape for part in network.stats(level) if part.cost.params]
    assert leaving == [(12, 8, 8), (18, 8, 8), (5, 8, 8)]


def test_a_concatenation_stands_in_the_block_that_says_it(tmp_path: Path) -> None:
    paths = [node.path for node in compiled(tmp_path, BRANCHES).nodes if node.kind == "concat"]
    assert "one/branches1/concat" in paths and "two/dense1/concat" in paths[-1]


def test_the_stages_of_table_2() -> None:
    network = paper_network("seqresnext.seq", "SeqResNeXt24")
    stages = {part.name: part.shape for part in network.stats() if part.cost.params}
    assert stages == {
        "conv1": (32, 112, 112), "conv2": (256, 56, 56), "conv3": (512, 28, 28),
        "conv4": (1024, 14, 14), "conv5": (2048, 7, 7), "head": (1000,),
    }  # fmt: skip


@pytest.mark.parametrize("level", [Level.STAGE, Level.BLOCK, Level.LAYER])
def test_an_aggregation_outside_of_blocks_is_a_part(tmp_path: Path, level: Level) -> None:
    """With its own name and shape, and not with the network's."""
    parts = [part for part in compiled(tmp_path, LATE).stats(level) if part.cost.macs]
    assert [(part.name, part.shape) for part in parts] == [
        ("conv1", (16, 32, 32)), ("aggregate1", (48, 32, 32)), ("aggregate2", (48, 32, 32)),
        ("fc1", (10,)),
    ]  # fmt: skip


def test_two_aggregations_of_a_block_are_two_layers(tmp_path: Path) -> None:
    text = """
    block two { aggregate i in 1..2 { conv 3x3, 4 }; aggregate i in 1..3 { conv 1x1, 2 } }
    network N { input 4x8x8; stage s { two } }
    """
    parts = [part for part in compiled(tmp_path, text).stats(Level.LAYER) if part.cost.macs]
    assert [(part.name, part.shape) for part in parts] == [
        ("s/two1/aggregate1", (8, 8, 8)), ("s/two1/aggregate2", (6, 8, 8)),
    ]  # fmt: skip


def test_a_block_outside_of_stages_is_a_block(tmp_path: Path) -> None:
    text = "use std.seqconv\nnetwork N { input 4x8x8; seqconv 3x3, 8, k=4; fc 2 }"
    parts = [part.name for part in compiled(tmp_path, text).stats(Level.BLOCK) if part.cost.macs]
    assert parts == ["seqconv1", "fc1"]
