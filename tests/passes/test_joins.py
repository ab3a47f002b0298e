"""Joins are placed so that few values pass between scopes, and compute what they did."""

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from networks import compiled, paper_network
from programs import programs

from seqdsl.backends.torch.plan import plan
from seqdsl.backends.torch.reference import evaluate
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.joins import place_joins
from seqdsl.passes.schedule.widen import treat_alike


def outputs(network: Network, state: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    x = torch.rand(2, *network.input.type.shape, generator=torch.Generator().manual_seed(1))
    values = {node.index: value for node, value in evaluate(network, state, x)}
    return [values[output.index] for output in network.returned]


def assert_same(network: Network) -> None:
    arrays = random_state(network, 0)
    state = {key: torch.from_numpy(array) for key, array in arrays.items()}
    expected = outputs(network, state)
    for placed in (place_joins(network), place_joins(treat_alike(network))):
        for one, other in zip(expected, outputs(placed, state), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("file", "name"),
    [("densenet.seq", "DenseNet169"), ("seqresnet.seq", "S1"), ("dla.seq", "DLA34")],
)
def test_a_module_takes_and_gives_few_values(file: str, name: str) -> None:
    """The pieces of a map are one value; at most the two faces of one come together."""
    network = paper_network(file, name)
    modules = list(plan(place_joins(treat_alike(network))).walk())
    assert max(len(module.outputs) for module in modules) <= 2
    assert max(len(module.inputs) for module in modules) <= 3


def test_placed_joins_compute_the_same(tmp_path: Path) -> None:
    text = """
        use std.seqconv
        use std.dense
        network N {
          input 3x8x8
          seqconv 3x3, 16, k=4
          residual x 2 { dropout 0.1; wseqconv 3x3, 16, k=4; dropout 0.1; wseqconv 3x3, 16, k=4 }
          downsample { wseqconv 3x3, 16, k=4; concatenate 32; conv 3x3, 32, stride=2, groups=8 }
          sparse 5, 4
          dense 3, 4
          output middle = it
          concatenate it.channels(2, 9), it.channels(12, 20)
          conv 1x1, 4
        }"""
    assert_same(compiled(tmp_path, text))


@settings(max_examples=40)
@given(programs())
def test_random_networks_compute_the_same(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert_same(compiled(Path(folder), text))
