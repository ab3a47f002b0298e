"""Pools held against torch: which it takes, their sizes and their values, NaN among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import compiled

from seqdsl.backends.onnx.magnitudes import LARGEST_INPUT
from seqdsl.backends.onnx.model import to_onnx
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.running import Provider
from seqdsl.backends.verify import verify
from seqdsl.graph import operations as ops
from seqdsl.graph.inference import infer
from seqdsl.graph.operations import TypeProblem
from seqdsl.graph.tensor import TensorType

POOLS, NETWORKS, CHANNELS = 2_000, 25, 3


@dataclass(frozen=True)
class Case:
    """A pool of the sweep: ``(height, width)`` each."""

    kind: type[ops.MaxPool] | type[ops.AvgPool]
    kernel: ops.Pair
    stride: ops.Pair
    padding: ops.Pair
    ceil: bool

    @property
    def operation(self) -> ops.MaxPool | ops.AvgPool:
        return self.kind(self.kernel, self.stride, self.padding, self.ceil)

    @property
    def text(self) -> str:
        name = "max_pool" if self.kind is ops.MaxPool else "avg_pool"
        sizes = (f"{height}x{width}" for height, width in (self.kernel, self.stride, self.padding))
        kernel, stride, padding = sizes
        ceil = str(self.ceil).lower()
        return f"{name} {kernel}, stride={stride}, padding={padding}, ceil={ceil}"

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        pool = F.max_pool2d if self.kind is ops.MaxPool else F.avg_pool2d
        return pool(x, self.kernel, self.stride, self.padding, ceil_mode=self.ceil)


def cases(rng: np.random.Generator, count: int) -> Iterator[Case]:
    for _ in range(count):
        kernel, stride = rng.integers(1, 6, 2), rng.integers(1, 5, 2)
        padding = rng.integers(0, kernel // 2 + 1)
        pairs = [tuple(map(int, pair)) for pair in (kernel, stride, padding)]
        kind = (ops.MaxPool, ops.AvgPool)[int(rng.integers(2))]
        yield Case(kind, *pairs, bool(rng.integers(4)))


def taken(case: Case, side: ops.Pair) -> tuple[int, ...] | None:
    """The size that torch gives, or None where it refuses."""
    try:
        return tuple(case(torch.zeros(1, 1, *side)).shape[2:])
    except RuntimeError:
        return None


def inferred(case: Case, side: ops.Pair) -> tuple[int, ...] | None:
    try:
        return infer(case.operation, [TensorType(1, side, (1,))]).spatial
    except TypeProblem:
        return None


def test_torch_takes_the_same_pools_and_gives_the_same_sizes() -> None:
    rng = np.random.default_rng(0)
    drawn = [(case, tuple(map(int, rng.integers(1, 9, 2)))) for case in cases(rng, 4_000)]
    drawn += [(Case(c.kind, c.kernel, c.stride, tuple(p + 1 for p in c.padding), c.ceil), side)
              for c, side in drawn[:500]]  # fmt: skip
    found = [(case, side, taken(case, side)) for case, side in drawn]
    assert not [case for case, side, size in found if inferred(case, side) != size]
    assert 500 < sum(size is None for _, _, size in found) < 2_000  # both kinds are in the sweep


@pytest.mark.parametrize("number", range(NETWORKS))
def test_a_sweep_of_pools_agrees_with_torch(tmp_path: Path, number: int) -> None:
    rng = np.random.default_rng(number)
    side = (int(rng.integers(1, 12)), int(rng.integers(1, 12)))
    valid = (case for case in cases(rng, 10_000) if taken(case, side))
    drawn = [next(valid) for _ in range(POOLS // NETWORKS)]
    lines = "\n".join(f"output o{i} = it | {case.text}" for i, case in enumerate(drawn))
    network = compiled(tmp_path, f"network N {{ input {CHANNELS}x{side[0]}x{side[1]}\n{lines}\n }}")
    x = rng.standard_normal((2, CHANNELS, *side), dtype=np.float32) - 3  # padding is above it
    holed = np.where(rng.random(x.shape) < 0.1, np.float32(np.nan), x)
    for batch, largest in ((x, LARGEST_INPUT), (holed, np.inf)):
        outputs = Runner(to_onnx(network, largest=largest), Provider.CPU)(batch).outputs
        for i, case in enumerate(drawn):
            given, expected = outputs[f"o{i}"], case(torch.from_numpy(batch)).numpy()
            assert given.shape == expected.shape, case
            assert np.allclose(given, expected, rtol=1e-6, atol=1e-6, equal_nan=True), case


@pytest.mark.parametrize(
    "layers",
    [
        "max_pool 2, stride=3, ceil=true",
        "avg_pool 2, stride=3, ceil=true",
        "max_pool 2, stride=2, padding=1, ceil=true",
        "avg_pool 3x2, stride=2x3, padding=1x0, ceil=true",
        "pad_channels 5; max_pool 3, stride=2, padding=1, ceil=true",
    ],
)
@pytest.mark.parametrize("size", ["6x7", "5x5", "5x4"])
def test_pools_that_round_up_verify(tmp_path: Path, layers: str, size: str) -> None:
    network = compiled(tmp_path, f"network N {{ input 3x{size}; {layers} }}")
    assert all(c.agrees for c in verify(network))


def test_no_model_rounds_up_by_itself(tmp_path: Path) -> None:
    """Versions of onnx and onnxruntime differ in what `ceil_mode` gives."""
    text = "network N { input 2x7x7; max_pool 2, ceil=true; avg_pool 3, stride=2, ceil=true }"
    for node in to_onnx(compiled(tmp_path, text)).graph.node:
        assert not any(a.name == "ceil_mode" and a.i for a in node.attribute)


def test_an_average_at_the_edge_counts_what_is_there(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 2x7x7; avg_pool 2, stride=2, ceil=true }")
    x = np.arange(1, 99, dtype=np.float32).reshape(1, 2, 7, 7)
    logits = Runner(to_onnx(network), Provider.CPU)(x).outputs["logits"]
    assert logits[0, 0, -1].tolist() == [43.5, 45.5, 47.5, 49]
