"""SeqConv networks as equations 1 and 2 say, in plain PyTorch: what seqdsl is measured against.

Nothing here comes from seqdsl. Parameters are registered in dataflow order, so that `copy_state`
fills a definition from a compiled network.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor, nn

Faces: TypeAlias = tuple[Tensor, Tensor]  # a layer's values before its batch norm, and behind ReLU


class Conv(nn.Module):
    """Convolution, batch norm and ReLU; a shortcut is added before the norm (section 3.2)."""

    def __init__(self, channels: int, width: int, kernel: int, stride=1, groups=1) -> None:
        super().__init__()
        padding = kernel // 2
        self.conv = nn.Conv2d(channels, width, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, shortcut: Tensor | None = None) -> Faces:
        raw = self.conv(x)
        if shortcut is not None:
            raw = raw + shortcut
        return raw, torch.relu(self.norm(raw))


class SeqConv(nn.Module):
    """x_i = F_i([x_{i-n}, ..., x_{i-1}]): n = g' slides (Eq. 2), without n all is seen (Eq. 1)."""

    def __init__(
        self, channels: int, width: int, k: int, kernels: Sequence[int], c=1, slides=False
    ) -> None:
        super().__init__()
        self.k, self.first = k, k if slides else channels
        self.transforms = nn.ModuleList()
        for i in range(width // k):
            seen = channels if slides else channels + i * k
            widths = [seen] + [k] * len(kernels)
            convs = [
                Conv(a, b, kernel) for (a, b), kernel in zip(pairwise(widths), kernels, strict=True)
            ]
            if c > 1:
                convs[-1] = Conv(widths[-2], k, kernels[-1], groups=c)
            self.transforms.append(nn.ModuleList(convs))
        self.window = channels // k if slides else None

    def forward(self, x: Tensor, shortcut: Tensor | None = None) -> Faces:
        groups, raws = list(x.split(self.first, 1)), []
        shortcuts = [None] * len(self.transforms) if shortcut is None else shortcut.split(self.k, 1)
        for (*head, last), skip in zip(self.transforms, shortcuts, strict=True):
            y = torch.cat(groups if self.window is None else groups[-self.window :], 1)
            for conv in head:
                _, y = conv(y)
            raw, y = last(y, skip)
            raws.append(raw)
            groups.append(y)
        return torch.cat(raws, 1), torch.cat(groups[-len(raws) :], 1)


class Network(nn.Module):
    """Tables 1 and 2: a stem, then per stage a downsampling and its residual blocks."""

    def __init__(
        self,
        stem: Sequence[Conv],
        first: SeqConv,
        stages: Sequence[tuple[nn.Module | None, Conv | None, Sequence[tuple[SeqConv, SeqConv]]]],
        last: Conv,
        classes: int,
        drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.stem, self.first = nn.ModuleList(stem), first
        self.stages = nn.ModuleList()
        for extension, downsizing, blocks in stages:
            parts = nn.ModuleDict()
            if extension is not None:
                parts["extension"] = extension
            if downsizing is not None:
                parts["downsizing"] = downsizing
            parts["blocks"] = nn.ModuleList(nn.ModuleList(pair) for pair in blocks)
            self.stages.append(parts)
        self.last = last
        self.classifier = nn.Linear(last.conv.out_channels, classes)
        self.drop = nn.Dropout(drop) if drop else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.stem:
            _, x = conv(x)
        raw, x = self.first(x)
        for stage in self.stages:
            if "extension" in stage:
                x = torch.cat([x, stage["extension"](self.drop(x))[1]], 1)
            if "downsizing" in stage:
                raw, x = stage["downsizing"](x)
            for first, second in stage["blocks"]:
                _, y = first(self.drop(x))
                raw, x = second(self.drop(y), raw)
        _, x = self.last(self.drop(x))
        return self.classifier(x.mean((2, 3)))


def _blocks(n: int, width: int, k: int, kernels: Sequence[int], c=1):
    made = lambda: SeqConv(width, width, k, kernels, c, slides=True)  # noqa: E731
    return [(made(), made()) for _ in range(n)]


def seqresnet(k: int, r: int, N: Sequence[int] = (1, 1, 1), kernels=(3,), classes=10) -> Network:
    """SeqResNet (``kernels=(3,)``) and SeqResNet-B (``(1, 3)``) for CIFAR, Table 1."""
    w = 16 * r
    stages = [(None, None, _blocks(N[0], w, k, kernels))]
    for n, (before, width) in zip(N[1:], ((w, 2 * w), (2 * w, 3 * w)), strict=True):
        extension = SeqConv(before, w, k, kernels, slides=True)
        downsizing = Conv(before + w, width, 3, 2, groups=width // k)
        stages.append((extension, downsizing, _blocks(n, width, k, kernels)))
    first = SeqConv(16, w, k, kernels)
    return Network([Conv(3, 16, 3)], first, stages, Conv(3 * w, 3 * w, 1), classes, drop=0.1)


def imagenet(rows, last: int) -> Network:
    """The networks of Table 2, from rows of (width, k, c, groups of the downsizing, N)."""
    width, k, c, groups, n = rows[0]
    first = SeqConv(32, width, k, (1, 3), c)
    stages = [(None, Conv(width, width, 3, 2, groups), _blocks(n, width, k, (1, 3), c))]
    for row in rows[1:]:
        extension = SeqConv(width, row[0] - width, k, (1, 3), c, slides=True)
        width, k, c, groups, n = row
        stages.append(
            (extension, Conv(width, width, 3, 2, groups), _blocks(n, width, k, (1, 3), c))
        )
    return Network([Conv(3, 32, 3, 2), Conv(32, 32, 3)], first, stages, Conv(width, last, 1), 1000)


def seqresnet_b(N: Sequence[int]) -> Network:
    rows = [(128, 32, 1, 4), (256, 64, 1, 4), (512, 64, 1, 8), (1024, 128, 1, 8)]
    return imagenet([(*row, n) for row, n in zip(rows, N, strict=True)], 1024)
