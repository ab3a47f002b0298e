"""A module for inference: what is folded, and what a backward pass would need."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from networks import compiled, paper_network
from torch import nn

import seqdsl
from seqdsl.backends.torch.execution import Execution
from seqdsl.backends.torch.source import torch_source
from seqdsl.passes.schedule.strategy import Strategy

NETWORK = """
use std.seqconv
network N {
  input 3x8x8
  seqconv 3x3, 8, k=2
  residual x 1 { wseqconv 3x3, 8, k=2; wseqconv 3x3, 8, k=2 }
  global_average_pool
  fc 4
}
"""


def norms(module: nn.Module) -> int:
    return sum(isinstance(each, nn.BatchNorm2d) for each in module.modules())


@pytest.mark.parametrize("schedule", ["auto", "gather"])
def test_batch_norms_are_folded_but_at_shortcuts(tmp_path: Path, schedule: str) -> None:
    """Not where the raw face is taken, the first layer's, nor where it joins, the last one's."""
    network = compiled(tmp_path, NETWORK)
    module = seqdsl.to_torch(network, "inference", schedule=schedule)
    assert norms(module) == 8  # four groups each
    assert norms(seqdsl.to_torch(network, schedule=schedule)) == 12
    assert not module.training and not any(p.requires_grad for p in module.parameters())


def test_it_gives_what_the_module_in_training_does_when_it_evaluates() -> None:
    network = paper_network("seqresnet.seq", "S3")
    trained = seqdsl.to_torch(network)
    x = torch.randn(2, 3, 32, 32)
    trained(x)  # moves the statistics
    folded = seqdsl.to_torch(network, "inference", state_dict=trained.state_dict())
    expected = trained.eval()(x)
    assert (folded(x) - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_it_can_be_compiled_and_exported_whole() -> None:
    module = seqdsl.to_torch(paper_network("seqresnet.seq", "S1"), "inference")
    x = torch.randn(2, 3, 32, 32)
    expected = module(x)
    compiled_module = torch.compile(module, backend="eager", fullgraph=True)
    for run in (compiled_module, torch.export.export(module, (x,)).module()):
        assert (run(x) - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_another_word_is_refused(tmp_path: Path) -> None:
    network = compiled(tmp_path, NETWORK)
    for options in (
        {"mode": "eval"}, {"schedule": "fast"}, {"schedule": "scatter"},
        {"mode": "inference", "recompute": True}, {"schedule": "gather", "recompute": True},
    ):  # fmt: skip
        with pytest.raises(ValueError):
            seqdsl.to_torch(network, **options)
    with pytest.raises(ValueError):
        seqdsl.to_onnx(network, schedule="fast")
    with pytest.raises(ValueError):
        seqdsl.to_onnx(network, batch=0)


def test_only_what_is_asked_for_recomputes(tmp_path: Path) -> None:
    network = compiled(tmp_path, NETWORK)
    plain, again = (
        torch_source(network, Execution(Strategy.AUTO, recompute=value)) for value in (False, True)
    )
    calls = again.count("= aggregate(")  # a layer, or layers that share a class
    assert "recompute=True" not in plain
    assert again.count("recompute=True") == calls > 0
