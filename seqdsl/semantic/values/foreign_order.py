"""Finds calls whose numbers are in another framework's order: `conv2d 3, 16, 3` of 3 channels.

PyTorch names the channels that come in first, Keras the channels that go out. Here a kernel comes
first, and what comes in is known. Such numbers often fit the parameters all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from seqdsl.graph.scope import Scope
from seqdsl.semantic.values.binding import Actual
from seqdsl.semantic.values.locate import diagnostic
from seqdsl.semantic.values.value import Feature, LayerValue, SizeValue, show
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.source.fix import replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.misfit import Advice

_PYTORCH_CONV = ("", "width", "kernel", "stride", "padding", "dilation", "groups", "bias")
_KERAS_CONV = ("width", "kernel")


@frozen
class _Order:
    """The parameters that go by place elsewhere, the first being what comes in, and those here."""

    elsewhere: tuple[str, ...]
    here: tuple[str, ...]
    help: str = "the channels that come in are known"


_CONV = _Order(
    _PYTORCH_CONV, ("kernel", "width"),
    "the kernel comes first, and the channels that come in are known",
)  # fmt: skip
_BASIC = _Order(("", "width", "stride"), ("width",))
_BOTTLENECK = _Order(
    ("", "inner", "stride"), ("inner", "width"),
    "the inner width comes first, then the outer one, and the channels that come in are known",
)  # fmt: skip
_ORDERS = {
    "conv": _CONV, "conv2d": _CONV, "pre_conv": _CONV,
    "linear": _Order(("", "width", "bias"), ("width",)), "fc": _Order(("", "width"), ("width",)),
    "basic": _BASIC, "pre_basic": _BASIC,
    "bottleneck": _BOTTLENECK, "pre_bottleneck": _BOTTLENECK,
    "transition": _Order(("", "width"), ("width",)),
}  # fmt: skip
_LINEAR = ("linear", "fc")
_EXPANSION = 4  # of the inner width of a bottleneck, in PyTorch's blocks
_LARGE = 16  # a kernel that no network is known to have by place
_SMALL_KERNELS = (3, 5, 7)
_BY_DEFAULT = {"stride": "1", "dilation": "1", "groups": "1"}


def in_foreign_order(
    call: ast.Call, layer: LayerValue, given: Sequence[Actual], operand: Feature, scope: Scope
) -> list[Diagnostic]:
    """A warning where the numbers of a call fit here, and mean something else elsewhere."""
    name = _name_of(layer, call)
    if name is None:
        return []
    by_place = [a for a in given if a.name is None]
    order = _ORDERS[name]
    if order is _CONV and _is_keras(by_place, call, operand):
        order = replace(_CONV, elsewhere=_KERAS_CONV, help="the kernel comes before the channels")
    elif not _is_odd(order, by_place, call, operand):
        return []
    text = _written(call, order, given)
    meant = zip([*_ORDERS[name].here, "stride"], by_place, strict=False)
    read = ", ".join(f"`{parameter}` = {show(a.value)}" for parameter, a in meant)
    return [
        diagnostic(
            "foreign-order",
            f"the numbers of `{call.callee.span.text}` seem to be in another framework's order",
            call.span,
            scope,
            label=f"here {read}",
            help=f"{order.help}: write `{text}`",
            fix=replacing(_until_times(call), text),
        )
    ]


def with_order(
    failure: Failure, call: ast.Call, layer: LayerValue, given: Sequence[Actual], operand: Feature
) -> Failure:
    """The failure of a call's arguments, with the order that would fit where it is another's."""
    name = _name_of(layer, call)
    found = failure.diagnostic
    if name is None or not found.code.argument or found.primary is None:
        return failure
    by_place = [a for a in given if a.name is None]
    numbers = [None if isinstance(a.value, SizeValue) else _number(a) for a in by_place[:2]]
    if len(numbers) < 2 or None in numbers:
        return failure
    if name not in _LINEAR and numbers[0] != operand.width:
        return failure
    if _ORDERS[name] is _CONV and len(by_place) == 2 and "kernel" not in {a.name for a in given}:
        return failure
    order = _ORDERS[name]
    text = _written(call, order, given)
    fix = replacing(_until_times(call), text)
    return Failure(replace(found, help=f"{order.help}: write `{text}`", fix=fix))


def of_kernel(span: Span) -> Advice | None:
    """The way on from a kernel that is none: `conv 64, 128, 3`, or `conv 64, 3` of Keras."""
    found = re.match(
        r"(conv|conv2d|pre_conv)[ \t]+(\d+)\s*,\s*(\d+)(?:\s*,\s*(\d+(?:x\d+)?))?(?=\s*(?:,|$))",
        span.text,
    )
    if found is None:
        return None
    layer, first, second, third = found.groups()
    if third is not None:
        width, kernel, help = second, third, _CONV.help
    elif int(first) >= _LARGE and int(second) in _SMALL_KERNELS:
        width, kernel, help = first, second, "the kernel comes before the channels"
    else:
        return None
    call = f"{layer} {_sides(kernel)}, {width}"
    replaced = Span(span.source, span.start, span.start + found.end())
    return f"{help}: `{call}`", replacing(replaced, call)


def _name_of(layer: LayerValue, call: ast.Call) -> str | None:
    """The name of a layer of the library that the user calls, and that other frameworks have."""
    name = layer.word if layer.is_ours else None
    return name if name in _ORDERS and not call.span.source.library else None


def _number(actual: Actual) -> int | None:
    """The whole number that an argument is, or the longer side of a size."""
    value = actual.value
    if isinstance(value, SizeValue):
        return max(value.values)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_odd(order: _Order, by_place: Sequence[Actual], call: ast.Call, operand: Feature) -> bool:
    """Whether numbers of which the first is the width that comes in are meant as it.

    As they are read here, no network is known to have them.
    """
    if not by_place or isinstance(by_place[0].value, SizeValue):
        return False
    first, second, third = (*map(_number, by_place), None, None)[:3]
    if first != operand.width or second is None:
        return False
    if order is _CONV:
        if third is None or (first == third and _has_no_padding(call)):  # patches side by side
            return False
        if first >= _LARGE and not _is_whole(first, call, operand):
            return True
        return third >= 3 and (third % 2 == 1 or third > first)
    if order is _BASIC:
        return second > 4  # its stride
    in_groups = any(a.name == "groups" for a in call.arguments)
    return order is _BOTTLENECK and second < first and not in_groups


def _is_keras(by_place: Sequence[Actual], call: ast.Call, operand: Feature) -> bool:
    """Whether two numbers are channels and a kernel: here, a kernel as no network has."""
    if len(by_place) != 2 or isinstance(by_place[0].value, SizeValue):
        return False
    first, second = map(_number, by_place)
    if first is None or first < _LARGE or second not in _SMALL_KERNELS:
        return False
    return not _is_whole(first, call, operand)


def _is_whole(kernel: int, call: ast.Call, operand: Feature) -> bool:
    """Whether a kernel is the map itself, as of a convolution that ends a network."""
    return kernel in (operand.spatial or ()) and _has_no_padding(call)


def _has_no_padding(call: ast.Call) -> bool:
    return any(a.name == "padding" and a.value.span.text == "0" for a in call.arguments)


def _written(call: ast.Call, order: _Order, given: Sequence[Actual]) -> str:
    """A call as it is written here; what is given by name stays."""
    by_place = [a.value.span.text for a in call.arguments if a.name is None]
    texts = dict(zip(order.elsewhere, by_place, strict=False))
    texts.pop("", None)
    texts |= {a.name: a.value.span.text for a in call.arguments if a.name is not None}
    if order is _BOTTLENECK and "width" not in texts:
        inner = next(a.value for a in given[1:] if a.name in (None, "inner"))
        texts["width"] = show(_EXPANSION * inner) if isinstance(inner, int) else "4*width"
    if "kernel" in texts:
        texts["kernel"] = _sides(texts["kernel"])
    leading = [texts.pop(parameter) for parameter in order.here if parameter in texts]
    kept = [
        f"{key}={_word(text)}" for key, text in texts.items() if not _is_default(key, text, leading)
    ]
    return f"{call.callee.span.text} {', '.join([*leading, *kept])}"


def _is_default(key: str, text: str, leading: Sequence[str]) -> bool:
    if key != "padding":
        return _BY_DEFAULT.get(key) == text
    sides = re.fullmatch(r"(\d+)x\1", leading[0]) if leading else None
    return sides is not None and int(sides[1]) % 2 == 1 and text == str(int(sides[1]) // 2)


def _word(text: str) -> str:
    return text.lower() if text in ("True", "False", "None") else text


def _sides(kernel: str) -> str:
    return f"{kernel}x{kernel}" if kernel.isdecimal() else kernel


def _until_times(call: ast.Call) -> Span:
    """A call with its arguments, less the `x 3` that repeats it."""
    span = call.span
    return Span(span.source, span.start, call.arguments[-1].span.end)
