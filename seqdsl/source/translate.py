"""Writes a call of another framework as a statement of this language, where a table has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from seqdsl.source.elsewhere import VALUES, Arguments, ForeignLayer, foreign_argument, foreign_layer

# Arguments as they are written: the keyword, None for one given by place, and the value's text.
Written: TypeAlias = Sequence[tuple[str | None, str]]

_PAIR = re.compile(r"[(\[]\s*(\d+)\s*,\s*(\d+)\s*,?\s*[)\]]")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_ACTIVATED = {"conv", "conv 3x3,", "conv 1x1,"}
_WORDS = {"True": "true", "False": "false", "None": "none"}


def translated(name: str, arguments: Written) -> str | None:
    """The statement to write for a foreign call; empty where it is left out, None for none."""
    layer = foreign_layer(name)
    if layer is None or layer.write is None:
        return None
    if layer.arguments is Arguments.DROPPED or not layer.write:
        return layer.write
    if layer.arguments is Arguments.LISTED:
        given = _listed(arguments)
    elif not layer.order or _is_in_order(layer, arguments):
        given = [(keyword, _value(text)) for keyword, text in arguments]
    else:
        given = _reordered(layer, arguments)
        if layer.write == "conv2d" and name != "conv2d":
            given += _conv_defaults(given)
    known = _known(given, layer.order)
    behind = [_activation(text) for keyword, text in known if keyword == "act"]
    if "act" in layer.order or layer.write in _ACTIVATED:
        behind = []
    else:
        known = [(keyword, text) for keyword, text in known if keyword != "act"]
    words = [text if keyword is None else f"{keyword}={text}" for keyword, text in known]
    call = " ".join([layer.write, ", ".join(words)]).rstrip()
    return "; ".join([call, *filter(None, behind)])


def _activation(text: str) -> str:
    """The layer of an activation that another framework takes as an argument; empty for none."""
    word = text.strip("\"'")
    if word in ("none", "None", "linear", "identity"):
        return ""
    layer = foreign_layer(word)
    return layer.write if layer is not None and layer.write else word


def piped(name: str, arguments: Written) -> str | None:
    """A foreign call as a pipeline: of its first argument, where that is a name, or of `it`.

    None where the first argument computes what the layer is applied to, as in `relu(a + b)`.
    """
    layer = foreign_layer(name)
    if layer is not None and layer.write and layer.arguments is Arguments.LISTED:
        maps = [text for _, text in _listed(arguments)]
        if len(maps) < 2:
            return None
        joined = maps[1:] if len(maps) == 2 else maps
        return f"{maps[0]} | {layer.write} {', '.join(joined)}"
    first = arguments[0] if arguments else (None, "")
    operand = "it"
    if first[0] is None and _IDENTIFIER.fullmatch(first[1]):
        operand, arguments = first[1], arguments[1:]
        if layer is not None and layer.order[:1] == ("",):  # the operand takes its place
            arguments = [(None, "0"), *arguments]
    elif layer is not None and layer.arguments is Arguments.DROPPED and _computes(first):
        return None
    return applied(name, arguments, operand)


def _computes(argument: tuple[str | None, str]) -> bool:
    """Whether a first argument may be what a layer is applied to, and is no name."""
    keyword, text = argument
    return keyword is None and text not in _WORDS and _IDENTIFIER.search(text) is not None


def applied(name: str, arguments: Written, operand: str) -> str | None:
    """A pipeline for a foreign call and what it is applied to; None where there is none."""
    call = translated(name, arguments)
    if call == "":
        return operand
    return None if call is None else f"{operand} | {call.replace('; ', ' | ')}"


def _is_in_order(layer: ForeignLayer, arguments: Written) -> bool:
    """Whether a call has this language's order: a kernel such as 3x3 comes first."""
    leading = next(iter(arguments), (None, ""))[1]
    return "kernel" in layer.order[1:] and re.fullmatch(r"\d+x\d+", leading) is not None


def _reordered(layer: ForeignLayer, arguments: Written) -> list[tuple[str | None, str]]:
    by_place = [text for keyword, text in arguments if keyword is None]
    named = [(keyword, text) for keyword, text in arguments if keyword is not None]
    order = layer.order
    kernel_named = any(plain_keyword(keyword) == "kernel" for keyword, _ in named)
    if order[:2] == ("", "width") and "kernel" in order and len(by_place) == 2 and not kernel_named:
        order = ("width", "kernel")  # Keras: filters, kernel_size
    if order[:2] == ("", "width") and len(by_place) == 1:
        order = ("width",)
    given: dict[str, str] = {}
    for parameter, text in zip(order, by_place, strict=False):
        given[parameter] = text
    for keyword, text in named:
        given.setdefault(keyword if keyword in order else plain_keyword(keyword), text)
    given.pop("", None)
    result: list[tuple[str | None, str]] = []
    for parameter in ("kernel", "width"):
        if parameter in given:
            value = _value(given.pop(parameter))
            result.append((None, f"{value}x{value}" if _needs_sides(parameter, value) else value))
    leads = "width" not in layer.order and len(layer.order) == 1 and not layer.by_name
    for parameter, text in given.items():
        result.append((None if leads else parameter, _value(text)))
    return result


def _conv_defaults(given: Written) -> list[tuple[str | None, str]]:
    """What convolutions of PyTorch and Keras do by default and `conv2d` does not."""
    named = {keyword for keyword, _ in given}
    defaults: list[tuple[str | None, str]] = []
    if "padding" not in named and (None, "1x1") not in given:
        defaults.append(("padding", "0"))
    if "bias" not in named:
        defaults.append(("bias", "true"))
    return defaults


def _needs_sides(parameter: str, value: str) -> bool:
    return parameter == "kernel" and value.isdigit()


def _known(
    given: Sequence[tuple[str | None, str]], order: tuple[str, ...]
) -> list[tuple[str | None, str]]:
    """The arguments with keywords and values of this language, less those to leave out."""
    result: list[tuple[str | None, str]] = []
    for keyword, text in given:
        here = keyword and (keyword if keyword in order else plain_keyword(keyword))
        if here == "":
            continue
        value = VALUES.get((here or "", text.strip("\"'")))
        if value is not None and not value.write:
            continue
        result.append((here, value.write if value is not None and value.write else text))
    return result


def plain_keyword(keyword: str | None) -> str:
    """A keyword as this language has it; empty for one to leave out."""
    found = foreign_argument(keyword or "")
    if found is None or found.write is None:
        return keyword or ""
    return found.write


def _listed(arguments: Written) -> list[tuple[str | None, str]]:
    """The feature maps of `[a, b]` and after it, less an axis."""
    texts: list[str] = []
    for keyword, text in arguments:
        if keyword is None and not text.lstrip("-").isdigit():
            texts += [part.strip() for part in text.strip("[]()").split(",")]
    return [(None, text) for text in texts if text]


def _value(text: str) -> str:
    pair = _PAIR.fullmatch(text)
    return f"{pair[1]}x{pair[2]}" if pair else _WORDS.get(text, text)
