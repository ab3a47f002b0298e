"""Judges the layers of a pipeline: what their arguments read, and whether they read what is piped.

In ``b = a | add it``, `it` is what flows outside of the pipeline; what is piped has no name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from seqdsl.semantic.expansion.evaluate import Poisoned, evaluate
from seqdsl.semantic.expansion.frame import Flow, Frame
from seqdsl.semantic.expansion.layer_values import Layer, PrimitiveLayer
from seqdsl.semantic.values.binding import Actual
from seqdsl.semantic.values.locate import diagnostic, fail
from seqdsl.semantic.values.value import Feature, Value, show
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.fix import replacing
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in

Piped = ast.Expression | ast.Call  # what made the value that is piped into a layer
Result = TypeVar("Result")


def with_flow(frame: Frame, flow: Flow, action: Callable[[], Result]) -> Result:
    """Does something while ``flow`` is what flows in a frame."""
    before, frame.current = frame.current, flow
    try:
        return action()
    finally:
        frame.current = before


def of_pipeline(
    call: ast.Call,
    piped: Piped,
    layer: Layer,
    given: Sequence[Actual],
    operand: Feature,
    frame: Frame,
) -> Iterator[Diagnostic]:
    """A warning for each argument that is easily taken to read what is piped, and does not.

    Raises `Failure` where the layer is given all that it joins, and what is piped is not among it.
    """
    if isinstance(layer, PrimitiveLayer) and layer.primitive.several:
        _refuse_unread(call, piped, given, operand, frame)
    if frame.current == operand:
        return
    for argument, actual in zip(call.arguments, given, strict=True):
        if argument.name is None and isinstance(argument.value, ast.Name):
            continue  # `a | add it` is read as what it is
        word = next((n for n in names_in(argument.value) if n.name == "it"), None)
        if word is None:
            continue
        other = _of_piped(argument.value, operand, frame)
        if other is not None and other != actual.value:
            yield _mistaken(argument, word, actual.value, other, piped, frame)


def _of_piped(expression: ast.Expression, operand: Feature, frame: Frame) -> Value:
    """What an expression would be if `it` were what is piped; None where that has no value."""
    try:
        return with_flow(frame, operand, lambda: evaluate(expression, frame))
    except (Failure, Poisoned):
        return None


def _mistaken(
    argument: ast.Argument, word: ast.Name, value: Value, other: Value, piped: Piped, frame: Frame
) -> Diagnostic:
    text = " ".join(argument.value.span.text.split())
    spelt, otherwise = _spell(value), _spell(other)
    named = isinstance(piped, ast.Name)
    way = f"write `{piped.span.text}`" if named else "name it before this layer"
    kept = "`in`" if frame.entry == frame.current else "a name of its own"
    return diagnostic(
        "outer-it",
        f"`{text}` is {spelt}, of what flows outside of this pipeline; "
        f"of what is piped in it would be {otherwise}",
        word.span,
        frame.scope,
        label="not what is piped in",
        secondary=(Label(piped.span, "this is piped in"),),
        help=f"if what is piped in is meant, {way}; if what flows outside is meant, "
        f"give that {kept} here",
        fix=replacing(word.span, piped.span.text) if named else None,
    )


def _spell(value: Value) -> str:
    return str(value.type) if isinstance(value, Feature) else show(value)


def _refuse_unread(
    call: ast.Call, piped: Piped, given: Sequence[Actual], operand: Feature, frame: Frame
) -> None:
    maps = [a for a in given if a.name is None and isinstance(a.value, Feature)]
    read = {a.value.segments for a in maps if isinstance(a.value, Feature)}
    if len(maps) < 2 or operand.segments in read:
        return
    name, other = call.callee.span.text, maps[-1].span.text
    raise fail(
        "unread-pipe",
        f"`{name}` reads the feature maps that it is given, and what is piped in is none of them",
        call.span,
        frame.scope,
        label="reads only its arguments",
        secondary=(Label(piped.span, "this is piped in, and not read"),),
        help=f"what is piped in joins a single argument: `| {name} {other}`; "
        "to join more, name it first, and list it with the others",
    )
