"""Shortcuts: the operands of an addition that come through fewer convolutions than another."""

from pathlib import Path

import pytest
from networks import compiled

from seqdsl.passes.drawing.shortcuts import shortcuts

NETWORK = """
block body {{ {} }}
network Net {{ input 8x8x8; body }}
"""


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("skip = in; conv 3x3, 8; add it, skip", {1}),
        ("skip = in; conv 3x3, 8; add skip, it", {0}),  # whatever the order
        ("a = it | conv 3x3, 8 | conv 3x3, 8; b = it | conv 1x1, 8; add a, b", {1}),
        ("a = it | conv 3x3, 8; b = it | conv 5x5, 8; add a, b", set()),  # equally deep
        ("a = it | max_pool 3x3, stride=1, padding=1; b = it | conv 3x3, 8; add a, b, it", {0, 2}),
        ("skip = in; relu; add it, skip", set()),
    ],
)
def test_shortcuts(tmp_path: Path, statements: str, expected: set[int]) -> None:
    network = compiled(tmp_path, NETWORK.format(statements))
    assert {position for _, position in shortcuts(network)} == expected


def test_a_projection_is_one(tmp_path: Path) -> None:
    text = """
    block bottleneck(width: positive) {
      skip = in | conv 1x1, 4*width, act=none
      conv 1x1, width
      conv 3x3, width
      conv 1x1, 4*width, act=none
      add skip, it
    }
    network N { input 8x8x8; bottleneck 8 }
    """
    network = compiled(tmp_path, text)
    ((index, position),) = shortcuts(network)
    projection = network.nodes[network.nodes[index].operands[position]]
    assert projection.path == "bottleneck1/conv1/batch_norm"
