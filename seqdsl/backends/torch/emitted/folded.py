"""A whole aggregated layer for inference, its batch norms folded into the convolutions.

Group i of g reads the columns ``starts[i] : channels + i k`` of the sequence
``[x | x_1 | ... | x_i]`` (equations 1 and 2, counted from 0) and gives k channels. The
layer's features stand in one channels_last tensor into which every group writes its
own; a 1x1 convolution reads its window where it stands, as a product over columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqdsl.backends.torch.emitted.defined import defined, fuses, steps_of


def aggregate(
    groups: Sequence[nn.Module],
    x: Tensor,
    shortcut: Tensor | None = None,
    *,
    starts: Sequence[int],
    block: int,
    raw: bool = False,
) -> tuple[Tensor | None, Tensor]:
    """Values before the last norms (where ``raw``) and features, both [N, g k, H, W].

    ``x`` is [N, channels, H, W], ``shortcut`` [N, g k, H, W]. The `nn.Conv2d` of a
    group (stride 1, as large out as in) are its steps, each followed by ReLU, the last
    perhaps by a batch norm first. ``block`` groups share one convolution over what is
    known before them.
    """
    steps = [steps_of(group) for group in groups]
    if not fuses(steps, x):
        return defined(groups, x, shortcut, starts=starts, raw=raw)
    x = x.contiguous(memory_format=torch.channels_last)
    n, channels, h, w = x.shape
    chains = [[step for step in each if isinstance(step, nn.Conv2d)] for each in steps]
    k = chains[0][-1].out_channels
    y = x.new_empty(n, h, w, len(groups) * k).permute(0, 3, 1, 2)
    raws = torch.empty_like(y) if raw else None
    for low in range(0, len(groups), block):
        together = range(low, min(low + block, len(groups)))
        edge = channels + low * k
        shared = _shared(
            [chains[i][0] for i in together], [starts[i] for i in together], x, y, edge
        )
        for i, part in zip(together, shared, strict=True):
            own, value = slice(i * k, (i + 1) * k), part
            if i > low:
                begin = max(starts[i], edge) - channels
                conv, recent = chains[i][0], y[:, begin : i * k]
                weight = conv.weight[:, begin - i * k :]
                value = value + _product(conv, [recent], weight, None)
            for conv in chains[i][1:]:
                value = _convolve(conv, value.relu_(), conv.weight, conv.bias)
            if shortcut is not None:
                value = value.add_(shortcut[:, own])
            if raws is not None:
                raws[:, own] = value
            torch.clamp_min(steps[i][-1](value), 0, out=y[:, own])
    return raws, y


def _shared(
    convs: Sequence[nn.Conv2d], starts: Sequence[int], x: Tensor, y: Tensor, edge: int
) -> Sequence[Tensor]:
    """The first convolutions of some groups over the columns before ``edge`` at once.

    Where a group's window has moved on, its weight is zero.
    """
    conv, low = convs[0], min(*starts, edge)
    channels = x.shape[1]
    parts = [x[:, low:], y[:, max(low - channels, 0) : edge - channels]]
    read = [part for part in parts if part.shape[1]]
    if len(convs) == 1:
        return [_product(conv, read, conv.weight, conv.bias)]
    weights = []
    for each, start in zip(convs, starts, strict=True):
        known = each.weight[:, : max(edge - start, 0)]
        weights.append(F.pad(known, (0, 0, 0, 0, edge - low - known.shape[1], 0)))
    biases = [each.bias for each in convs if each.bias is not None]
    bias = torch.cat(biases) if biases else None
    return _product(conv, read, torch.cat(weights), bias).chunk(len(convs), 1)


def _product(
    conv: nn.Conv2d, parts: Sequence[Tensor], weight: Tensor, bias: Tensor | None
) -> Tensor:
    """The convolution of parts side by side; a 1x1 is a sum of matrix products."""
    if conv.kernel_size != (1, 1) or conv.groups != 1:
        window = parts[0] if len(parts) == 1 else torch.cat(list(parts), 1)
        return _convolve(conv, window, weight, bias)
    weights, out, at = weight.flatten(1), None, 0
    for part in parts:
        share = weights[:, at : at + part.shape[1]].t()
        at += part.shape[1]
        if out is not None:
            out.addmm_(_rows(part), share)
        elif bias is not None:
            out = torch.addmm(bias, _rows(part), share)
        else:
            out = _rows(part) @ share
    assert out is not None
    n, _, h, w = parts[0].shape
    return out.view(n, h, w, -1).permute(0, 3, 1, 2)


def _rows(image: Tensor) -> Tensor:
    """[N, C, H, W] in channels_last, or columns of it, as the matrix [N H W, C]."""
    return image.permute(0, 2, 3, 1).flatten(0, 2)


def _convolve(
    conv: nn.Conv2d, x: Tensor, weight: Tensor, bias: Tensor | None
) -> Tensor:
    x = x.contiguous(memory_format=torch.channels_last)
    return F.conv2d(x, weight, bias, 1, conv.padding, conv.dilation, conv.groups)
