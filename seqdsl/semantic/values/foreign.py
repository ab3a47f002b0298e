"""The way on from what another framework calls it: help, and an edit where a table has one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seqdsl.semantic.values.constants import CONSTANTS
from seqdsl.source.elsewhere import (
    DECLARATIONS,
    MODULES,
    VALUES,
    foreign_argument,
    foreign_layer,
    plain,
)
from seqdsl.source.fix import Fix, removing_item, removing_lines, replacing
from seqdsl.source.text import Span
from seqdsl.source.translate import Written, piped, translated
from seqdsl.syntax import ast
from seqdsl.syntax.misfit import Advice

_RETURN = "what flows at the closing `}` is what a block gives: nothing is returned"
_SELF = "a layer is written where it is applied, a line each: nothing is `self`"


def of_call(call: ast.Call) -> Advice | None:
    """Of a call whose layer is not known here, but elsewhere."""
    name = call.callee.span.text
    if name == "return":
        return _RETURN, _of_return(call)
    if declared_by(call) is not None:
        until = call.arguments[0].span.start
        fix = replacing(Span(call.span.source, call.span.start, until), "")
        return "a value is named without a word before it: `name = value`", fix
    layer = foreign_layer(name)
    if layer is None:
        return None
    text = translated(name, written(call.arguments))
    if text is None or call.body is not None:
        return layer.help, None
    if not text:
        return layer.help, removing_lines(call.span, safe=False)
    end = max([call.callee.span.end, *(a.span.end for a in call.arguments)])
    return layer.help, replacing(Span(call.span.source, call.span.start, end), text)


def declared_by(call: ast.Call) -> str | None:
    """The name that a call such as ``let skip = it`` was to give to a value."""
    named = [argument.name for argument in call.arguments]
    is_one = call.callee.span.text in DECLARATIONS and len(named) == 1
    return named[0] if is_one else None


def _of_return(call: ast.Call) -> Fix | None:
    values = [argument.value for argument in call.arguments]
    if len(values) == 1 and isinstance(values[0], ast.Chain):
        fix = of_chain(values[0])[1]
        if fix is not None:
            names = fix.edits[0].text.partition(" | ")
            layer = names[2].partition(" ")[0]
            listed = ", ".join([names[0], *re.findall(rf"{layer} (\S+)", names[2])])
            return replacing(call.span, f"{layer} {listed}")
    if values and not (len(values) == 1 and isinstance(values[0], ast.Name)):
        return None
    if values and values[0].span.text != "it":
        return replacing(call.span, f"it = {values[0].span.text}")
    return removing_lines(call.span, safe=False)


def written(arguments: Sequence[ast.Argument]) -> Written:
    return [(argument.name, argument.value.span.text) for argument in arguments]


def of_expression(e: ast.Function | ast.Method) -> Advice | None:
    """Of a value such as ``nn.Conv2d(3, 16, 3)`` or ``F.relu(x)``: a pipeline."""
    if isinstance(e, ast.Method) and not is_framework(e):
        return None
    layer = foreign_layer(e.name)
    if layer is None:
        return None
    text = piped(e.name, written(e.arguments))
    if text is None:
        return layer.help, None
    source = e.span.source
    start = source.line_start(e.span.line)
    before = source.text[start : e.span.start]
    if re.fullmatch(rf"[ \t]*{re.escape(text)}[ \t]*=[ \t]*", before):
        return layer.help, removing_lines(Span(source, start, e.span.end), safe=False)
    return layer.help, replacing(e.span, text)


_LAYER_OF = {"+": "add", "*": "multiply"}


def of_chain(e: ast.Chain) -> Advice:
    """Of feature maps that an operator joins: ``it + skip``."""
    layer = _LAYER_OF.get(e.rest[0][0])
    operands = [e.first, *(operand for _, operand in e.rest)]
    same = all(operator == e.rest[0][0] for operator, _ in e.rest)
    maps = all(isinstance(each, ast.Name | ast.Attribute) for each in operands)
    if layer is None or not same or not maps:
        return None, None
    names = [operand.span.text for operand in operands]
    whole = f"{layer} {', '.join(names)}"
    source = e.span.source
    before = source.text[source.line_start(e.span.line) : e.span.start]
    flowing = re.search(r"\bit[ \t]*=[ \t]*$", before)
    if flowing is not None:  # the statement `it = it + skip`
        start = source.line_start(e.span.line) + flowing.start()
        return f"the layer is `{layer}`: `{whole}`", replacing(
            Span(source, start, e.span.end), whole
        )
    pipe = " | ".join([names[0], *(f"{layer} {name}" for name in names[1:])])
    return f"the layer is `{layer}`: `{whole}`, or `{pipe}` in a value", replacing(e.span, pipe)


def is_framework(e: ast.Method) -> bool:
    """Whether a method is of a module of a framework: of ``nn``, ``F``, ``torch.nn``."""
    return e.base.span.text.partition(".")[0] in MODULES


def of_name(name: ast.Name, takes: str | None) -> Advice | None:
    """Of a value that is not known, for a parameter that may be known."""
    source, start = name.span.source, name.span.start
    before = source.text[source.line_start(name.span.line) : start]
    slashes = re.search(r"//[ \t]*$", before)
    if slashes is not None and "#" not in before:
        sign = source.line_start(name.span.line) + slashes.start()
        if _ends_line(name.span):
            fix = replacing(Span(source, sign, sign + 2), "#")
            return "a comment begins with `#`", fix
    if name.name == "self":
        alone = before.strip() == ""
        return _SELF, removing_lines(_line(name.span), safe=False) if alone else None
    if name.name in MODULES and source.text[name.span.end : name.span.end + 1] == ".":
        return "layers are named without their module: `relu`, `conv 3x3, 16`", None
    if takes is not None:
        value = VALUES.get((takes, name.name))
        if value is not None:
            if value.write:
                return value.help, replacing(name.span, value.write)
            return value.help, removing_item(_argument(name.span, takes))
        layer = foreign_layer(name.name)
        if layer is not None and takes == "act":
            return layer.help, replacing(name.span, layer.write) if layer.write else None
    if plain(name.name) in ("inchannels", "inplanes", "infeatures", "channels", "numfeatures"):
        return "`it.width` is the number of channels that come in", replacing(name.span, "it.width")
    constant = name.name.lower()
    if constant in CONSTANTS and constant != name.name:
        return f"it is written `{constant}`", replacing(name.span, constant)
    return None


def of_text(value: str, takes: str, span: Span) -> Advice:
    """Of text where a parameter takes a word or a layer; ``span`` is of the whole argument."""
    known = VALUES.get((takes, value))
    if known is not None and not known.write:
        return known.help, removing_item(span)
    layer = foreign_layer(value) if takes == "act" else None
    write = known.write if known is not None else layer and layer.write
    quoted = re.search(r'"[^"]*"$', span.text)
    help = "a layer or a constant is named without quotes"
    if quoted is None or not re.fullmatch(r"[A-Za-z_]\w*", value):
        return help, None
    where = Span(span.source, span.start + quoted.start(), span.end)
    found = known or layer
    if found is not None and write != value:
        return found.help, replacing(where, write) if write else None
    return help, replacing(where, value)


def of_argument(name: str, span: Span, names: Sequence[str]) -> Advice | None:
    """Of a keyword that a layer does not have; ``span`` is of the whole argument."""
    found = foreign_argument(name)
    if found is None or (found.write and found.write not in names):
        return None
    if found.write is None:
        return found.help, None
    if not found.write:
        return found.help, removing_item(span)
    text = re.sub(r"^\w+(\s*)=(\s*)", rf"{found.write}\1=\2", span.text)
    if found.write == "act":
        text = re.sub(r'"(\w+)"$', r"\1", text)
    return f"did you mean `{found.write}`?", replacing(span, text)


def _ends_line(span: Span) -> bool:
    source = span.source
    behind = source.text[span.end : source.line_end(span.line)].strip()
    return not behind or behind.startswith("#")


def _line(span: Span) -> Span:
    """The text of a line from a span on."""
    return Span(span.source, span.start, span.source.line_end(span.line))


def _argument(span: Span, takes: str) -> Span:
    """A value with its keyword, where that stands before it."""
    before = re.search(rf"{takes}[ \t]*=[ \t]*$", span.source.text[: span.start])
    return span if before is None else Span(span.source, before.start(), span.end)
