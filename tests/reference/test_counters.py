"""Conventions beside the tools that they are named after, to the unit."""

import logging
import warnings
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import fvcore.nn
import ptflops
import pytest
import torch
import torch.nn.functional as F
import torchinfo
from networks import EVERYTHING, compiled, paper_network
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from seqdsl import Network
from seqdsl.graph import operations as ops
from seqdsl.graph.conventions import CONVENTIONS
from seqdsl.graph.node import Node

NETWORKS = {
    "ResNet50": "resnet.seq",
    "ResNeXt50_32x4d": "resnext.seq",
    "DenseNet169": "densenet.seq",
    "VGG16BN": "vgg.seq",
    "DLA34": "dla.seq",
    "ResNet110": "resnet_cifar.seq",
    "PreActResNet164": "preact_resnet.seq",
    "WideResNet16_8": "wide_resnet.seq",
    "SparseNetBC100_k24": "sparsenet.seq",
    "SeqResNetB22": "seqresnet_imagenet.seq",
}
ACTIVATIONS: dict[ops.Function, Callable[[], nn.Module]] = {
    ops.Function.RELU: nn.ReLU,
    ops.Function.RELU6: nn.ReLU6,
    ops.Function.SIGMOID: nn.Sigmoid,
    ops.Function.TANH: nn.Tanh,
    ops.Function.SILU: nn.SiLU,
    ops.Function.GELU: nn.GELU,
    ops.Function.HARD_SIGMOID: nn.Hardsigmoid,
    ops.Function.HARD_SWISH: nn.Hardswish,
}


class OverChannels(nn.Module):
    """Layer norm over the channels of each position, with torch's layer, as ConvNeXt has it."""

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)


class Layers(nn.Module):
    """A network as torchvision writes its ResNet: what torch.nn has a layer for is one of its
    layers, sums and products are operators, and the logits are returned.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.layers = nn.ModuleDict()
        for node in network.nodes:
            made = layer(network, node)
            if made is not None:
                self.layers[str(node.index)] = made

    def forward(self, x: Tensor) -> Tensor:
        values: list[Tensor] = []
        for node in self.network.nodes:
            operands = [values[index] for index in node.operands]
            if not operands:
                values.append(x)
            elif str(node.index) in self.layers:
                values.append(self.layers[str(node.index)](operands[0]))
            else:
                values.append(between(node, operands))
            if node is self.network.logits:
                return values[-1]
        raise AssertionError("the logits are a node")


def layer(network: Network, node: Node) -> nn.Module | None:
    match node.operation:
        case ops.Conv2d(width, kernel, stride, padding, dilation, groups, bias):
            channels = network.nodes[node.operands[0]].type.channels
            return nn.Conv2d(channels, width, kernel, stride, padding, dilation, groups, bias)
        case ops.Linear(width=width, bias=bias):
            elements = network.nodes[node.operands[0]].type.elements
            return nn.Sequential(nn.Flatten(), nn.Linear(elements, width, bias))
        case ops.BatchNorm():
            return nn.BatchNorm2d(node.type.channels)
        case ops.Activation(function=function):
            return ACTIVATIONS[function]()
        case ops.LeakyRelu(slope=slope):
            return nn.LeakyReLU(slope)
        case ops.Elu(alpha=alpha):
            return nn.ELU(alpha)
        case ops.LayerNorm(eps=eps):
            return OverChannels(node.type.channels, eps)
        case ops.MaxPool(kernel, stride, padding, ceil):
            return nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil)
        case ops.AvgPool(kernel, stride, padding, ceil):
            return nn.AvgPool2d(kernel, stride, padding, ceil)
        case ops.GlobalAveragePool():
            return nn.AdaptiveAvgPool2d(1)
        case ops.Upsample(factor=factor, mode=mode):
            return nn.Upsample(scale_factor=factor, mode=mode.value)
        case ops.Dropout(rate=rate):
            return nn.Dropout(rate)
    return None


def between(node: Node, operands: list[Tensor]) -> Tensor:
    x = operands[0]
    match node.operation:
        case ops.Add():
            return reduce(Tensor.__add__, operands)
        case ops.Mean():
            return reduce(Tensor.__add__, operands) / len(operands)
        case ops.Multiply():
            return reduce(Tensor.__mul__, operands)
        case ops.Concat():
            return torch.cat(operands, 1)
        case ops.Shuffle(groups=groups):
            parts = x.reshape(len(x), groups, -1, *x.shape[2:])
            return parts.transpose(1, 2).reshape(x.shape)
        case ops.PadChannels(zeros=zeros):
            return F.pad(x, (0, 0, 0, 0, 0, zeros))
        case ops.Slice(start=start, stop=stop):
            return x[:, start:stop]
    raise AssertionError(f"{node.kind} is a layer")


# --- the tools


def by_fvcore(model: nn.Module, x: Tensor) -> int:
    counted = fvcore.nn.FlopCountAnalysis(model, x)
    return int(counted.unsupported_ops_warnings(False).total())


def by_thop(model: nn.Module, x: Tensor) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        thop = pytest.importorskip("thop", reason="thop needs distutils, which Python 3.12 lacks")
    return int(thop.profile(model, (x,), verbose=False)[0])


def by_ptflops(model: nn.Module, x: Tensor) -> int:
    shape = tuple(x.shape[1:])
    counted, _ = ptflops.get_model_complexity_info(
        model, shape, print_per_layer_stat=False, as_strings=False
    )
    return int(counted)


def by_torchinfo(model: nn.Module, x: Tensor) -> int:
    return int(torchinfo.summary(model, input_data=x, verbose=0, device=x.device).total_mult_adds)


def by_torch(model: nn.Module, x: Tensor) -> int:
    """Twice what the metadata of torchvision's weights hold, in G and rounded."""
    with FlopCounterMode(display=False) as counter:
        model(x)
    return int(counter.get_total_flops())


