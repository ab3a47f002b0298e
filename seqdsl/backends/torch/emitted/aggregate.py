"""A whole aggregated layer as one autograd function that keeps no concatenation.

Group i of g reads columns ``starts[i] : channels + i k`` of ``[x | x_1 | ... | x_i]``
(equations 1 and 2, counted from 0) and gives k channels: a chain of convolutions, each
followed by batch norm and ReLU; a shortcut joins the last before its norm. The features
stand in one tensor, windows are views or short-lived copies, and of a group only the
values before its norms are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqdsl.backends.torch.emitted.defined import defined, fuses, steps_of


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
    """Values before the last norms (where ``raw``) and features, both [N, g k, H, W].

    ``x`` is [N, channels, H, W], ``shortcut`` [N, g k, H, W]. The `nn.Conv2d` (stride
    1, as large out as in, no bias) and `nn.BatchNorm2d` in a group, in order, are its
    steps. ``block`` groups share one product with all that is known before them. With
    ``recompute`` the backward pass computes the convolutions again, and a layer without
    a shortcut keeps its features alone.
    """
    parts = [steps_of(group) for group in groups]
    if not fuses(parts, x):
        return defined(groups, x, shortcut, starts=starts, raw=raw)
    steps: Any = [list(zip(part[::2], part[1::2], strict=True)) for part in parts]
    _count(norm for _, norm in chain(*steps))
    weights = [conv.weight for conv, _ in chain(*steps)]
    scales = [norm.weight for _, norm in chain(*steps)]
    shifts = [norm.bias for _, norm in chain(*steps)]
    if torch.is_autocast_enabled(device := _autocast_device(x)):
        dtype = torch.get_autocast_dtype(device)
        x, weights = x.to(dtype), [weight.to(dtype) for weight in weights]
        shortcut = None if shortcut is None else shortcut.to(dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    inputs = (x, shortcut, *weights, *scales, *shifts)
    keeps = torch.is_grad_enabled() and any(
        t is not None and t.requires_grad for t in inputs
    )
    c, depth, k = x.shape[1], len(steps[0]), len(steps[0][-1][0].weight)
    layer = _Layer(steps, tuple(starts), block, c, depth, k, raw, recompute, keeps)
    with torch.autocast(device, enabled=False):
        out: Any = _Aggregate.apply(layer, *inputs)  # type: ignore[no-untyped-call]
    return (out[0], out[1]) if raw else (None, out)


def _autocast_device(x: Tensor) -> str:
    """A kind of device that can be asked about autocast, which not all can."""
    return x.device.type if torch.amp.is_autocast_available(x.device.type) else "cpu"


def _count(norms: Iterable[nn.BatchNorm2d]) -> None:
    """Count a step of training, in one call on the device."""
    counters = [norm.num_batches_tracked for norm in norms if norm.training]
    tracked = [counter for counter in counters if counter is not None]
    if tracked:
        torch._foreach_add_(tracked, 1)


class _Layer(NamedTuple):
    """What a layer is made of, apart from tensors."""

    steps: list[list[tuple[nn.Conv2d, nn.BatchNorm2d]]]  # of each group
    starts: tuple[int, ...]
    block: int
    channels: int  # of x
    depth: int  # steps of a group
    k: int
    raw: bool
    recompute: bool
    keeps: bool

    def blocks(self) -> list[range]:
        """Groups that share a product: one, where a convolution has subgroups."""
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
        return min(end, *(self.starts[i] for i in groups)), end

    def recent(self, groups: range, i: int) -> tuple[int, int]:
        """The columns of its own block that group i reads."""
        return max(self.edge(groups.start), self.starts[i]), self.edge(i)

    def columns(self, x: Tensor, y: Tensor, low: int, high: int) -> list[Tensor]:
        """Columns low : high of the sequence [x | y] as views, in one part or two."""
        c = self.channels
        parts = (x[:, low:c], y[:, max(low - c, 0) : high - c])
        return [part for part in parts if part.shape[1]]

    def stacked(self, weights: Sequence[Tensor], groups: range) -> Tensor:
        """The weights of a block over `known`, zero before a group's own window."""
        low, high = self.known(groups)
        first = weights[groups.start]
        if len(groups) == 1:
            return first
        rows, _, *kernel = first.shape
        made = first.new_zeros(len(groups) * rows, high - low, *kernel)
        for part, i in zip(torch.split(made, rows), groups, strict=True):
            start = min(self.starts[i], high)
            part[:, start - low :] = weights[i][:, : high - start]
        return made

    def firsts(
        self, x: Tensor, y: Tensor, weights: Sequence[Tensor], groups: range
    ) -> Iterator[tuple[int, Tensor]]:
        """Each group of a block with its first convolution; y is filled in between."""
        conv = self.steps[0][0][0]
        known = self.columns(x, y, *self.known(groups))
        shared = _product(conv, known, self.stacked(weights, groups))
        parts = torch.split(shared, conv.out_channels, 1)
        for i, part in zip(groups, parts, strict=True):
            low, high = self.recent(groups, i)
            if low < high:
                recent = self.columns(x, y, low, high)
                value = _product(conv, recent, weights[i][:, low - high :]).add_(part)
            else:
                value = part.contiguous(memory_format=torch.channels_last)
            yield i, value


