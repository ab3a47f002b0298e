"""The backbones with SeqConv layers in place of their convolutions."""

import pytest
import torch
from networks import ARCHITECTURES

import seqdsl
from seqdsl.backends.verify import verify

FILE = ARCHITECTURES / "derived.seq"


@pytest.mark.parametrize("name", ["SeqVGG", "SeqResNet50", "SeqResNeXt50", "SeqDLA34"])
def test_written_out(name: str) -> None:
    """`expand` holds the plain source against the graph itself, and raises where they differ."""
    plain = seqdsl.expand(FILE, name)
    assert f"network {name} {{" in plain and "seqconv" in plain and "replace " not in plain


@pytest.mark.parametrize("name", ["SeqVGG", "SeqDLA34"])
def test_agrees_and_trains_a_step(name: str) -> None:
    network = seqdsl.load(FILE, name, classes=10)
    assert all(c.agrees for c in verify(network, batches=(1,)))
    torch.manual_seed(0)
    module = seqdsl.to_torch(network)
    optimiser = torch.optim.SGD(module.parameters(), 0.01)
    before = [parameter.detach().clone() for parameter in module.parameters()]
    loss = torch.nn.functional.cross_entropy(
        module(torch.randn(1, *network.input.type.shape)), torch.tensor([0])
    )
    loss.backward()
    optimiser.step()
    assert loss.isfinite()
    pairs = zip(before, module.parameters(), strict=True)
    assert all(b.isfinite().all() and not torch.equal(a, b) for a, b in pairs)
