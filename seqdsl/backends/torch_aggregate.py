"""A whole aggregated layer as one autograd function that keeps no concatenation.

Group i of g reads the columns ``starts[i] : channels + i k`` of the sequence ``[x | x_1 | ... |
x_i]`` (equations 1 and 2, counted from 0) and gives k channels: a chain of convolutions, each
followed by batch norm and ReLU; a shortcut joins the last convolution before its norm. Written
with ``torch.cat``, every group keeps a copy of its window for the backward pass. Here the layer's
features stand in one tensor, windows are views of it or short-lived copies, and of a group only
the values before its norms are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_aten = torch.ops.aten


def aggregate(
    groups: Sequence[nn.Module],
    x: Tensor,
    shortcut: Tensor | None = None,
    *,
    starts: Sequence[int],
    block: int,
    raw: bool = False,
    recompute: bool = False,
) -> tuple[Tensor | None, Tensor]:
    """The layer's values before its last norms (where ``raw``) and its features, [N, g k, H, W].

    ``x`` is [N, channels, H, W], ``shortcut`` [N, g k, H, W]. The `nn.Conv2d` (stride 1, as large
    out as in, no bias) and `nn.BatchNorm2d` in a group, in order, are its steps. ``block`` groups
    share one product with all that is known before them. With ``recompute`` the backward pass
    computes the convolutions again, and a layer without a shortcut keeps its features alone.
    """
    steps = [
        list(
            zip(
                (m for m in group.modules() if isinstance(m, nn.Conv2d)),
                (m for m in group.modules() if isinstance(m, nn.BatchNorm2d)),
                strict=True,
            )
        )
        for group in groups
    ]
    weights = [conv.weight for chain in steps for conv, _ in chain]
    scales = [norm.weight for chain in steps for _, norm in chain]
    shifts = [norm.bias for chain in steps for _, norm in chain]
    device = x.device.type
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
        x, weights = x.to(dtype), [weight.to(dtype) for weight in weights]
        shortcut = None if shortcut is None else shortcut.to(dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    inputs = [x, *weights, *scales, *shifts] + ([] if shortcut is None else [shortcut])
    keeps = torch.is_grad_enabled() and any(t.requires_grad for t in inputs)
    layer = _Layer(steps, tuple(starts), block, x.shape[1], raw, recompute, keeps)
    with torch.autocast(device, enabled=False):
        out = _Aggregate.apply(layer, x, shortcut, *weights, *scales, *shifts)
    return (out[0], out[1]) if raw else (None, out)


class _Layer(NamedTuple):
    """What a layer is made of, apart from tensors."""

    steps: list[list[tuple[nn.Conv2d, nn.BatchNorm2d]]]  # a chain for each group
    starts: tuple[int, ...]
    block: int
    channels: int  # of x
    raw: bool
    recompute: bool
    keeps: bool

    @property
    def k(self) -> int:
        return self.steps[0][-1][0].out_channels

    @property
    def depth(self) -> int:
        return len(self.steps[0])

    def blocks(self) -> list[range]:
        """Groups that share a product; a window that is divided into subgroups is not shared."""
        size = self.block if self.steps[0][0][0].groups == 1 else 1
        g = len(self.steps)
        return [range(low, min(low + size, g)) for low in range(0, g, size)]

    def edge(self, i: int) -> int:
        """Where group i's features begin in the sequence, and where its window ends."""
        return self.channels + i * self.k

    def own(self, i: int) -> slice:
        """Group i's columns among the layer's features."""
        return slice(i * self.k, (i + 1) * self.k)

    def known(self, groups: range) -> tuple[int, int]:
        """The columns before a block that any of its groups reads."""
        end = self.edge(groups.start)
        return min(min(self.starts[i] for i in groups), end), end

    def recent(self, groups: range, i: int) -> tuple[int, int]:
        """The columns of its own block that group i reads."""
        return max(self.edge(groups.start), self.starts[i]), self.edge(i)

    def columns(self, x: Tensor, y: Tensor, low: int, high: int) -> list[Tensor]:
        """Columns low : high of the sequence [x | y] as views, in one part or two."""
        parts = [
            x[:, low : self.channels],
            y[:, max(low - self.channels, 0) : high - self.channels],
        ]
        return [part for part in parts if part.shape[1]]

    def stacked(self, weights: Sequence[Tensor], groups: range) -> Tensor:
        """The weights over `known` of a block's groups, zero where a group's window has moved on."""
        low, high = self.known(groups)
        if len(groups) == 1:
            return weights[groups.start]
        first = weights[groups.start]
        made = first.new_zeros(len(groups) * first.shape[0], high - low, *first.shape[2:])
        for rows, i in zip(made.split(first.shape[0]), groups, strict=True):
            start = min(self.starts[i], high)
            rows[:, start - low :] = weights[i][:, : high - start]
        return made

    def firsts(
        self, x: Tensor, y: Tensor, weights: Sequence[Tensor], groups: range
    ) -> Iterator[Tensor]:
        """The first convolution of each group of a block; y is filled as the block goes on."""
        conv = self.steps[0][0][0]
        shared = _product(
            conv, self.columns(x, y, *self.known(groups)), self.stacked(weights, groups)
        )
        for i, part in zip(groups, shared.split(conv.out_channels, 1), strict=True):
            low, high = self.recent(groups, i)
            if low < high:
                weight = weights[i][:, low - high :]
                yield _product(conv, self.columns(x, y, low, high), weight).add_(part)
            else:
                yield part.contiguous(memory_format=torch.channels_last)