def _rows(image: Tensor) -> Tensor:
    """[N, C, H, W] in channels_last, or columns of it, as the matrix [N H W, C]."""
    return image.permute(0, 2, 3, 1).flatten(0, 2)


def _image(rows: Tensor, like: Tensor) -> Tensor:
    """[N H W, C] as [N, C, H, W] in channels_last."""
    n, _, h, w = like.shape
    return rows.reshape(n, h, w, rows.shape[1]).permute(0, 3, 1, 2)


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
    """The convolution of parts side by side; a 1x1 multiplies them where they are."""
    if not _pointwise(conv):
        return _conv(conv, _window(parts), weight)
    weights = torch.split(weight.flatten(1), [part.shape[1] for part in parts], 1)
    out = _rows(parts[0]) @ weights[0].t()
    for part, share in zip(parts[1:], weights[1:], strict=True):
        out.addmm_(_rows(part), share.t())
    return _image(out, parts[0])


def _conv_backward(
    conv: nn.Conv2d, grad: Tensor, x: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    gx, gw, _ = torch.ops.aten.convolution_backward(
        grad, x, weight, None, [1, 1], list(conv.padding), list(conv.dilation), False,
        [0, 0], conv.groups, [True, True, False],
    )  # fmt: skip
    return gx, gw


def _normalise(
    norm: nn.BatchNorm2d, x: Tensor, scale: Tensor, shift: Tensor
) -> tuple[Tensor, Tensor, Tensor, bool]:
    """The norm of x, its mean and 1/deviation, and whether they are the batch's.

    In training it moves the running statistics, as the module itself would.
    """
    mean, var = norm.running_mean, norm.running_var
    if not norm.training and mean is not None and var is not None:
        out, _, _ = torch.native_batch_norm(
            x, scale, shift, mean, var, False, 0.0, norm.eps
        )
        return out, mean.clone(), (var + norm.eps).rsqrt(), False
    if x.numel() == x.shape[1]:
        raise ValueError(f"a batch norm needs more than one value, got {x.shape}")
    momentum = norm.momentum
    if momentum is None and norm.num_batches_tracked is not None:  # a mean of all
        momentum = 1.0 / float(norm.num_batches_tracked)
    out, mean, invstd = torch.native_batch_norm(
        x, scale, shift, mean, var, True, momentum or 0.0, norm.eps
    )
    return out, mean, invstd, True


class _Aggregate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, layer: _Layer, x: Tensor, shortcut: Tensor | None, *parameters: Tensor
    ) -> Any:
        """Parameters: weights, group by group and step by step, then scales, shifts."""
        depth, last = layer.depth, layer.depth - 1
        weights, scales, shifts = _thirds(parameters)
        n, _, h, w = x.shape
        y = x.new_empty(n, h, w, len(layer.steps) * layer.k).permute(0, 3, 1, 2)
        raws: list[Tensor] = []
        kept: list[Tensor | None] = []
        statistics: list[Tensor] = []
        batch: list[bool] = []
        firsts = (layer.firsts(x, y, weights[::depth], b) for b in layer.blocks())
        for i, first in chain.from_iterable(firsts):
            value = first
            for s, (conv, norm) in enumerate(layer.steps[i]):
                at = i * depth + s
                raw = value if s == 0 else _conv(conv, value, weights[at])
                joined = shortcut if s == last else None
                if joined is not None:
                    raw.add_(joined[:, layer.own(i)])
                value, *two, whole = _normalise(norm, raw, scales[at], shifts[at])
                if s < last:
                    value.relu_()
                if layer.keeps:
                    statistics += two
                    batch.append(whole)
                    kept.append(None if layer.recompute and joined is None else raw)
            torch.clamp_min(value, 0, out=y[:, layer.own(i)])
            if layer.raw:
                raws.append(raw)
        if layer.keeps:
            ctx.layer, ctx.batch = layer, batch
            ctx.has_shortcut = shortcut is not None
            ctx.save_for_backward(x, y, *parameters, *statistics, *kept)
            ctx.set_materialize_grads(False)
        return (_window(raws), y) if layer.raw else y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        work = _Backward(ctx)
        with torch.autocast(_autocast_device(work.x), enabled=False):
            return work.run(None if len(grads) == 1 else grads[0], grads[-1])


