"""What each primitive does to the shape and the groups of a feature map."""

from pathlib import Path

import pytest
from networks import compiled


@pytest.mark.parametrize(
    ("layers", "type"),
    [
        ("conv 3x3, 8; pad_channels 12", "12x8x8 (groups of 8, 4)"),
        ("conv 3x3, 8; pad_channels 24", "24x8x8 (3 groups of 8)"),
        ("seqconv 3x3, 8, k=4; pad_channels 16", "16x8x8 (4 groups of 4)"),
        ("seqconv 3x3, 8, k=4; pad_channels 10", "10x8x8 (groups of 4, 4, 2)"),
        ("seqconv 3x3, 8, k=4; pad_channels 8", "8x8x8 (2 groups of 4)"),
        ("seqconv 3x3, 8, k=4; upsample 2x3", "8x16x24 (2 groups of 4)"),
        ("seqconv 3x3, 8, k=4; leaky_relu", "8x8x8 (2 groups of 4)"),
        ("seqconv 3x3, 8, k=2; a = it | regroup 4; mean it, a", "8x8x8 (2 groups of 4)"),
        ("seqconv 3x3, 8, k=4; a = it | conv 1x1, 8; mean it, a", "8x8x8"),
        ("seqconv 3x3, 8, k=4; multiply it, it", "8x8x8 (2 groups of 4)"),
        (
            "seqconv 3x3, 8, k=4; a = it | global_average_pool; multiply it, a",
            "8x8x8 (2 groups of 4)",
        ),
        ("seqconv 3x3, 8, k=4; a = it | conv 1x1, 1; multiply it, a", "8x8x8"),
        ("a = it | max_pool 8x1; b = it | max_pool 1x8; multiply a, b", "3x8x8"),
    ],
)
def test_groups(tmp_path: Path, layers: str, type: str) -> None:
    network = compiled(tmp_path, f"use std.seqconv\nnetwork N {{ input 3x8x8; {layers} }}")
    assert str(network.nodes[network.output].type) == type
