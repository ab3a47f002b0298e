"""The weights of a small network, as checkpoints of others hold them."""

from pathlib import Path

import numpy as np
import torch

from seqdsl import Network
from seqdsl.backends.arrays import State
from seqdsl.backends.weights.state import load_state, random_state

SMALL = "network Small { input 3x8x8; conv 3x3, 4; global_average_pool; fc 5 }\n"
Tensors = dict[str, torch.Tensor]


def tensors(network: Network, seed: int = 0) -> Tensors:
    return {key: torch.from_numpy(value) for key, value in random_state(network, seed).items()}


def same(state: State, expected: Tensors) -> bool:
    return state.keys() == expected.keys() and all(
        np.array_equal(value, expected[key].numpy()) for key, value in state.items()
    )


def loaded(network: Network, path: Path, ema: bool | None = None) -> tuple[State, list[str]]:
    said: list[str] = []
    return load_state(path, network, ema, said.append), said
