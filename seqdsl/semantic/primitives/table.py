"""The layers that are built in: a table of names, parameters, and what each puts in the graph.

Everything else is a block of the standard library, written in the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TypeAlias, cast

from seqdsl.graph import operations as ops
from seqdsl.graph.inference import same_size
from seqdsl.graph.scope import Scope
from seqdsl.semantic.primitives.dataflow import Dataflow, in_order_here
from seqdsl.semantic.primitives.unusual import Odd, odd_norm, odd_rate, odd_slope
from seqdsl.semantic.values.binding import NAMED_SETTINGS, Actual, Formal
from seqdsl.semantic.values.locate import diagnostic, fail, user_span
from seqdsl.semantic.values.properties import regroup
from seqdsl.semantic.values.value import Feature, SizeValue, Value, concatenated, show
from seqdsl.source.diagnostic import Failure, Label
from seqdsl.source.fix import replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span


@frozen
class Application:
    """One use of a primitive: where, on what, with what."""

    dataflow: Dataflow
    entry: Feature  # `in` where it stands
    operand: Feature  # `it`
    features: tuple[Feature, ...]  # the positional feature maps, where it takes several
    values: dict[str, Value]
    arguments: Sequence[Actual]  # as given, less the feature maps
    formals: Sequence[Formal]
    scope: Scope
    span: Span

    def apply(self, operation: ops.Operation, *operands: Feature) -> Feature:
        return self.dataflow.apply(operation, operands or (self.operand,), self.scope, self.span)

    def each(self, operation: ops.Operation) -> Feature:
        return self.dataflow.each(operation, self.operand, self.scope, self.span)

    def pair(self, name: str) -> ops.Pair:
        return cast(ops.Pair, cast(SizeValue, self.values[name]).values)

    def int(self, name: str) -> int:
        return cast(int, self.values[name])

    def span_of(self, name: str) -> Span:
        """Where a parameter's argument stands, or else the call."""
        positional = iter(self.formals)
        spans = {(a.name or next(positional).name): a.span for a in self.arguments}
        return spans.get(name, self.span)

    def value_span(self, name: str) -> Span:
        """Where a parameter's argument stands, less its name."""
        span = self.span_of(name)
        start = span.start + span.text.find("=") + 1
        value = span.text[start - span.start :]
        return Span(span.source, span.end - len(value.lstrip()), span.end)


Apply: TypeAlias = Callable[[Application], Feature]


@frozen
class Primitive:
    name: str
    formals: tuple[Formal, ...]
    apply: Apply
    doc: str
    several: bool = False  # takes any number of feature maps


def _conv2d(a: Application) -> Feature:
    kernel, dilation = a.pair("kernel"), a.pair("dilation")
    return a.apply(
        ops.Conv2d(
            width=a.int("width"),
            kernel=kernel,
            stride=a.pair("stride"),
            padding=_padding(a, kernel, dilation),
            dilation=dilation,
            groups=a.int("groups"),
            bias=bool(a.values["bias"]),
            init=cast(ops.Init, a.values["init"]),
        )
    )


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


def _linear(a: Application) -> Feature:
    init = cast(ops.Init, a.values["init"])
    return a.apply(ops.Linear(a.int("width"), bool(a.values["bias"]), init))


def _batch_norm(a: Application) -> Feature:
    eps, momentum = (cast(Fraction, a.values[name]) for name in ("eps", "momentum"))
    if eps <= 0 or not 0 <= momentum <= 1:
        raise fail(
            "not-positive", "`eps` is above zero, and `momentum` from 0 to 1", a.span, a.scope,
            label=f"eps = {show(eps)}, momentum = {show(momentum)}",
        )  # fmt: skip
    _report(a, odd_norm(eps, momentum))
    result = a.apply(ops.BatchNorm(float(eps), float(momentum)))
    return Feature(result.groups, result.spatial, raw=a.operand.groups)


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


def _activation(function: ops.Function) -> Primitive:
    operation = ops.Activation(function)
    what = f"The activation {function.value}, elementwise."
    return Primitive(function.value, (), lambda a: _activate(a, operation), what)


def _activate(a: Application, operation: ops.Activation | ops.LeakyRelu) -> Feature:
    result = a.each(operation)
    raw = a.operand.groups if a.operand.raw is None else a.operand.raw
    return Feature(result.groups, result.spatial, raw)


def _leaky_relu(a: Application) -> Feature:
    slope = cast(Fraction, a.values["slope"])
    _report(a, odd_slope(slope))
    return _activate(a, ops.LeakyRelu(float(slope)))


def _pool(kind: type[ops.MaxPool] | type[ops.AvgPool]) -> Apply:
    def apply(a: Application) -> Feature:
        stride = "kernel" if a.values["stride"] is None else "stride"
        return a.apply(
            kind(a.pair("kernel"), a.pair(stride), a.pair("padding"), bool(a.values["ceil"]))
        )

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
    return a.each(ops.Dropout(float(rate)))