def _rows(image: Tensor) -> Tensor:
    """[N, C, H, W] in channels_last, or columns of it, as the matrix [N H W, C]."""
    return image.permute(0, 2, 3, 1).flatten(0, 2)


def _image(rows: Tensor, like: Tensor) -> Tensor:
    """[N H W, C] as [N, C, H, W] in channels_last."""
    n, _, h, w = like.shape
    return rows.unflatten(0, (n, h, w)).permute(0, 3, 1, 2)


def _pointwise(conv: nn.Conv2d) -> bool:
    return conv.kernel_size == (1, 1) and conv.groups == 1


def _window(parts: Sequence[Tensor]) -> Tensor:
    """The parts side by side, in channels_last."""
    if len(parts) == 1:
        return parts[0].contiguous(memory_format=torch.channels_last)
    return _image(torch.cat([_rows(part) for part in parts], 1), parts[0])


def _conv(conv: nn.Conv2d, x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight, None, 1, conv.padding, conv.dilation, conv.groups)


def _product(conv: nn.Conv2d, parts: Sequence[Tensor], weight: Tensor) -> Tensor:
    """The convolution of parts side by side. A 1x1 is a sum of matrix products over views."""
    if not _pointwise(conv):
        return _conv(conv, _window(parts), weight)
    weights = weight.flatten(1).split([part.shape[1] for part in parts], 1)
    out = _rows(parts[0]) @ weights[0].t()
    for part, share in zip(parts[1:], weights[1:], strict=True):
        out.addmm_(_rows(part), share.t())
    return _image(out, parts[0])


def _conv_backward(
    conv: nn.Conv2d, grad: Tensor, x: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    padding, dilation = list(conv.padding), list(conv.dilation)
    gx, gw, _ = _aten.convolution_backward(
        grad, x, weight, None, [1, 1], padding, dilation, False, [0, 0], conv.groups,
        [True, True, False],
    )  # fmt: skip
    return gx, gw


def _product_backward(
    conv: nn.Conv2d, grad: Tensor, parts: Sequence[Tensor], weight: Tensor, onto: Sequence[Tensor]
) -> Tensor:
    """Adds the gradients to the parts ``onto`` what was gathered, gives the one to the weight."""
    widths = [part.shape[1] for part in parts]
    if not _pointwise(conv):
        gx, gw = _conv_backward(conv, grad, _window(parts), weight)
        for target, part in zip(onto, gx.split(widths, 1), strict=True):
            target.add_(part)
        return gw
    rows, gw = _rows(grad), torch.empty_like(weight)
    shares = zip(weight.flatten(1).split(widths, 1), gw.flatten(1).split(widths, 1), strict=True)
    for target, part, (share, made) in zip(onto, parts, shares, strict=True):
        _rows(target).addmm_(rows, share)
        torch.mm(rows.t(), _rows(part), out=made)
    return gw


def _normalise(
    norm: nn.BatchNorm2d, x: Tensor, scale: Tensor, shift: Tensor
) -> tuple[Tensor, Tensor, Tensor, bool]:
    """The norm of x with the mean and 1/deviation that it took, and whether they are the batch's.

    In training it moves the running statistics, as the module itself would.
    """
    mean, var = norm.running_mean, norm.running_var
    if not norm.training and mean is not None and var is not None:
        out, _, _ = torch.native_batch_norm(x, scale, shift, mean, var, False, 0.0, norm.eps)
        return out, mean.clone(), (var + norm.eps).rsqrt(), False
    if x.numel() == x.shape[1]:
        raise ValueError(f"a batch norm in training needs more than one value, got {x.shape}")
    momentum = norm.momentum
    if norm.training and norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)
        if momentum is None:
            momentum = 1.0 / float(norm.num_batches_tracked)
    out, mean, invstd = torch.native_batch_norm(
        x, scale, shift, norm.running_mean, norm.running_var, True, momentum or 0.0, norm.eps
    )
    return out, mean, invstd, True


