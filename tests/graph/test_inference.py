"""Shapes, groups and costs of single operations, by hand and by torch."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from networks import compiled

from seqdsl.graph.conventions import CONVENTIONS

JOINED = "b = it | conv2d 1x1, 4\nconcatenate it, b"


def network(tmp_path: Path, body: str, shape: str = "4x13x11"):
    return compiled(tmp_path, f"network N {{ input {shape}\n{body}\n}}")


@pytest.mark.parametrize(("kernel", "padding"), [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("ceil", ["true", "false"])
def test_pooling_is_torchs(
    tmp_path: Path, kernel: int, stride: int, padding: int, ceil: str
) -> None:
    line = f"max_pool {kernel}, stride={stride}, padding={padding}, ceil={ceil}"
    expected = F.max_pool2d(torch.zeros(1, 4, 13, 11), kernel, stride, padding,
                            ceil_mode=ceil == "true")  # fmt: skip
    assert network(tmp_path, line).nodes[-1].type.shape == tuple(expected.shape[1:])


@pytest.mark.parametrize("kernel", ["3x3", "1x5", "5x1"])
@pytest.mark.parametrize("stride", ["1", "2", "2x1"])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_convolutions_pad_as_torchs_same_does(
    tmp_path: Path, kernel: str, stride: str, dilation: int
) -> None:
    body = f"conv2d {kernel}, 6, stride={stride}, dilation={dilation}"
    made = network(tmp_path, body).nodes[-1]
    sides, strides = (int(s) for s in kernel.split("x")), [int(s) for s in stride.split("x")]
    conv = torch.nn.Conv2d(4, 6, tuple(sides), dilation=dilation, padding="same")
    height, width = conv(torch.zeros(1, 4, 13, 11)).shape[2:]
    steps = strides if len(strides) == 2 else strides * 2
    assert (height, width) == (13, 11)
    assert made.type.spatial == (-(-13 // steps[0]), -(-11 // steps[1]))


@pytest.mark.parametrize(
    ("body", "groups"),
    [
        (JOINED + "", (4, 4)),
        (JOINED + "\nconv2d 1x1, 6", (6,)),
        (
            JOINED + "\nconv2d 1x1, 16, groups=4",
            (8, 8),
        ),  # the hierarchy is coarser
        (JOINED + "\nconv2d 1x1, 16, groups=2", (8, 8)),
        (
            "b = it | conv2d 1x1, 4\na = it | concatenate it, b\nc = in | conv2d 1x1, 8\nadd a, c",
            (8,),
        ),
        (JOINED + "\nc = it | regroup 8\nadd it, c", (8,)),
        (JOINED + "\nmax_pool 2", (4, 4)),
        (JOINED + "\ndropout 0.5\nrelu", (4, 4)),
    ],
)
def test_groups(tmp_path: Path, body: str, groups: tuple[int, ...]) -> None:
    made = network(tmp_path, f"{body}\nsigmoid")
    last = [n for n in made.nodes if n.kind == "sigmoid"]
    if len(last) == 1:
        assert last[0].type.groups == groups
    else:  # kept in pieces, one of each group
        assert tuple(n.type.channels for n in last) == groups


def test_costs_by_hand(tmp_path: Path) -> None:
    made = network(tmp_path, "conv2d 3x3, 6, groups=2, bias=true\nbatch_norm\nrelu\nlinear 5")
    cost = made.cost
    positions, taps = 13 * 11, 2 * 9
    assert cost.params == 6 * taps + 6 + 2 * 6 + 5 * 6 * positions + 5
    assert cost.macs == 6 * positions * taps + 5 * 6 * positions  # biases are not counted
    assert cost.normalized == cost.activated == 6 * positions
    assert cost.activations == 6 * positions + 5


def test_conventions_by_hand(tmp_path: Path) -> None:
    cost = network(tmp_path, "conv2d 3x3, 6\nbatch_norm\nrelu").cost
    macs, elements = 6 * 13 * 11 * 4 * 9, 6 * 13 * 11
    assert CONVENTIONS["macs"].count(cost) == macs
    assert CONVENTIONS["flops"].count(cost) == 2 * macs
    assert CONVENTIONS["paper"].count(cost) == macs + 4 * elements + elements
    assert [CONVENTIONS["paper"].scale(s) for s in "KMG"] == [2**10, 2**20, 2**30]
    assert [CONVENTIONS["macs"].scale(s) for s in ("", *"KMGT")] == [
        1, 10**3, 10**6, 10**9, 10**12,
    ]  # fmt: skip
