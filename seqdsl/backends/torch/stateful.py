"""The modules that hold the parameters of operations, a row for each operation that has any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from seqdsl.backends.torch.expressions import literal
from seqdsl.backends.torch.parameters import Number
from seqdsl.backends.torch.slots import Slot
from seqdsl.graph import operations as ops
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen


@frozen
class Stateful:
    """How the emitted source holds an operation with parameters, by the type that it reads.

    ``slots`` are the numbers that its constructor takes, and ``fixed`` is what must be the same in
    one class. ``lines`` make it, under a name, of these numbers. Where ``alone``, ``forward`` calls
    it on its operand as that is.
    """

    slots: Callable[[Any, TensorType], tuple[Slot, ...]]
    fixed: Callable[[Any, TensorType], object]
    lines: Callable[[Any, str, Sequence[Number]], Iterator[str]]
    alone: bool


def text(number: Number) -> str:
    if not number.parameter:
        assert number.value is not None
        return literal(number.value)
    return f"{number.parameter} // 2" if number.halved else number.parameter


def _conv2d_slots(conv: ops.Conv2d, read: TensorType) -> tuple[Slot, ...]:
    return (
        Slot("in_channels", read.channels),
        Slot("width", conv.width),
        Slot("kernel", conv.kernel),
        Slot("stride", conv.stride, (1, 1)),
        Slot("padding", conv.padding, (0, 0)),
        Slot("dilation", conv.dilation, (1, 1)),
        Slot("groups", conv.groups, 1),
        Slot("zero", conv.init is ops.Init.ZERO, False),
    )


def _conv2d_lines(conv: ops.Conv2d, target: str, numbers: Sequence[Number]) -> Iterator[str]:
    *sizes, zero = numbers
    channels, width, kernel, *rest = map(text, sizes)
    arguments = [channels, width, kernel]
    if rest[0] == "stride":  # says itself what it is
        arguments += [rest.pop(0), rest.pop(0)]
    names = ("stride", "padding", "dilation", "groups")[4 - len(rest) :]
    arguments += [
        f"{name}={number}"
        for name, number in zip(names, rest, strict=True)
        if number != _DEFAULTS[name]
    ]
    yield f"{target} = nn.Conv2d({', '.join([*arguments, f'bias={conv.bias}'])})"
    if zero.parameter:
        yield f"init = nn.init.zeros_ if {zero.parameter} else nn.init.kaiming_normal_"
        yield f"init({target}.weight)"
        if conv.bias:
            yield f"nn.init.zeros_({target}.bias)"
    else:
        yield from _initialise(target, conv.init, conv.bias)


_DEFAULTS = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1"}


def _linear_slots(linear: ops.Linear, read: TensorType) -> tuple[Slot, ...]:
    return (Slot("in_features", read.elements), Slot("width", linear.width))


def _linear_lines(linear: ops.Linear, target: str, numbers: Sequence[Number]) -> Iterator[str]:
    features, width = map(text, numbers)
    yield f"{target} = nn.Linear({features}, {width}{'' if linear.bias else ', bias=False'})"
    yield from _initialise(target, linear.init, linear.bias)


def _batch_norm_slots(norm: ops.BatchNorm, read: TensorType) -> tuple[Slot, ...]:
    return (Slot("channels", read.channels), Slot("eps", norm.eps), Slot("momentum", norm.momentum))


def _batch_norm_lines(_: ops.BatchNorm, target: str, numbers: Sequence[Number]) -> Iterator[str]:
    width, eps, momentum = map(text, numbers)
    options = [width]
    if (eps, momentum) != ("1e-05", "0.1"):  # torch's own
        options += [f"eps={eps}", f"momentum={momentum}"]
    yield f"{target} = nn.BatchNorm2d({', '.join(options)})"


def _layer_norm_slots(norm: ops.LayerNorm, read: TensorType) -> tuple[Slot, ...]:
    return (Slot("channels", read.channels), Slot("eps", norm.eps))


def _layer_norm_lines(_: ops.LayerNorm, target: str, numbers: Sequence[Number]) -> Iterator[str]:
    width, eps = map(text, numbers)
    yield f"{target} = nn.LayerNorm({width}, eps={eps})"


STATEFUL: Mapping[type[ops.Operation], Stateful] = MappingProxyType(
    {
        ops.Conv2d: Stateful(
            _conv2d_slots,
            lambda conv, _: (conv.bias, conv.init is ops.Init.GLOROT),
            _conv2d_lines,
            alone=True,
        ),
        ops.Linear: Stateful(
            _linear_slots,
            lambda linear, read: (linear.bias, linear.init, bool(read.spatial)),
            _linear_lines,
            alone=False,
        ),
        ops.BatchNorm: Stateful(
            _batch_norm_slots, lambda _norm, _read: None, _batch_norm_lines, alone=True
        ),
        ops.LayerNorm: Stateful(
            _layer_norm_slots,
            lambda _, read: bool(read.spatial),
            _layer_norm_lines,
            alone=False,
        ),
    }
)


def _initialise(target: str, init: ops.Init, bias: bool) -> Iterator[str]:
    """Section 4.2: He et al. for convolutions, zeros where a block starts as the identity."""
    match init:
        case ops.Init.HE:
            yield f'nn.init.kaiming_normal_({target}.weight, nonlinearity="relu")'
        case ops.Init.GLOROT:
            yield f"nn.init.xavier_uniform_({target}.weight)"
        case ops.Init.ZERO:
            yield f"nn.init.zeros_({target}.weight)"
    if bias:
        yield f"nn.init.zeros_({target}.bias)"