def _activated(x: Tensor, mean: Tensor, invstd: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """ReLU of a norm whose statistics are known."""
    slope = scale * invstd
    return _image(torch.addcmul(shift - mean * slope, _rows(x), slope).relu_().to(x.dtype), x)


class _Aggregate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, layer: _Layer, x: Tensor, shortcut: Tensor | None, *parameters: Tensor
    ) -> Any:
        """Parameters: the weights, group by group and step by step, then scales, then shifts."""
        g, depth, last = len(layer.steps), layer.depth, layer.depth - 1
        weights, scales, shifts = _thirds(parameters)
        n, _, h, w = x.shape
        y = x.new_empty(n, g * layer.k, h, w).to(memory_format=torch.channels_last)
        raws: list[Tensor | None] = []
        statistics: list[Tensor] = []
        batch: list[bool] = []
        lasts: list[Tensor] = []
        for groups in layer.blocks():
            firsts = layer.firsts(x, y, weights[::depth], groups)
            for i in groups:
                value = next(firsts)
                for s, (conv, norm) in enumerate(layer.steps[i]):
                    at = i * depth + s
                    if s:
                        value = _conv(conv, active, weights[at])
                    if s == last and shortcut is not None:
                        value = value.add_(shortcut[:, layer.own(i)])
                    active, *two, whole = _normalise(norm, value, scales[at], shifts[at])
                    if s < last:
                        active.relu_()
                    if layer.keeps:
                        statistics += two
                        batch.append(whole)
                        again = layer.recompute and not (s == last and shortcut is not None)
                        raws.append(None if again else value)
                torch.clamp_min(active, 0, out=y[:, layer.own(i)])
                if layer.raw:
                    lasts.append(value)
        if layer.keeps:
            ctx.layer, ctx.batch = layer, batch
            ctx.has_shortcut = shortcut is not None
            ctx.kept = [value is not None for value in raws]
            held = [value for value in raws if value is not None]
            ctx.save_for_backward(x, y, *parameters, *statistics, *held)
            ctx.set_materialize_grads(False)
        return (_window(lasts), y) if layer.raw else y

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        device = ctx.saved_tensors[0].device.type
        with torch.autocast(device, enabled=False):
            return _Backward(ctx).run(*((None, *grads) if len(grads) == 1 else grads))


