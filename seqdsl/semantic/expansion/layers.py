"""Applies layers to feature maps: primitives, blocks, and braces that were passed as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from seqdsl.graph.builder import block_name
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.expansion.call_record import call_of
from seqdsl.semantic.expansion.construction import State
from seqdsl.semantic.expansion.derive import replacement
from seqdsl.semantic.expansion.evaluate import evaluate, name_value, whole
from seqdsl.semantic.expansion.frame import BROKEN, Broken, Flow, Frame
from seqdsl.semantic.expansion.layer_values import BlockLayer, Layer, Layers, PrimitiveLayer
from seqdsl.semantic.expansion.parameter_values import bind_into
from seqdsl.semantic.expansion.pipeline import of_pipeline, with_flow
from seqdsl.semantic.expansion.recorder import Applied, Ran, Replaced
from seqdsl.semantic.expansion.statement_cost import work_of
from seqdsl.semantic.names.unknown import unknown_layer
from seqdsl.semantic.primitives.application import Application, Primitive
from seqdsl.semantic.values.binding import Actual, Formal, bind, formals_of
from seqdsl.semantic.values.foreign_order import in_foreign_order, with_order
from seqdsl.semantic.values.locate import fail
from seqdsl.semantic.values.value import Feature, Value, kind_of
from seqdsl.source.diagnostic import Failure
from seqdsl.source.fix import replacing
from seqdsl.source.limits import LIMITS, way_on
from seqdsl.source.text import Span
from seqdsl.syntax import ast

_WORK_OF_A_BLOCK = 10  # statements that take as long as to enter a block
_WORK_OF_A_PRIMITIVE = 4


def apply_call(
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Flow | None,
    extra: Mapping[str, Actual],
    piped: ast.Expression | ast.Call | None = None,
) -> Flow:
    """Applies a layer to an operand as often as the call says, with ``extra`` arguments added.

    ``piped`` is what made the operand, where the call is part of a pipeline. On what an error left
    undefined it does nothing, but what is wrong with the call is said all the same. Raises
    `Failure` or `Poisoned`.
    """
    layer = _layer(call, frame)
    if isinstance(operand, Broken):
        _check_call(layer, call, state, frame, extra)
        return BROKEN
    if operand is None:
        raise fail(
            "no-input", "a layer stands before the network's input", call.span, frame.scope,
            help="begin the network with `input 3x224x224`",
        )  # fmt: skip
    times = _times(call, frame)
    flow: Flow = operand
    work = work_of(call) if times > 1 else 0
    for turn in range(1, times + 1):
        if isinstance(flow, Broken):
            break
        state.meter.spend_on(len(flow.groups))
        if turn > 1:  # the first is a statement, or stands in one
            state.meter.spend(work)
        # arguments may read `it`, so each turn evaluates them anew
        if piped is None:
            given = with_flow(frame, flow, lambda: _given(call, frame))
        else:
            given = _given(call, frame)
            state.diagnostics += of_pipeline(call, piped, layer, given, flow, frame)
        actuals = [*given, *extra.values()]
        before = flow
        state.diagnostics += in_foreign_order(call, layer, given, before, frame.scope)
        try:
            flow = _apply_or_replace(layer, call, state, frame, flow, given, actuals, (turn, times))
        except Failure as failure:
            raise with_order(failure, call, layer, given, before) from None
    if isinstance(flow, Feature):
        state.note(call.span, operand, flow)
    return flow


def _given(call: ast.Call, frame: Frame) -> list[Actual]:
    return [Actual(a.name, evaluate(a.value, frame), a.span) for a in call.arguments]


def _check_call(
    layer: Layer, call: ast.Call, state: State, frame: Frame, extra: Mapping[str, Actual]
) -> None:
    """Holds a call against what it calls, without an operand. Raises `Failure` or `Poisoned`."""
    turn = (1, _times(call, frame))
    actuals = [*_given(call, frame), *extra.values()]
    match layer:
        case PrimitiveLayer(primitive=primitive):
            _refuse_body(call, primitive.name, frame.scope)
            if not primitive.several:
                bind(primitive.name, primitive.formals, actuals, call.span, frame.scope,
                     _no_default)  # fmt: skip
        case BlockLayer(block=block):
            inner = _enter_block(layer, call, state, frame, BROKEN, actuals, turn)
            state.run(block.body.statements, inner)
        case Layers() if not actuals:
            state.run(layer.statements, layer.frame.inner(frame.scope, BROKEN))
        case _:
            pass


def _times(call: ast.Call, frame: Frame) -> int:
    if call.times is None:
        return 1
    times = whole(call.times, frame)
    if times < 0:
        raise fail(
            "not-positive", f"a layer can't be repeated {times} times", call.times.span,
            frame.scope, label=f"= {times}",
        )  # fmt: skip
    most = LIMITS.get().repeat
    if times > most:
        raise fail(
            "repeat-limit",
            f"repeating {times:,} times is past the limit of {most:,}",
            call.times.span,
            frame.scope,
            label="too often",
            help="networks do not repeat so often: is a digit too many here? "
            + way_on("repeat", times),
        )
    return times


def _layer(call: ast.Call, frame: Frame) -> Layer:
    callee = call.callee
    if isinstance(callee, ast.Attribute):
        value = evaluate(callee, frame)
    else:
        try:
            value = name_value(callee.name, callee.span, frame)
        except Failure:
            raise _unknown_layer(call, callee, frame) from None
    if isinstance(value, BlockLayer | PrimitiveLayer | Layers):
        return value
    raise fail(
        "wrong-type", f"a layer is needed here, and this is {kind_of(value)}", callee.span,
        frame.scope, label=kind_of(value),
    )  # fmt: skip


def _unknown_layer(call: ast.Call, callee: ast.Name, frame: Frame) -> Failure:
    message, help, fix = unknown_layer(call, callee, frame.module, frame.names())
    return fail(
        "unknown-layer", message, callee.span, frame.scope, label="unknown layer", help=help,
        fix=fix,
    )  # fmt: skip


def _apply_or_replace(
    layer: Layer,
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Feature,
    given: list[Actual],
    actuals: list[Actual],
    turn: tuple[int, int],
) -> Flow:
    """Applies a layer, or what a derived network puts in its place; records either."""
    if state.recorder is None:
        replaced = replacement(layer, call, state, frame, operand, actuals)
        if replaced is not None:
            return replaced
        return _apply(layer, call, state, frame, operand, actuals, turn)
    with state.recording() as inside:
        replaced = replacement(layer, call, state, frame, operand, actuals)
    if replaced is not None:
        state.recorder.add(Replaced(call, frame, inside))
        return replaced
    if isinstance(layer, Layers):
        return _apply(layer, call, state, frame, operand, actuals, turn)
    added = actuals[len(given) :]
    with state.recording() as inside:
        result = _apply(layer, call, state, frame, operand, actuals, turn)
    if isinstance(result, Feature):
        # a block is the last to tell what leaves it, behind those in it
        scope = next(reversed(state.dataflow.leaving)) if isinstance(layer, BlockLayer) else None
        entry = frame.entry if isinstance(frame.entry, Feature) else operand
        state.recorder.add(
            Applied(layer, call, frame, entry, given, added, operand, result, scope, inside)
        )
    return result


def _apply(
    layer: Layer,
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Feature,
    actuals: list[Actual],
    turn: tuple[int, int],
) -> Flow:
    match layer:
        case PrimitiveLayer(primitive=primitive):
            _refuse_body(call, primitive.name, frame.scope)
            return _apply_primitive(primitive, call, state, frame, operand, actuals)
        case BlockLayer():
            return _apply_block(layer, call, state, frame, operand, actuals, turn)
        case Layers():
            return _apply_layers(layer, call, state, frame, operand, actuals)


def _apply_primitive(
    primitive: Primitive,
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Feature,
    actuals: list[Actual],
) -> Feature:
    features: tuple[Feature, ...] = ()
    if primitive.several:
        _refuse_lists(primitive, actuals, frame.scope)
        features = tuple(cast(Feature, a.value) for a in actuals if _is_operand(a))
        actuals = [a for a in actuals if not _is_operand(a)]
    state.meter.spend(_WORK_OF_A_PRIMITIVE)
    values = bind(primitive.name, primitive.formals, actuals, call.span, frame.scope, _no_default)
    entry = frame.entry if isinstance(frame.entry, Feature) else operand
    return primitive.apply(
        Application(
            state.dataflow, entry, operand, features, values, actuals, primitive.formals,
            frame.scope, call.span,
        )
    )  # fmt: skip


def _refuse_lists(primitive: Primitive, actuals: Sequence[Actual], scope: Scope) -> None:
    """Feature maps in a list, as `cat` of other frameworks takes them."""
    for actual in actuals:
        value = actual.value
        if isinstance(value, tuple) and value and all(isinstance(v, Feature) for v in value):
            inside = actual.span.text.strip("[] \n")
            listed = actual.span.text.startswith("[")
            raise fail(
                "wrong-type", f"`{primitive.name}` takes feature maps, and this is a list of them",
                actual.span, scope, label="a list", help=f"write `{primitive.name} {inside}`",
                fix=replacing(actual.span, inside) if listed else None,
            )  # fmt: skip


def _is_operand(actual: Actual) -> bool:
    return actual.name is None and isinstance(actual.value, Feature)


def _no_default(_expression: ast.Expression, _bound: dict[str, Value]) -> Value:
    raise AssertionError("a primitive's defaults are values")


def _apply_block(
    layer: BlockLayer,
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Feature,
    actuals: list[Actual],
    turn: tuple[int, int],
) -> Flow:
    """Expands a block, or replays its expansion where one of the like was made before."""
    block = layer.block
    inner = _enter_block(layer, call, state, frame, operand, actuals, turn)
    scope = inner.scope
    dataflow, replays = state.dataflow, state.replays
    key = replays.key((block, frame.rules), operand, inner.values.values(), dataflow)
    if key is not None and state.recorder is None:
        done = replays.replay(key, dataflow, scope)
        if done is not None:
            return done
    first, findings = len(dataflow.log), state.findings
    dataflow.calls[scope] = call_of(block, inner)
    state.run(block.body.statements, inner)
    if len(dataflow.log) == first:  # it does nothing
        del dataflow.calls[scope]
    result = cast(Flow, inner.current)
    if isinstance(result, Broken):
        return result
    dataflow.leaving[scope] = result.type
    if key is not None and state.findings == findings:
        replays.record(key, first, dataflow, scope, result)
    return result


def _enter_block(
    layer: BlockLayer,
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Flow,
    actuals: list[Actual],
    turn: tuple[int, int],
) -> Frame:
    """The frame of a block's braces, with its parameters bound."""
    block = layer.block
    formals = formals_of(block)
    state.meter.spend(_WORK_OF_A_BLOCK + len(formals))
    scope = _block_scope(block, call, state, frame.scope, turn)
    if call.body is not None:
        actuals.append(_body_actual(block, formals, call.body, call, frame))
    inner = Frame(layer.module, scope, operand, operand, rules=frame.rules)
    bind_into(inner, block.name, formals, actuals, call.span, frame.scope)
    return inner


