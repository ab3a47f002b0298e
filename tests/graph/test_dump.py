"""The graph as text: small networks whose every node can be read, and nothing that varies."""

import subprocess
import sys
from pathlib import Path

import pytest
from networks import compiled

from seqdsl.graph.dump import dump

GOLDEN = Path(__file__).parent.parent / "golden"
HEAD = "use std.seqconv\nnetwork Figure {\n  input 4x8x8\n"
FIGURES = {
    # Figure 1, middle and right, with g = 3
    "seqconv": HEAD + "  seqconv 3x3, 6, k=2\n}",
    "wseqconv": HEAD + "  seqconv 3x3, 6, k=2\n  wseqconv 3x3, 6, k=2\n}",
    # Figure 2: a residual block
    "residual": HEAD + "  seqconv 3x3, 4, k=2\n"
    "  residual { wseqconv 3x3, 4, k=2; wseqconv 3x3, 4, k=2 }\n}",
    # Figure 3: a down-sampling block
    "downsample": HEAD + "  seqconv 3x3, 4, k=2\n"
    "  downsample { wseqconv 3x3, 4, k=2; concatenate 8; conv 3x3, 8, stride=2, groups=4 }\n}",
}


@pytest.mark.parametrize("name", FIGURES)
def test_golden(tmp_path: Path, name: str) -> None:
    assert dump(compiled(tmp_path, FIGURES[name])) == (GOLDEN / f"{name}.txt").read_text()


def test_the_same_in_every_process(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(FIGURES["residual"])
    code = (
        "import sys, seqdsl; from seqdsl.graph.dump import dump\n"
        "print(dump(seqdsl.load(sys.argv[1])), end='')"
    )
    for seed in "12":
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == (GOLDEN / "residual.txt").read_text()


def test_edges_are_operands(tmp_path: Path) -> None:
    graph = compiled(tmp_path, FIGURES["wseqconv"]).graph
    for index, data in graph.nodes(data=True):
        edges = sorted(graph.in_edges(index, data="operand"), key=lambda edge: edge[2])
        assert tuple(source for source, _, _ in edges) == data["node"].operands
