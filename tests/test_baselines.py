"""The networks that the paper compares with: their figures, and every backend on small ones."""

import pytest
import torch
from networks import ARCHITECTURES, BASELINES, paper_network
from torch.utils.flop_counter import FlopCounterMode

import seqdsl
from seqdsl.backends.verify import verify
from seqdsl.graph.dump import dump
from seqdsl.graph.parameters import layout
from seqdsl.semantic.expansion.replay import Replays

ALL = [(file, name) for file, names in BASELINES.items() for name in names]

# Each template at a depth and width that run at once.
SMALL = {
    "resnet_cifar.seq": ("ResNetCIFAR", {"depth": 14}),
    "preact_resnet.seq": ("PreActResNet", {"depth": 20}),
    "wide_resnet.seq": ("WideResNet", {"depth": 16, "k": 1}),
    "densenet_cifar.seq": ("DenseNetBC", {"L": 16, "k": 4}),
    "sparsenet.seq": ("SparseNet", {"L": 19, "k": [2, 4, 6]}),
    "resnext.seq": ("ResNeXtCIFAR", {"depth": 11, "C": 4, "d": 4}),
    "dla.seq": ("DLA", {"widths": [4, 4, 8, 8, 12, 16], "classes": 10}),
}


@pytest.mark.parametrize(("file", "name"), ALL)
def test_counts_are_those_of_torch(file: str, name: str) -> None:
    network = paper_network(file, name)
    with torch.device("meta"):
        module = seqdsl.to_torch(network).eval()
        x = torch.zeros(1, *network.input.type.shape)
    assert list(module.state_dict()) == [parameter.key for parameter in layout(network)]
    assert sum(p.numel() for p in module.parameters()) == network.params
    counter = FlopCounterMode(display=False)
    with counter:
        module(x)
    assert counter.get_total_flops() == 2 * network.macs


@pytest.mark.parametrize(("file", "name"), ALL)
def test_a_hundred_classes(file: str, name: str) -> None:
    network = paper_network(file, name)
    hundred = seqdsl.load(ARCHITECTURES / file, name, classes=100)
    assert hundred.logits.type.shape == (100,)
    (features,) = (network.nodes[index] for index in network.logits.operands)
    fewer = network.logits.type.channels - 100
    assert network.params - hundred.params == fewer * (features.type.channels + 1)


@pytest.mark.parametrize("file", SMALL)
def test_backends_agree(file: str) -> None:
    name, parameters = SMALL[file]
    comparisons = verify(seqdsl.load(ARCHITECTURES / file, name, **parameters), batches=(2,))
    assert len(comparisons) == 6  # PyTorch in four ways, onnxruntime in two
    assert all(c.agrees for c in comparisons), comparisons


@pytest.mark.parametrize("file", SMALL)
def test_a_replay_is_the_expansion(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, parameters = SMALL[file]
    replayed = seqdsl.load(ARCHITECTURES / file, name, **parameters)
    monkeypatch.setattr(Replays, "replay", lambda *_: None)
    assert dump(replayed) == dump(seqdsl.load(ARCHITECTURES / file, name, **parameters))


def test_twenty_two() -> None:
    assert len(ALL) == 22
