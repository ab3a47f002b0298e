"""What a primitive computes, held against its formula in numpy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from networks import compiled

import seqdsl
from seqdsl.backends.verify import verify

X = np.random.default_rng(0).standard_normal((2, 4, 6, 5), dtype=np.float32)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [("pad_channels 7", np.concatenate([X, np.zeros((2, 3, 6, 5))], 1)), ("pad_channels 4", X)],
)
def test_formula(tmp_path: Path, layers: str, expected: np.ndarray) -> None:
    network = compiled(tmp_path, f"network N {{ input 4x6x5; {layers} }}")
    assert all(c.agrees for c in verify(network, batches=(2,)))
    actual = seqdsl.to_torch(network).eval()(torch.from_numpy(X)).numpy()
    assert np.allclose(actual, expected, atol=1e-6)