def _upsample(a: Application) -> Feature:
    return a.apply(ops.Upsample(a.pair("factor"), cast(ops.Interpolation, a.values["mode"])))


def _elementwise(operation: ops.Add | ops.Mean | ops.Multiply, doc: str) -> Primitive:
    """One operation over what is given, or over `it` and the one map that is."""
    name = ops.operation_name(operation)

    def apply(a: Application) -> Feature:
        operands = a.features if len(a.features) > 1 else (a.operand, *a.features)
        if len(operands) < 2:
            raise fail(
                "missing-argument", f"`{name}` needs two feature maps", a.span, a.scope,
                help=f"write `{name} it, skip`",
            )  # fmt: skip
        return a.apply(operation, *operands)

    return Primitive(name, (), apply, doc, several=True)


def _concatenate(a: Application) -> Feature:
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


def _regroup(a: Application) -> Feature:
    return regroup(a.operand, a.int("k"), a.span, a.scope)


def _required(name: str, type: str) -> Formal:
    return Formal(name, type)


def _optional(name: str, type: str, default: Value) -> Formal:
    return Formal(name, type, required=False, default=default, by_name=name in NAMED_SETTINGS)


_ONE, _ZERO = SizeValue((1, 1)), SizeValue((0, 0))
_POOLING: Sequence[Formal] = (
    _required("kernel", "size"),
    _optional("stride", "size", None),
    _optional("padding", "margin", _ZERO),
    _optional("ceil", "bool", False),
)

PRIMITIVES: dict[str, Primitive] = {
    primitive.name: primitive
    for primitive in (
        Primitive(
            "conv2d",
            (
                _required("kernel", "size"),
                _required("width", "positive"),
                _optional("stride", "size", _ONE),
                _optional("padding", "margin", None),
                _optional("dilation", "size", _ONE),
                _optional("groups", "positive", 1),
                _optional("bias", "bool", False),
                _optional("init", "init", ops.Init.HE),
            ),
            _conv2d,
            "A convolution alone. Without `padding` it keeps the size at stride 1.",
        ),
        Primitive(
            "linear",
            (
                _required("width", "positive"),
                _optional("bias", "bool", True),
                _optional("init", "init", ops.Init.GLOROT),
            ),
            _linear,
            "A fully connected layer over all that flows in.",
        ),
        Primitive(
            "batch_norm",
            (
                _optional("eps", "number", Fraction(1, 100_000)),
                _optional("momentum", "number", Fraction(1, 10)),
            ),
            _batch_norm,
            "Batch normalisation; its input stays as the raw face of what comes out.",
        ),
        *map(_activation, ops.Function),
        Primitive(
            "leaky_relu",
            (_optional("slope", "number", Fraction(1, 100)),),
            _leaky_relu,
            "The activation leaky ReLU, elementwise: `slope` below zero, 1 above.",
        ),
        Primitive("max_pool", tuple(_POOLING), _pool(ops.MaxPool), "The maximum of each window."),
        Primitive("avg_pool", tuple(_POOLING), _pool(ops.AvgPool), "The mean of each window."),
        Primitive(
            "global_average_pool",
            (),
            lambda a: a.apply(ops.GlobalAveragePool()),
            "The mean over height and width.",
        ),
        Primitive(
            "dropout",
            (_required("rate", "number"),),
            _dropout,
            "Zeroes elements at random while training; the raw face passes untouched.",
        ),
        Primitive(
            "upsample",
            (
                _required("factor", "size"),
                _optional("mode", "interpolation", ops.Interpolation.NEAREST),
            ),
            _upsample,
            "Makes height and width larger by whole factors: nearest, or bilinear.",
        ),
        _elementwise(ops.Add(), "The elementwise sum: `add skip`, `add a, b`."),
        _elementwise(ops.Mean(), "The elementwise mean: `mean a, b, c`."),
        _elementwise(ops.Multiply(), "The elementwise product; a gate of Cx1x1 scales channels."),
        Primitive(
            "concatenate",
            (_optional("width", "positive", None),),
            _concatenate,
            "Joins along the channels: `in` and `it`, or what is given. A width is checked.",
            several=True,
        ),
        Primitive(
            "pad_channels",
            (_required("width", "positive"),),
            _pad_channels,
            "Zeros behind the channels, up to a width.",
        ),
        Primitive(
            "shuffle",
            (_required("groups", "positive"),),
            lambda a: a.apply(ops.Shuffle(a.int("groups"))),
            "Deals the channels of each group out, so that the next groups mix them.",
        ),
        Primitive(
            "regroup",
            (_required("k", "positive"),),
            _regroup,
            "The same feature map as groups of k, which must not cut across its hierarchy.",
        ),
        Primitive("softmax", (), lambda a: a.apply(ops.Softmax()), "Softmax over the channels."),
    )
}
