"""Layers that are built in whose settings depend on one another, or can be misused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import cast

from seqdsl.graph import operations as ops
from seqdsl.graph.operations.shapes import same_size
from seqdsl.semantic.primitives.application import Application, Apply
from seqdsl.semantic.primitives.dataflow import in_order_here
from seqdsl.semantic.primitives.unusual import Odd, odd_norm, odd_rate, odd_slope
from seqdsl.semantic.values.locate import diagnostic, fail, user_span
from seqdsl.semantic.values.properties import regroup
from seqdsl.semantic.values.value import Feature, concatenated, show
from seqdsl.source.diagnostic import Failure, Label
from seqdsl.source.fix import replacing


def _conv2d(a: Application) -> Feature:
    padding = _padding(a, a.pair("kernel"), a.pair("dilation"))
    return a.apply(a.make(ops.Conv2d, padding=padding))


def _padding(a: Application, kernel: ops.Pair, dilation: ops.Pair) -> ops.Pair:
    """The padding given, or the one that keeps the size at stride 1."""
    if a.values["padding"] is not None:
        given = a.pair("padding")
        reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        if any(padding >= wide for padding, wide in zip(given, reach, strict=True)):
            a.dataflow.diagnostics.append(
                diagnostic(
                    "padded-windows", "windows at the edge hold nothing but padding",
                    a.span_of("padding"), a.scope,
                    label=f"the kernel reaches over {reach[0]}x{reach[1]}",
                    help="leave `padding` out: the layer then keeps the size at stride 1",
                )
            )  # fmt: skip
        return given
    if kernel[0] % 2 == 0 or kernel[1] % 2 == 0:
        found = diagnostic(
            "even-kernel",
            f"a {kernel[0]}x{kernel[1]} kernel has no padding that is the same on both sides",
            a.span_of("kernel"),
            a.scope,
            help="say which padding you want: padding=0",
        )
        raise Failure(in_order_here(found, user_span(a.span, a.scope)))
    return (dilation[0] * (kernel[0] - 1) // 2, dilation[1] * (kernel[1] - 1) // 2)


def _batch_norm(a: Application) -> Feature:
    made = a.make(ops.BatchNorm)
    eps, momentum = (cast(Fraction, a.values[name]) for name in ("eps", "momentum"))
    _report(a, odd_norm(eps, momentum))
    return a.apply(made)


def _report(a: Application, found: Iterable[Odd]) -> None:
    """Warns of settings that no network is known to have."""
    for odd in found:
        given = a.value_span(odd.name)
        possible = odd.instead is not None and a.span_of(odd.name) is not a.span
        a.dataflow.diagnostics.append(
            diagnostic(
                "odd-setting", f"`{odd.name}` {odd.what}", a.span_of(odd.name), a.scope,
                label=f"= {show(a.values[odd.name])}", help=odd.help,
                fix=replacing(given, show(odd.instead)) if possible else None,
            )
        )  # fmt: skip


def _leaky_relu(a: Application) -> Feature:
    _report(a, odd_slope(cast(Fraction, a.values["slope"])))
    return a.apply(a.make(ops.LeakyRelu))


def pooled(kind: type[ops.Operation]) -> Apply:
    """A pool: its windows follow one another where no stride is given."""

    def apply(a: Application) -> Feature:
        stride = "kernel" if a.values["stride"] is None else "stride"
        return a.apply(a.make(kind, stride=a.pair(stride)))

    return apply


def _dropout(a: Application) -> Feature:
    rate = cast(Fraction, a.values["rate"])
    if not 0 <= rate < 1:
        raise fail(
            "wrong-type",
            "a drop rate is a number from 0 up to, not including, 1",
            a.span_of("rate"),
            a.scope,
            label=f"= {float(rate):g}",
            help="it is the share of elements that is zeroed",
            fix=replacing(a.value_span("rate"), show(Fraction(rate) / 100))
            if 1 < rate < 100
            else None,
        )
    _report(a, odd_rate(rate))
    return a.apply(a.make(ops.Dropout))


def combined(kind: type[ops.Operation]) -> Apply:
    """One operation over what is given, or over `it` and the one map that is."""

    def apply(a: Application) -> Feature:
        operands = a.features if len(a.features) > 1 else (a.operand, *a.features)
        if len(operands) < 2:
            raise fail(
                "missing-argument", f"`{kind.name}` needs two feature maps", a.span, a.scope,
                help=f"write `{kind.name} it, skip`",
            )  # fmt: skip
        return a.apply(kind(), *operands)

    return apply


def concatenate(a: Application) -> Feature:
    """Keeps the groups of what it joins; the node is made when an operation needs it whole."""
    operands = list(a.features)
    if len(operands) < 2:
        operands = [a.operand, *operands] if operands else [a.entry, a.operand]
    for operand in operands[1:]:
        if operand.spatial != operands[0].spatial:
            raise fail(
                "concat-mismatch",
                f"can't concatenate {operands[0].type} and {operand.type}: their height and "
                "width differ",
                a.span,
                a.scope,
                secondary=a.dataflow.origins([operands[0], operand]),
                help=same_size(operands[0].spatial, operand.spatial),
            )
    result = concatenated(operands)
    claimed = a.values["width"]
    if claimed is not None and claimed != result.width:
        widths = " + ".join(str(o.width) for o in operands)
        a.dataflow.diagnostics.append(
            diagnostic(
                "concat-width",
                f"this claims a width of {claimed}, and {widths} = {result.width}",
                a.span_of("width"),
                a.scope,
                label=f"{result.width} channels",
                secondary=tuple(_origin(a, o) for o in operands),
                help=f"write {result.width}, or mend the width of a branch",
                fix=replacing(a.value_span("width"), str(result.width)),
            )
        )
    a.dataflow.place(result.segments, a.scope, a.span)
    return result


def _origin(a: Application, feature: Feature) -> Label:
    return Label(a.dataflow.origin(feature), f"{feature.type} comes from here")


def _pad_channels(a: Application) -> Feature:
    width, present = a.int("width"), a.operand.width
    if width < present:
        raise fail(
            "pad-width",
            f"channels are padded to a width of {width}, and {present} are there",
            a.span_of("width"),
            a.scope,
            label=f"less than {present}",
            secondary=(_origin(a, a.operand),),
            help="a 1x1 convolution makes fewer channels",
        )
    return a.apply(ops.PadChannels(width - present)) if width > present else a.operand


def regrouped(a: Application) -> Feature:
    return regroup(a.operand, a.int("k"), a.span, a.scope)


SPECIAL: Mapping[type[ops.Operation], Apply] = MappingProxyType(
    {
        ops.Conv2d: _conv2d,
        ops.BatchNorm: _batch_norm,
        ops.LeakyRelu: _leaky_relu,
        ops.MaxPool: pooled(ops.MaxPool),
        ops.AvgPool: pooled(ops.AvgPool),
        ops.Dropout: _dropout,
        ops.PadChannels: _pad_channels,
    }
)
