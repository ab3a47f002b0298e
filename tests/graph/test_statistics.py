"""What leaves each part of a network, and what each part costs."""

from pathlib import Path

import pytest
from networks import compiled, paper_network

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
