"""Which groups x_i sees (section 3.1), for an input of g' = 3 groups: -2, -1, 0."""

from pathlib import Path

import pytest
from networks import compiled

from seqdsl.semantic.values.value import AllWindow, LastWindow, PowersWindow, SlidingWindow
from seqdsl.semantic.values.windows import offsets

# For i = 1, 2, 3, 4: the groups that are concatenated, in their order.
SEEN = {
    AllWindow(): ([-2, -1, 0], [-2, -1, 0, 1], [-2, -1, 0, 1, 2], [-2, -1, 0, 1, 2, 3]),
    SlidingWindow(): ([-2, -1, 0], [-1, 0, 1], [0, 1, 2], [1, 2, 3]),
    LastWindow(2): ([-1, 0], [0, 1], [1, 2], [2, 3]),
    LastWindow(5): ([-2, -1, 0], [-2, -1, 0, 1], [-2, -1, 0, 1, 2], [-1, 0, 1, 2, 3]),
    PowersWindow(2): ([-1, 0], [-2, 0, 1], [-1, 1, 2], [0, 2, 3]),
    PowersWindow(3): ([-2, 0], [-1, 1], [0, 2], [1, 3]),
    (1, 3): ([-2, 0], [-1, 1], [0, 2], [1, 3]),
    (6, 2): ([-1], [0], [1], [-2, 2]),
}


@pytest.mark.parametrize("window", SEEN, ids=str)
def test_what_each_group_sees(window) -> None:
    for i, expected in enumerate(SEEN[window], 1):
        known = 3 + i - 1
        assert [i - offset for offset in offsets(window, known, 3)] == expected


@pytest.mark.parametrize(
    ("keep", "widths"),
    [("", [2, 2]), (", keep=input", [4, 2, 2]), (", keep=none", [2, 2])],
)
def test_what_is_kept(tmp_path: Path, keep: str, widths: list[int]) -> None:
    text = f"network N {{ input 4x4x4; aggregate i in 1..2, window=all{keep} {{ conv 3x3, 2 }} }}"
    assert compiled(tmp_path, text).nodes[-1].type.groups == tuple(widths)