TOOLS: dict[str, Callable[[nn.Module, Tensor], int]] = {
    "fvcore": by_fvcore,
    "thop": by_thop,
    "ptflops": by_ptflops,
    "torchinfo": by_torchinfo,
    "flops": by_torch,
}


def counted(tool: str, network: Network) -> int:
    """What a tool counts for one sample. Two need values: fvcore traces, and ptflops would count
    the sums by which torch finds the shapes of a meta tensor.
    """
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    device = torch.device("cpu" if tool in ("fvcore", "ptflops") else "meta")
    with device:
        model, x = Layers(network).eval(), torch.zeros(1, *network.input.type.shape)
    with torch.no_grad():
        return TOOLS[tool](model, x)


def same(tool: str, network: Network) -> None:
    count = CONVENTIONS[tool].count(network.cost)
    assert count == counted(tool, network)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_network_counts_as_by_the_tool(name: str, tool: str) -> None:
    same(tool, paper_network(NETWORKS[name], name))


@pytest.mark.parametrize("tool", TOOLS)
def test_every_operation_counts_as_by_the_tool(tmp_path: Path, tool: str) -> None:
    same(tool, compiled(tmp_path, EVERYTHING))


@pytest.mark.parametrize(
    "layer", [*(f.value for f in ops.Function), "elu", "layer_norm", "upsample 3x2"]
)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_layer_alone_counts_as_by_the_tool(tmp_path: Path, tool: str, layer: str) -> None:
    same(tool, compiled(tmp_path, f"network One {{ input 4x7x5; {layer} }}"))


# --- what the tools do not see, as docs/counting.md lists it


class Functional(nn.Module):
    """A convolution and a linear layer that are called as functions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(8, 12, 3, bias=False), nn.Linear(12, 5, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.conv.weight, padding=1)
        return F.linear(x.mean((2, 3)), self.linear.weight)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(2).transpose(1, 2)
        attended: Tensor = self.attention(rows, rows, rows)[0]
        return attended


class Rows(nn.Module):
    """A linear layer that is applied at every position."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 5, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(x.flatten(2).transpose(1, 2))
        return y


POSITIONS = 14 * 14
CONVOLUTION = POSITIONS * 8 * 12 * 9
ATTENTION = POSITIONS * 4 * 8 * 8 + 2 * POSITIONS**2 * 8
BLIND: dict[str, tuple[Callable[[], nn.Module], int, dict[str, int]]] = {
    "transposed": (
        lambda: nn.ConvTranspose2d(8, 12, 3, stride=2, padding=1, bias=False),
        CONVOLUTION,
        {"thop": 27**2 * 8 * 12 * 9, "torchinfo": 27**2 * 8 * 12 * 9},  # by what comes out
    ),
    "same": (
        lambda: nn.Conv2d(8, 12, 3, padding="same", bias=False),
        CONVOLUTION,
        {"fvcore": 0},
    ),
    "functional": (
        Functional,
        CONVOLUTION + 12 * 5,
        {"thop": 0, "ptflops": 0, "torchinfo": 0},
    ),
    "rows": (Rows, POSITIONS * 8 * 5, {"torchinfo": 8 * 5}),
    "attention": (
        Attention,
        ATTENTION,
        {
            "fvcore": 0,
            "thop": 0,
            "torchinfo": 0,
            "flops": 0,  # one operator computes it all, where no gradient is asked for
            "ptflops": ATTENTION + 5 * POSITIONS * 8 + 2 * POSITIONS**2,  # scaling, biases, softmax
        },
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", BLIND)
def test_blind_spots_are_as_documented(name: str, tool: str) -> None:
    make, macs, wrong = BLIND[name]
    expected = wrong.get(tool, 2 * macs if tool == "flops" else macs)
    with torch.no_grad():
        assert TOOLS[tool](make().eval(), torch.zeros(1, 8, 14, 14)) == expected


def test_ptflops_counts_a_relu_twice_as_a_layer_and_once_as_a_function() -> None:
    class Function(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.relu(x)

    x = torch.zeros(1, 8, 14, 14)
    assert by_ptflops(nn.ReLU(), x) == 2 * x.numel()
    assert by_ptflops(Function(), x) == x.numel()
