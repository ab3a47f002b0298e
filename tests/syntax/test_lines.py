"""Where a statement ends, and where its line goes on."""

from pathlib import Path

import pytest
from networks import compiled

from seqdsl.graph.dump import dump

ONE_LINE = "network N { input 3x8x8; a = it | relu | tanh; add it, a; conv 3x3, 4 }"


@pytest.mark.parametrize(
    "text",
    [
        "network N {\n input 3x8x8\n a = it\n  | relu\n\n  # then\n  | tanh\n add it, a\n"
        " conv 3x3, 4\n}",
        "network N {\n input 3x8x8\n a = it |\n relu |\n tanh\n add it,\n a\n conv 3x3,\n 4 }",
    ],
)
def test_a_line_goes_on(tmp_path: Path, text: str) -> None:
    assert dump(compiled(tmp_path, text)) == dump(compiled(tmp_path, ONE_LINE))


def test_a_repeat_takes_a_sum(tmp_path: Path) -> None:
    text = "network N(n = 3) { input 3x8x8; conv 1x1, 4 x n - 1; relu x 2*n - 5 }"
    kinds = [node.kind for node in compiled(tmp_path, text).nodes]
    assert kinds.count("conv2d") == 2 and kinds.count("relu") == 3