def _block_scope(
    block: ast.Block, call: ast.Call, state: State, around: Scope, turn: tuple[int, int]
) -> Scope:
    name = state.dataflow.builder.unique(around, block.name, block_name)
    most = LIMITS.get().depth
    if around.depth >= most:
        raise fail(
            "depth-limit", f"blocks are nested deeper than {most}", call.span, around,
            help=f"does a block contain itself by way of an argument? {way_on('depth')}",
        )  # fmt: skip
    repeat = turn if call.times is not None else None
    return around.child(ScopeKind.BLOCK, block.name, name, call.span, repeat)


def _body_actual(
    block: ast.Block, formals: Sequence[Formal], body: ast.Body, call: ast.Call, frame: Frame
) -> Actual:
    for formal in formals:
        if formal.type == "layers":
            return Actual(formal.name, Layers(body.statements, frame), call.span)
    raise _takes_no_braces(body, block.name, frame.scope)


def _refuse_body(call: ast.Call, name: str, scope: Scope) -> None:
    if call.body is not None:
        raise _takes_no_braces(call.body, name, scope)


def _takes_no_braces(body: ast.Body, name: str, scope: Scope) -> Failure:
    brace = Span(body.span.source, body.span.start, body.span.start + 1)
    return fail(
        "unknown-argument", f"`{name}` takes no braces", brace, scope,
        help="a block takes braces where it has a parameter of the type `layers`",
    )  # fmt: skip


