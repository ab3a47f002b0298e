"""Networks written in plain PyTorch from their papers' equations, beside those of the library.

Each takes the parameters of the library's network from a list, one convolution or batch norm after
another, and defines for itself how they are wired.
"""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from networks import ARCHITECTURES
from torch import Tensor

import seqdsl
from seqdsl.backends.weights.state import random_state


class Layers:
    """The layers of the field, each on the next parameters."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self._values = iter(state.values())

    def conv(self, x: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
        weight = next(self._values)
        return F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, groups)

    def norm(self, x: Tensor) -> Tensor:
        scale, shift, mean, var = (next(self._values) for _ in range(4))
        wide = (1, -1, 1, 1)
        whitened = (x - mean.view(wide)) / (var.view(wide) + 1e-5).sqrt()
        return whitened * scale.view(wide) + shift.view(wide)

    def classifier(self, x: Tensor) -> Tensor:
        weight, bias = next(self._values), next(self._values)
        return x.mean((2, 3)) @ weight.T + bias

    def done(self) -> bool:
        return next(self._values, None) is None


def preactivation(layers: Layers, x: Tensor, width: int, stride: int, kernels: int) -> Tensor:
    """x_{l+1} = h(x_l) + F(x_l), h the identity unless the shape changes: He et al. 2016b, Eq. 1.

    F is ``kernels`` times norm, ReLU and convolution; a change of shape is a convolution of what
    the first ReLU gives. The stride is on the first 3x3.
    """
    active = F.relu(layers.norm(x))
    branch = layers.conv(active, stride if kernels == 2 else 1)
    for index in range(1, kernels):
        strided = kernels == 3 and index == 1
        branch = layers.conv(F.relu(layers.norm(branch)), stride if strided else 1)
    same = stride == 1 and x.shape[1] == width
    return branch + (x if same else layers.conv(active, stride))


def staged(n: int, widths: list[int], kernels: int) -> Callable[[Layers, Tensor], Tensor]:
    """Three stages of n units; all but the first halve the side."""

    def network(layers: Layers, x: Tensor) -> Tensor:
        x = layers.conv(x)
        for stage, width in enumerate(widths):
            for unit in range(n):
                stride = 2 if stage and not unit else 1
                x = preactivation(layers, x, width, stride, kernels)
        return layers.classifier(F.relu(layers.norm(x)))

    return network


def residual(n: int) -> Callable[[Layers, Tensor], Tensor]:
    """y = ReLU(x + F(x)) with option A: strided, and zeros for the channels that are new."""

    def network(layers: Layers, x: Tensor) -> Tensor:
        x = F.relu(layers.norm(layers.conv(x)))
        for stage in range(3):
            for unit in range(n):
                stride = 2 if stage and not unit else 1
                branch = F.relu(layers.norm(layers.conv(x, stride)))
                branch = layers.norm(layers.conv(branch))
                x = x[:, :, ::stride, ::stride]
                zeros = torch.zeros(len(x), branch.shape[1] - x.shape[1], *x.shape[2:])
                x = F.relu(branch + torch.cat([x, zeros], 1))
        return layers.classifier(x)

    return network


def sparse(n: int, bottleneck: bool) -> Callable[[Layers, Tensor], Tensor]:
    """x_l = H(x_{l-1}, x_{l-2}, x_{l-4}, ...) of Zhu et al. 2018; what leaves a block, likewise."""

    def seen(known: list[Tensor]) -> Tensor:
        powers = [2**i for i in range(20) if 2**i <= len(known)]
        return torch.cat([known[-power] for power in reversed(powers)], 1)

    def network(layers: Layers, x: Tensor) -> Tensor:
        x = layers.conv(x)
        for block in range(3):
            if block:
                x = F.avg_pool2d(layers.conv(F.relu(layers.norm(x))), 2)
            known = [x]
            for _ in range(n):
                new = seen(known)
                for _ in range(2 if bottleneck else 1):
                    new = layers.conv(F.relu(layers.norm(new)))
                known.append(new)
            x = seen(known)
        return layers.classifier(F.relu(layers.norm(x)))

    return network


def dla(widths: list[int]) -> Callable[[Layers, Tensor], Tensor]:
    """Deep layer aggregation, Yu et al. 2018: Eq. 3 for each level, and Eq. 1 between levels.

    T_n(x) = N(L_2, L_1, what it was handed, R_1, ..., R_{n-1}), where R are the trees below it.
    """
    depths = [1, 2, 2, 1]

    def plain(layers: Layers, x: Tensor, stride: int = 1) -> Tensor:
        return F.relu(layers.norm(layers.conv(x, stride)))

    def block(layers: Layers, x: Tensor, width: int, stride: int) -> Tensor:
        branch = plain(layers, x, stride)
        branch = layers.norm(layers.conv(branch))
        skip = F.max_pool2d(x, stride) if stride > 1 else x
        if skip.shape[1] != width:
            skip = layers.norm(layers.conv(skip))
        return F.relu(branch + skip)

    def tree(
        layers: Layers, n: int, x: Tensor, width: int, stride: int, handed: list[Tensor]
    ) -> Tensor:
        for depth in range(n - 1, 0, -1):
            x = tree(layers, depth, x, width, stride, [])
            handed, stride = [*handed, x], 1
        first = block(layers, x, width, stride)
        second = block(layers, first, width, 1)
        return plain(layers, torch.cat([second, first, *handed], 1))

    def network(layers: Layers, x: Tensor) -> Tensor:
        x = plain(layers, plain(layers, x))
        x = plain(layers, x, 2)
        for level, (n, width) in enumerate(zip(depths, widths[2:], strict=True)):
            handed = [F.max_pool2d(x, 2)] if level else []
            x = tree(layers, n, x, width, 2, handed)
        return layers.classifier(x)

    return network


WIDTHS = [4, 6, 8, 8, 12, 16]


@pytest.mark.parametrize(
    ("file", "name", "parameters", "definition"),
    [
        ("preact_resnet.seq", "PreActResNet", {"depth": 29}, staged(3, [64, 128, 256], 3)),
        ("wide_resnet.seq", "WideResNet", {"depth": 16, "k": 2}, staged(2, [32, 64, 128], 2)),
        ("wide_resnet.seq", "WideResNet", {"depth": 10, "k": 1}, staged(1, [16, 32, 64], 2)),
        ("resnet_cifar.seq", "ResNetCIFAR", {"depth": 20}, residual(3)),
        ("sparsenet.seq", "SparseNet", {"L": 31, "k": [4, 6, 8]}, sparse(9, False)),
        ("sparsenet.seq", "SparseNetBC", {"L": 34, "k": [4, 2, 6]}, sparse(5, True)),
        ("dla.seq", "DLA", {"widths": WIDTHS, "classes": 10}, dla(WIDTHS)),
    ],
)
def test_a_network_is_its_equations(file: str, name: str, parameters, definition) -> None:
    network = seqdsl.load(ARCHITECTURES / file, name, **parameters)
    state = {key: torch.from_numpy(value) for key, value in random_state(network).items()}
    module = seqdsl.to_torch(network).eval()
    module.load_state_dict(state)
    x = torch.randn(2, *network.input.type.shape, generator=torch.Generator().manual_seed(0))
    layers = Layers(state)
    with torch.inference_mode():
        expected = definition(layers, x)
        actual = module(x)
    assert layers.done()
    assert (actual - expected).abs().max() <= 1e-5 * expected.abs().max()