class _Backward:
    """One backward pass of a layer: its blocks from the last to the first."""

    def __init__(self, ctx: Any) -> None:
        self.layer: _Layer = ctx.layer
        self.batch: list[bool] = ctx.batch
        self.x, self.y, *others = ctx.saved_tensors
        count = len(self.batch)
        self.weights, self.scales, self.shifts = _thirds(others[: 3 * count])
        self.statistics = others[3 * count : 5 * count]
        held = iter(others[5 * count :])
        self.raws = [next(held) if kept else None for kept in ctx.kept]
        self.has_shortcut: bool = ctx.has_shortcut
        self.gweights = [torch.empty_like(weight) for weight in self.weights]
        self.gscales = [torch.empty_like(scale) for scale in self.scales]
        self.gshifts = [torch.empty_like(shift) for shift in self.shifts]
        self.gx = torch.zeros_like(self.x)

    def run(self, graw: Tensor | None, gy: Tensor | None) -> Any:
        layer = self.layer
        gathered = torch.zeros_like(self.y) if gy is None else torch.empty_like(self.y).copy_(gy)
        gshortcut = torch.empty_like(self.y) if self.has_shortcut else None
        for groups in reversed(layer.blocks()):
            self.recompute(groups)
            firsts: list[Tensor] = []
            for i in reversed(groups):
                grad = self.group(i, gathered, graw, gshortcut)
                self.recent(groups, i, grad, gathered)
                firsts.insert(0, grad)
            self.known(groups, _window(firsts), gathered)
        return None, self.gx, gshortcut, *self.gweights, *self.gscales, *self.gshifts

    def group(
        self, i: int, gathered: Tensor, graw: Tensor | None, gshortcut: Tensor | None
    ) -> Tensor:
        """The gradient of group i's first convolution, through the rest of its chain."""
        own, depth = self.layer.own(i), self.layer.depth
        grad, active = gathered[:, own], self.y[:, own]
        for s in reversed(range(depth)):
            at = i * depth + s
            grad = self.norm(at, _aten.threshold_backward(grad, active, 0))
            if s == depth - 1:
                if graw is not None:
                    grad += graw[:, own]
                if gshortcut is not None:
                    gshortcut[:, own] = grad
            if s:
                conv, active = self.layer.steps[i][s][0], self.active(at - 1)
                grad, self.gweights[at] = _conv_backward(conv, grad, active, self.weights[at])
        return grad

    def norm(self, at: int, grad: Tensor) -> Tensor:
        raw, scale = self.raws[at], self.scales[at]
        mean, invstd = self.statistics[2 * at : 2 * at + 2]
        running = None if self.batch[at] else (mean, invstd**-2)
        grad, self.gscales[at], self.gshifts[at] = _aten.native_batch_norm_backward(
            grad, raw, scale, *(running or (None, None)), mean, invstd, self.batch[at], 0.0,
            [True, True, True],
        )  # fmt: skip
        return grad

    def active(self, at: int) -> Tensor:
        """What a step hands to the next one."""
        raw = self.raws[at]
        assert raw is not None
        return _activated(
            raw, *self.statistics[2 * at : 2 * at + 2], self.scales[at], self.shifts[at]
        )

    def recompute(self, groups: range) -> None:
        """The values before the norms that were not kept."""
        layer, depth = self.layer, self.layer.depth
        if self.raws[groups.start * depth] is not None:
            return
        firsts = layer.firsts(self.x, self.y, self.weights[::depth], groups)
        for i, value in zip(groups, firsts, strict=True):
            self.raws[i * depth] = value
            for s in range(1, depth):
                at = i * depth + s
                if self.raws[at] is None:
                    conv = layer.steps[i][s][0]
                    self.raws[at] = _conv(conv, self.active(at - 1), self.weights[at])

    def recent(self, groups: range, i: int, grad: Tensor, gathered: Tensor) -> None:
        """What group i sends back to its block."""
        layer, at = self.layer, i * self.layer.depth
        low, high = layer.recent(groups, i)
        if low < high:
            columns = (slice(None), slice(low - high, None))
            self.gweights[at][columns] = _product_backward(
                layer.steps[i][0][0],
                grad,
                layer.columns(self.x, self.y, low, high),
                self.weights[at][columns],
                layer.columns(self.gx, gathered, low, high),
            )

    def known(self, groups: range, grad: Tensor, gathered: Tensor) -> None:
        """What a block sends back to all before it."""
        layer, depth = self.layer, self.layer.depth
        low, high = layer.known(groups)
        made = _product_backward(
            layer.steps[0][0][0],
            grad,
            layer.columns(self.x, self.y, low, high),
            layer.stacked(self.weights[::depth], groups),
            layer.columns(self.gx, gathered, low, high),
        )
        for i, rows in zip(groups, made.split(len(made) // len(groups)), strict=True):
            start = min(layer.starts[i], high)
            self.gweights[i * depth][:, : high - start] = rows[:, start - low :]


def _thirds(tensors: Sequence[Tensor]) -> tuple[Sequence[Tensor], ...]:
    third = len(tensors) // 3
    return tensors[:third], tensors[third : 2 * third], tensors[2 * third :]
