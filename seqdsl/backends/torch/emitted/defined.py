"""A whole aggregated layer as equations 1 and 2 say, for what traces a module.

torch.compile, torch.export and torch.fx see convolutions and concatenations here, and
make kernels, plans and graphs of their own of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def steps_of(group: nn.Module) -> list[nn.Module]:
    """Convolutions, each followed by its norm, or `nn.Identity` if that is folded."""
    if isinstance(group, nn.Conv2d):
        return [group]
    steps = [step for child in group.children() for step in steps_of(child)]
    if isinstance(group, nn.Identity) or (
        not steps and (group._parameters or group._buffers)
    ):
        return [group]  # a norm of any kind
    return steps


def fuses(steps: Sequence[Sequence[nn.Module]], x: Tensor) -> bool:
    """Whether a layer is computed as a whole: untraced, and of plain steps.

    A hook, or a norm over several processes, needs each step to be called.
    """
    if torch.compiler.is_compiling() or torch._C._get_tracing_state():
        return False
    if not isinstance(x, Tensor):  # torch.fx passes something else
        return False
    plain = {nn.Conv2d, nn.BatchNorm2d, nn.Identity}
    return all(type(s) in plain and not _has_hooks(s) for group in steps for s in group)


def _has_hooks(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )


def defined(
    groups: Sequence[nn.Module],
    x: Tensor,
    shortcut: Tensor | None,
    *,
    starts: Sequence[int],
    raw: bool,
) -> tuple[Tensor | None, Tensor]:
    """What `aggregate` gives, by a concatenation for each group."""
    raws: list[Tensor] = []
    features: list[Tensor] = []
    first = steps_of(groups[0])[0]
    assert isinstance(first, nn.Conv2d)
    at, channels = 0, starts[0] + first.in_channels
    for group, start in zip(groups, starts, strict=True):
        if start < channels:
            value = torch.cat([x[:, start:], *features], 1)
        else:
            value = torch.cat(features, 1)[:, start - channels :]
        *inner, conv, norm = steps_of(group)
        assert isinstance(conv, nn.Conv2d)
        for step, after in zip(inner[::2], inner[1::2], strict=True):
            value = after(step(value)).relu()
        value, width = conv(value), conv.out_channels
        if shortcut is not None:
            value = value + shortcut[:, at : at + width]
        at += width
        raws.append(value)
        features.append(norm(value).relu())
    return (torch.cat(raws, 1) if raw else None), torch.cat(features, 1)
