"""Batch norms whose statistics are those of a batch over all processes, on any device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable


class _Sum(torch.autograd.Function):
    """The sum over all processes; each sends back what it is told, to all."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ARG004
        return _summed(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # noqa: ARG004
        return _summed(grad)


def _summed(values: Tensor) -> Tensor:
    total = values.clone()
    distributed.all_reduce(total)
    return total


class SyncedBatchNorm2d(nn.BatchNorm2d):
    """In training, the norm of the samples of all processes, each of which has as many."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        processes = distributed.get_world_size()
        values = x.float()
        var, mean = torch.var_mean(values, (0, 2, 3), correction=0)
        # sums of squares lose no digits that float32 would keep
        mean, var = mean.double(), var.double()
        sums: Tensor = _Sum.apply(torch.stack([mean, var + mean**2]))  # type: ignore[no-untyped-call]
        mean, square = sums / processes
        var = square - mean**2
        if self.running_mean is not None and self.running_var is not None:
            count = processes * x.numel() // x.shape[1]
            unbiased = var.detach() * count / (count - 1)
            momentum = self.momentum or 0.0
            self.running_mean.lerp_(mean.detach().to(self.running_mean), momentum)
            self.running_var.lerp_(unbiased.to(self.running_var), momentum)
        scale = (var + self.eps).rsqrt() * self.weight
        shift = self.bias - mean * scale
        as_map = (1, -1, 1, 1)
        out: Tensor = values * scale.float().view(as_map) + shift.float().view(as_map)
        return out.to(x.dtype)


def sync_batch_norms(module: nn.Module) -> None:
    """Makes every batch norm one over all processes; parameters and keys stay."""
    for child in module.modules():
        if isinstance(child, nn.BatchNorm2d):
            child.__class__ = SyncedBatchNorm2d
