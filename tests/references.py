"""Networks as others write them, in plain torch, each beside the same one in the language.

Names and the order of registration are those of torchvision; the sizes are small.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """He et al. 2016, with the shortcut registered last, as in torchvision."""

    def __init__(self, width: int, inner: int, out: int, stride: int, groups: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or width != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class ResNet(nn.Module):
    """``inners`` and ``blocks`` of each stage; a stage's width is four times its ``inner``.

    The first block's third convolution and its shortcut have one shape, as in ResNet-50.
    """

    def __init__(
        self,
        inners: Sequence[int] = (4, 8),
        blocks: Sequence[int] = (2, 2),
        stem: int = 4,
        kernel: int = 3,
        classes: int = 5,
        widen: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem, kernel, 2, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        width = stem
        for number, (inner, count) in enumerate(zip(inners, blocks, strict=True), 1):
            stage = []
            for index in range(count):
                stride = 2 if number > 1 and index == 0 else 1
                stage.append(Bottleneck(width, inner * widen, 4 * inner, stride, groups))
                width = 4 * inner
            self.add_module(f"layer{number}", nn.Sequential(*stage))
        self.fc = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.conv1(x)).relu()
        for name, stage in self.named_children():
            x = stage(x) if name.startswith("layer") else x
        return self.fc(x.mean((2, 3)))


# A block with its shortcut first, or last, as a file may have it.
BOTTLENECKS = {
    "first": """
block bottleneck(inner: positive, width: positive, stride: positive, groups: positive) {
  skip = in
  if stride != 1 or in.width != width { skip = in | conv 1x1, width, stride=stride, act=none }
  conv 1x1, inner
  conv 3x3, inner, stride=stride, groups=groups
  conv 1x1, width, act=none
  add it, skip
  relu
}
""",
    "last": """
block shortcut(width: positive, stride: positive) {
  if stride != 1 or in.width != width { conv 1x1, width, stride=stride, act=none }
}
block bottleneck(inner: positive, width: positive, stride: positive, groups: positive) {
  conv 1x1, inner
  conv 3x3, inner, stride=stride, groups=groups
  conv 1x1, width, act=none
  skip = in | shortcut width, stride
  add it, skip
  relu
}
""",
}


def resnet(
    shortcut: str,
    inners: Sequence[int] = (4, 8),
    blocks: Sequence[int] = (2, 2),
    stem: int = 4,
    kernel: int = 3,
    classes: int = 5,
    widen: int = 1,
    groups: int = 1,
) -> str:
    """The same as `ResNet` in the language."""
    lines = [f"conv {kernel}x{kernel}, {stem}, stride=2"]
    for number, (inner, count) in enumerate(zip(inners, blocks, strict=True)):
        for index in range(count):
            stride = 2 if number and not index else 1
            lines.append(f"bottleneck {inner * widen}, {4 * inner}, {stride}, {groups}")
    body = "; ".join(lines)
    head = f"global_average_pool; fc {classes}"
    return f"{BOTTLENECKS[shortcut]}network N {{ input 3x16x16; {body}; {head} }}"


class VGG(nn.Module):
    """Convolutions with biases and batch norms in one Sequential, as in torchvision."""

    def __init__(
        self,
        widths: Sequence[int | None] = (6, 6, None, 8, 8),
        hidden: int = 10,
        size: int = 4,
        classes: int = 5,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for out in widths:
            if out is None:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            width = out
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(width * size * size, hidden), nn.ReLU(), nn.Dropout(),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


def vgg(
    widths: Sequence[int | None] = (6, 6, None, 8, 8),
    hidden: int = 10,
    side: int = 8,
    classes: int = 5,
) -> str:
    """The same as `VGG` in the language, for an input of ``side`` by ``side``."""
    body = "; ".join("max_pool 2" if width is None else f"layer {width}" for width in widths)
    return f"""
block layer(width: positive) {{ conv2d 3x3, width, bias=true; batch_norm; relu }}
network N {{
  input 3x{side}x{side}
  {body}
  fc {hidden}; relu; dropout 0.5; fc {hidden}; relu; dropout 0.5; fc {classes}
}}
"""


class DenseLayer(nn.Module):
    """Huang et al. 2017: a norm before each convolution, registered as it is computed."""

    def __init__(self, width: int, k: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, 4 * k, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * k)
        self.conv2 = nn.Conv2d(4 * k, k, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(self.norm1(x).relu())
        return torch.cat([x, self.conv2(self.norm2(y).relu())], 1)


class DenseNet(nn.Module):
    """Blocks of pre-activated layers with transitions between them, named as in torchvision.

    Growing by 4 from 16, the first layer's two norms have one shape.
    """

    def __init__(
        self, n: Sequence[int] = (3, 2), k: int = 4, stem: int = 16, classes: int = 5
    ) -> None:
        super().__init__()
        features: OrderedDict[str, nn.Module] = OrderedDict()
        features["conv0"] = nn.Conv2d(3, stem, 3, padding=1, bias=False)
        features["norm0"] = nn.BatchNorm2d(stem)
        features["relu0"] = nn.ReLU()
        width = stem
        for number, count in enumerate(n, 1):
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            for index in range(count):
                layers[f"denselayer{index + 1}"] = DenseLayer(width, k)
                width += k
            features[f"denseblock{number}"] = nn.Sequential(layers)
            if number < len(n):
                features[f"transition{number}"] = nn.Sequential(
                    OrderedDict(
                        norm=nn.BatchNorm2d(width),
                        relu=nn.ReLU(),
                        conv=nn.Conv2d(width, width // 2, 1, bias=False),
                        pool=nn.AvgPool2d(2),
                    )
                )
                width //= 2
        features["norm5"] = nn.BatchNorm2d(width)
        self.features = nn.Sequential(features)
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).relu().mean((2, 3)))


def densenet(n: Sequence[int] = (3, 2), k: int = 4, stem: int = 16, classes: int = 5) -> str:
    """The same as `DenseNet` in the language."""
    transition = "batch_norm; relu; conv2d 1x1, it.width // 2; avg_pool 2"
    body = f"; {transition}; ".join(f"dense {count}, {k}" for count in n)
    return f"""
block dense(n: positive, k: positive) {{
  aggregate i in 1..n, window=all, keep=input {{
    batch_norm; relu; conv2d 1x1, 4*k
    batch_norm; relu; conv2d 3x3, k
  }}
}}
network N {{
  input 3x8x8
  conv 3x3, {stem}; {body}; batch_norm; relu
  global_average_pool; fc {classes}
}}
"""


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with every parameter and statistic random, so that each matters to the output."""
    generator = torch.Generator().manual_seed(seed)
    for key, value in module.state_dict().items():
        if key.endswith("running_var") or (key.endswith("weight") and value.ndim == 1):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.is_floating_point():
            value.normal_(0, value[0].numel() ** -0.5 if value.ndim > 1 else 0.1,
                          generator=generator)  # fmt: skip
    return module.eval()
