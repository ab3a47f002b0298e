"""What a primitive computes, held against its formula in numpy, in every backend."""

from pathlib import Path

import numpy as np
import pytest
import torch
from networks import compiled

import seqdsl
from seqdsl.backends.verify import verify

X = np.random.default_rng(0).standard_normal((2, 4, 6, 5))
MEAN = X.mean((2, 3), keepdims=True)
OVER_CHANNELS = X.mean(1, keepdims=True)
FIRST = X[:, :1]


def bilinear(x: np.ndarray, factor: int, axis: int) -> np.ndarray:
    """Output i lies at (i + 1/2) / factor - 1/2 of the input, whose borders go on as they end."""
    size = x.shape[axis]
    where = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    low = np.floor(where).astype(int)
    share = np.expand_dims(where - low, tuple(range(1, x.ndim - axis)))
    high = np.minimum(low + 1, size - 1)
    return (1 - share) * np.take(x, low, axis) + share * np.take(x, high, axis)


FORMULAS = {
    "leaky_relu": np.where(X > 0, X, 0.01 * X),
    "leaky_relu slope=0.1": np.where(X > 0, X, 0.1 * X),
    "elu": np.where(X > 0, X, np.expm1(X)),
    "elu alpha=0.5": np.where(X > 0, X, 0.5 * np.expm1(X)),
    "layer_norm": (X - OVER_CHANNELS) / np.sqrt(X.var(1, keepdims=True) + 1e-6),
    "layer_norm eps=0.5": (X - OVER_CHANNELS) / np.sqrt(X.var(1, keepdims=True) + 0.5),
    "hard_sigmoid": np.clip(X + 3, 0, 6) / 6,
    "hard_swish": X * np.clip(X + 3, 0, 6) / 6,
    "pad_channels 7": np.concatenate([X, np.zeros((2, 3, 6, 5))], 1),
    "pad_channels 4; max_pool 1": X,
    "shuffle 2": X[:, [0, 2, 1, 3]],
    "add it.channels(1, 2), it.channels(3, 4)": X[:, :2] + X[:, 2:],
    "concatenate it.channels(2, 4), it.channels(1, 1)": X[:, [1, 2, 3, 0]],
    "upsample 3": X.repeat(3, 2).repeat(3, 3),
    "upsample 1x41": X.repeat(41, 3),  # one of the factors at which torch's nearest is not
    "upsample 2, mode=bilinear": bilinear(bilinear(X, 2, 2), 2, 3),
    "upsample 3x1, mode=bilinear": bilinear(X, 3, 2),
    "a = it | relu; mean a": (X + np.maximum(X, 0)) / 2,
    "a = it | relu; mean it, a, a": (X + 2 * np.maximum(X, 0)) / 3,
    "a = it | relu; multiply a": X * np.maximum(X, 0),
    "gate = it | global_average_pool; multiply gate": X * MEAN,
    "gate = it | global_average_pool; multiply gate, it, it, gate": X * X * MEAN * MEAN,
}


@pytest.mark.parametrize("layers", FORMULAS)
def test_formula(tmp_path: Path, layers: str) -> None:
    network = compiled(tmp_path, f"network N {{ input 4x6x5; {layers} }}")
    assert all(c.agrees for c in verify(network, batches=(2,)))
    actual = seqdsl.to_torch(network).eval().double()(torch.from_numpy(X)).detach().numpy()
    assert actual.shape == FORMULAS[layers].shape
    assert np.allclose(actual, FORMULAS[layers], atol=1e-12)


def test_one_channel_scales_all(tmp_path: Path) -> None:
    text = "network N { input 4x6x5; one = it | conv2d 1x1, 1, bias=true; multiply one, it }"
    network = compiled(tmp_path, text)
    assert all(c.agrees for c in verify(network, batches=(2,)))
    module = seqdsl.to_torch(network).double()
    module.load_state_dict({"conv2d.weight": torch.eye(1, 4)[..., None, None],
                            "conv2d.bias": torch.zeros(1)})  # fmt: skip
    assert np.allclose(module(torch.from_numpy(X)).detach(), X * FIRST)


def test_one_channel_scales_groups_that_are_read_apart(tmp_path: Path) -> None:
    text = """
    network N {
      input 4x6x5
      one = it | conv2d 1x1, 1, bias=true
      multiply it, one
      a = it.channels(1, 2) | conv2d 3x3, 4
      b = it.channels(3, 4) | conv2d 3x3, 4
      add a, b
    }
    """
    network = compiled(tmp_path, text)
    assert all(c.agrees for c in verify(network, batches=(2,)))


CONVNEXT = """
block convnext(width: positive) {
  skip = in
  conv2d 7x7, width, groups=width, bias=true
  layer_norm
  conv2d 1x1, 4*width, bias=true
  gelu
  conv2d 1x1, width, bias=true
  add it, skip
}
network N {
  input 3x16x16
  stage stem { conv2d 4x4, 8, stride=4, padding=0, bias=true; layer_norm }
  stage body { repeat x 2 { convnext 8 } }
  global_average_pool
  layer_norm
  fc 5
  layer_norm
}
"""


def test_layer_norm_of_convnext(tmp_path: Path) -> None:
    network = compiled(tmp_path, CONVNEXT)
    assert all(c.agrees for c in verify(network, batches=(1, 2)))
    module = seqdsl.to_torch(network)
    norms = [m for m in module.modules() if isinstance(m, torch.nn.LayerNorm)]
    assert [(m.normalized_shape, m.eps) for m in norms] == [((8,), 1e-6)] * 4 + [((5,), 1e-6)]
    state = module.state_dict()
    assert {"stem.layer_norm.weight", "stem.layer_norm.bias", "layer_norm2.bias"} <= set(state)
    assert sum(m.weight.numel() + m.bias.numel() for m in norms) == 2 * (4 * 8 + 5)