def _apply_layers(
    layers: Layers,
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Feature,
    actuals: list[Actual],
) -> Flow:
    """Runs braces that were passed as a value; arguments go to the single layer in them."""
    _refuse_body(call, call.span.text, frame.scope)
    inner = layers.frame.inner(frame.scope, operand)
    with state.recording() as inside:
        result = _run_layers(layers, call, state, frame, inner, actuals)
    if state.recorder and isinstance(result, Feature):
        added = bool(actuals)
        record = Ran(layers.statements, layers.frame, added, operand, result, inside)
        state.recorder.add(record)
    return result


def _run_layers(
    layers: Layers,
    call: ast.Call,
    state: State,
    frame: Frame,
    inner: Frame,
    actuals: list[Actual],
) -> Flow:
    if not actuals:
        state.run(layers.statements, inner)
        return cast(Flow, inner.current)
    only = layers.statements[0] if len(layers.statements) == 1 else None
    if not isinstance(only, ast.Call):
        raise fail(
            "unknown-argument", "only a single layer takes arguments", call.span, frame.scope,
            help="apply `body.last` with arguments, and `body.head` without",
        )  # fmt: skip
    named = {actual.name: actual for actual in actuals if actual.name is not None}
    return apply_call(only, state, inner, inner.entry, named)
