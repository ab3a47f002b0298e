"""The networks of examples/networks: their figures, and a plain definition of each beside them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from networks import ROOT
from torch import Tensor

import seqdsl
from seqdsl import Network
from seqdsl.backends.torch.scaling import scale_norms
from seqdsl.backends.verify import verify
from seqdsl.backends.weights.state import random_state

FOLDER = ROOT / "examples" / "networks"
FILES = sorted(FOLDER.glob("*.seq"))
SMALL = {"unet": {"width": 4}}  # what makes a network quick enough for a test


def load(stem: str) -> Network:
    return seqdsl.load(FOLDER / f"{stem}.seq", **SMALL.get(stem, {}))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_nothing_is_to_be_said(path: Path) -> None:
    assert not seqdsl.check(path)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_backends_agree(path: Path) -> None:
    comparisons = verify(load(path.stem), batches=(1,))
    assert all(c.agrees for c in comparisons), comparisons


# Parameters of torchvision's MobileNetV2, ShuffleNet V2 and GoogLeNet (with its side classifiers,
# and 3x3 where the paper has 5x5), and of the SE-ResNet-50 that others have published.
def test_published_parameters(tmp_path: Path) -> None:
    assert load("mobilenet_v2").params == 3_504_872
    assert load("se_resnet").params == 28_088_024
    assert load("shufflenet_v2").params == 2_278_604
    narrow = tmp_path / "narrow.seq"
    text = (FOLDER / "inception.seq").read_text()
    narrow.write_text(text.replace("| conv 5x5, five", "| conv 3x3, five"))
    assert seqdsl.load(narrow).params == 13_004_888


def test_published_operations() -> None:
    assert abs(load("mobilenet_v2").macs - 300e6) < 1e6  # "300M multiply-adds"
    assert abs(load("shufflenet_v2").macs - 146e6) < 1.2e6  # printed 146M, computed 144.9M


class Weights:
    """A state_dict's values one after another, and the layers that take them."""

    def __init__(self, values: Iterator[Tensor]) -> None:
        self.values = values

    def conv(
        self,
        x: Tensor,
        stride: int = 1,
        act: Callable[[Tensor], Tensor] = F.relu,
        depthwise: bool = False,
    ) -> Tensor:
        weight, scale, shift, mean, var = (next(self.values) for _ in range(5))
        groups = len(weight) if depthwise else 1
        x = F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
        return act(F.batch_norm(x, mean, var, scale, shift))

    def plain(self, x: Tensor) -> Tensor:
        """A 1x1 convolution with a bias."""
        weight, bias = next(self.values), next(self.values)
        return torch.einsum("nchw,oc->nohw", x, weight[:, :, 0, 0]) + bias[:, None, None]

    def fc(self, x: Tensor) -> Tensor:
        weight, bias = next(self.values), next(self.values)
        return x.flatten(1) @ weight.T + bias


def identity(x: Tensor) -> Tensor:
    return x


def mobilenet_v2(w: Weights, x: Tensor) -> list[Tensor]:
    x = w.conv(x, 2, F.relu6)
    width = 32
    for t, c, n, s in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                       (6, 160, 3, 2), (6, 320, 1, 1)]:  # fmt: skip
        for i in range(n):
            stride = s if i == 0 else 1
            y = w.conv(x, act=F.relu6) if t > 1 else x
            y = w.conv(y, stride, F.relu6, depthwise=True)
            y = w.conv(y, act=identity)
            x = x + y if stride == 1 and width == c else y
            width = c
    return [w.fc(w.conv(x, act=F.relu6).mean((2, 3)))]


def se_resnet(w: Weights, x: Tensor) -> list[Tensor]:
    x = F.max_pool2d(w.conv(x, 2), 3, 2, 1)
    for n, stage_stride in ((3, 1), (4, 2), (6, 2), (3, 2)):
        for i in range(n):
            stride = stage_stride if i == 0 else 1
            skip = w.conv(x, stride, identity) if i == 0 else x
            y = w.conv(w.conv(w.conv(x), stride), act=identity)
            gate = torch.sigmoid(w.plain(F.relu(w.plain(y.mean((2, 3), keepdim=True)))))
            x = F.relu(skip + gate * y)
    return [w.fc(x.mean((2, 3)))]


def inception(w: Weights, x: Tensor) -> list[Tensor]:
    def block(x: Tensor) -> Tensor:
        one, three, five = w.conv(x), w.conv(w.conv(x)), w.conv(w.conv(x))
        return torch.cat([one, three, five, w.conv(F.max_pool2d(x, 3, 1, 1))], 1)

    def side(x: Tensor) -> Tensor:
        return w.fc(F.relu(w.fc(w.conv(F.avg_pool2d(x, 5, 3)))))

    def halve(x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    x = halve(w.conv(x, 2))
    x = halve(w.conv(w.conv(x)))
    x = block(halve(block(block(x))))
    first = side(x)
    x = block(block(block(x)))
    second = side(x)
    x = block(block(halve(block(x))))
    return [w.fc(x.mean((2, 3))), first, second]


def shufflenet_v2(w: Weights, x: Tensor) -> list[Tensor]:
    def joined(a: Tensor, b: Tensor) -> Tensor:
        return torch.stack([a, b], 2).flatten(1, 2)  # one channel of each in turn

    def worked(x: Tensor, stride: int) -> Tensor:
        return w.conv(w.conv(w.conv(x), stride, identity, depthwise=True))

    x = F.max_pool2d(w.conv(x, 2), 3, 2, 1)
    for units in (3, 7, 3):
        left = w.conv(w.conv(x, 2, identity, depthwise=True))
        x = joined(left, worked(x, 2))
        for _ in range(units):
            kept, other = x.chunk(2, 1)
            x = joined(kept, worked(other, 1))
    return [w.fc(w.conv(x).mean((2, 3)))]


def unet(w: Weights, x: Tensor) -> list[Tensor]:
    down = []
    for level in range(5):
        x = w.conv(w.conv(F.max_pool2d(x, 2) if level else x))
        down.append(x)
    for across in reversed(down[:-1]):
        x = w.conv(x.repeat_interleave(2, 2).repeat_interleave(2, 3))
        x = w.conv(w.conv(torch.cat([across, x], 1)))
    return [w.plain(x)]


@pytest.mark.parametrize(
    "define", [mobilenet_v2, se_resnet, inception, shufflenet_v2, unet], ids=lambda f: f.__name__
)
def test_plain_definition(define: Callable[[Weights, Tensor], list[Tensor]]) -> None:
    network = load(define.__name__)
    torch.manual_seed(0)
    x = torch.randn(1, *network.input.type.shape).double()
    state = {k: torch.from_numpy(v).double() for k, v in random_state(network).items()}
    scale_norms(network, state, x)
    module = seqdsl.to_torch(network).double().eval()
    module.load_state_dict(state)
    weights = Weights(iter(state.values()))
    with torch.inference_mode():
        given = module(x)
        expected = define(weights, x)
    assert next(weights.values, None) is None
    for actual, wanted in zip(
        given if isinstance(given, tuple) else (given,), expected, strict=True
    ):
        assert (actual - wanted).abs().max() <= 1e-10 * wanted.abs().max()