class _Backward:
    """One backward pass of a layer: its blocks from the last to the first.

    ``gy`` gathers the gradient of the features as their readers are gone through.
    """

    def __init__(self, ctx: Any) -> None:
        self.layer: _Layer = ctx.layer
        self.batch: list[bool] = ctx.batch
        self.x, self.y, *others = ctx.saved_tensors
        count = len(self.batch)
        self.weights, self.scales, self.shifts = _thirds(others[: 3 * count])
        self.statistics = others[3 * count : 5 * count]
        self.raws: list[Tensor | None] = others[5 * count :]
        self.gweights = [torch.empty_like(weight) for weight in self.weights]
        self.gscales = [torch.empty_like(scale) for scale in self.scales]
        self.gshifts = [torch.empty_like(shift) for shift in self.shifts]
        self.gx = torch.zeros_like(self.x)
        self.gy = torch.zeros_like(self.y)
        self.gshortcut = torch.empty_like(self.y) if ctx.has_shortcut else None

    def run(self, graw: Tensor | None, gy: Tensor | None) -> Any:
        layer, depth = self.layer, self.layer.depth
        if gy is not None:
            self.gy.copy_(gy)
        for groups in reversed(layer.blocks()):
            if self.raws[groups.start * depth] is None:
                self.recompute(groups)
            firsts: list[Tensor] = []
            for i in reversed(groups):
                grad = self.group(i, graw)
                self.recent(groups, i, grad)
                firsts.insert(0, grad)
            self.known(groups, _window(firsts))
            at = slice(groups.start * depth, groups.stop * depth)
            self.raws[at] = [None] * (depth * len(groups))
        gparameters = (*self.gweights, *self.gscales, *self.gshifts)
        return None, self.gx, self.gshortcut, *gparameters

    def group(self, i: int, graw: Tensor | None) -> Tensor:
        """The gradient of group i's first convolution, through its other steps."""
        own, depth = self.layer.own(i), self.layer.depth
        grad, active = self.gy[:, own], self.y[:, own]
        for s in reversed(range(depth)):
            at = i * depth + s
            grad = self.norm(at, torch.ops.aten.threshold_backward(grad, active, 0))
            if s == depth - 1 and graw is not None:
                grad += graw[:, own]
            if s == depth - 1 and self.gshortcut is not None:
                self.gshortcut[:, own] = grad
            if s:
                conv, active = self.layer.steps[i][s][0], self.active(at - 1)
                grad, self.gweights[at] = _conv_backward(
                    conv, grad, active, self.weights[at]
                )
        return grad

    def norm(self, at: int, grad: Tensor) -> Tensor:
        mean, invstd = self.statistics[2 * at : 2 * at + 2]
        running = (None, None) if self.batch[at] else (mean, invstd**-2)
        backward = torch.ops.aten.native_batch_norm_backward
        grad, self.gscales[at], self.gshifts[at] = backward(
            grad, self.raws[at], self.scales[at], *running, mean, invstd,
            self.batch[at], 0.0, [True, True, True],
        )  # fmt: skip
        return grad

    def active(self, at: int) -> Tensor:
        """What a step hands to the next one."""
        raw = self.raws[at]
        assert raw is not None
        mean, invstd = self.statistics[2 * at : 2 * at + 2]
        slope = self.scales[at] * invstd
        normed = torch.addcmul(self.shifts[at] - mean * slope, _rows(raw), slope)
        return _image(normed.relu_().to(raw.dtype), raw)

    def recompute(self, groups: range) -> None:
        """The values before the norms that were not kept."""
        layer, depth = self.layer, self.layer.depth
        for i, value in layer.firsts(self.x, self.y, self.weights[::depth], groups):
            self.raws[i * depth] = value
            for s in range(1, depth):
                at = i * depth + s
                if self.raws[at] is None:
                    conv = layer.steps[i][s][0]
                    self.raws[at] = _conv(conv, self.active(at - 1), self.weights[at])

    def recent(self, groups: range, i: int, grad: Tensor) -> None:
        """What group i sends back to its block."""
        layer, at = self.layer, i * self.layer.depth
        low, high = layer.recent(groups, i)
        if low < high:
            weight = self.weights[at][:, low - high :]
            self.gweights[at][:, low - high :] = self.first(grad, weight, low, high)

    def known(self, groups: range, grad: Tensor) -> None:
        """What a block sends back to all before it."""
        layer, depth = self.layer, self.layer.depth
        low, high = layer.known(groups)
        weight = layer.stacked(self.weights[::depth], groups)
        made = self.first(grad, weight, low, high)
        parts = torch.split(made, len(made) // len(groups))
        for i, rows in zip(groups, parts, strict=True):
            start = min(layer.starts[i], high)
            self.gweights[i * depth][:, : high - start] = rows[:, start - low :]

    def first(self, grad: Tensor, weight: Tensor, low: int, high: int) -> Tensor:
        """The gradient of a weight over columns low : high; adds theirs."""
        layer = self.layer
        conv = layer.steps[0][0][0]
        parts = layer.columns(self.x, self.y, low, high)
        onto = layer.columns(self.gx, self.gy, low, high)
        widths = [part.shape[1] for part in parts]
        if not _pointwise(conv):
            gx, gw = _conv_backward(conv, grad, _window(parts), weight)
            for target, part in zip(onto, torch.split(gx, widths, 1), strict=True):
                target.add_(part)
            return gw
        rows, gw = _rows(grad), torch.empty_like(weight)
        shares = torch.split(weight.flatten(1), widths, 1)
        columns = torch.split(gw.flatten(1), widths, 1)
        for target, part, share, made in zip(onto, parts, shares, columns, strict=True):
            _rows(target).addmm_(rows, share)
            torch.mm(rows.t(), _rows(part), out=made)
        return gw


def _thirds(tensors: Sequence[Tensor]) -> tuple[Sequence[Tensor], ...]:
    third = len(tensors) // 3
    return tensors[:third], tensors[third : 2 * third], tensors[2 * third :]
