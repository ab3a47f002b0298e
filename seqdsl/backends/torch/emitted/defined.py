"""A whole aggregated layer as equations 1 and 2 say, for what traces a module.

torch.compile and torch.export see convolutions and concatenations here, and make
kernels and plans of their own of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def defined(
    groups: Sequence[nn.Module],
    x: Tensor,
    shortcut: Tensor | None,
    *,
    starts: Sequence[int],
    raw: bool,
) -> tuple[Tensor | None, Tensor]:
    """What `aggregate` gives, by a concatenation for each group.

    The steps of a group are its `nn.Conv2d`, each with what follows it: an
    `nn.BatchNorm2d`, or the `nn.Identity` that a folded one leaves.
    """
    raws: list[Tensor] = []
    features: list[Tensor] = []
    at, channels = 0, x.shape[1]
    for group, start in zip(groups, starts, strict=True):
        if start < channels:
            value = torch.cat([x[:, start:], *features], 1)
        else:
            value = torch.cat(features, 1)[:, start - channels :]
        kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Identity)
        steps = [module for module in group.modules() if isinstance(module, kinds)]
        *inner, conv, norm = steps
        for step, after in zip(inner[::2], inner[1::2], strict=True):
            value = after(step(value)).relu()
        value = conv(value)
        if shortcut is not None:
            value = value + shortcut[:, at : at + value.shape[1]]
        at += value.shape[1]
        raws.append(value)
        features.append(norm(value).relu())
    return (torch.cat(raws, 1) if raw else None), torch.cat(features, 1)
