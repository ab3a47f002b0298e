"""Derived networks: the layers of another network, some of them replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seqdsl.graph.scope import Scope
from seqdsl.semantic.expansion.construction import State
from seqdsl.semantic.expansion.evaluate import evaluate, truth
from seqdsl.semantic.expansion.frame import BROKEN, Broken, Flow, Frame
from seqdsl.semantic.expansion.layer_values import BlockLayer, Layer, Layers, PrimitiveLayer
from seqdsl.semantic.expansion.parameter_values import bind_into
from seqdsl.semantic.values.binding import Actual, Formal, coerce, formals_of
from seqdsl.semantic.values.locate import user_span
from seqdsl.semantic.values.value import Feature, Value
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.syntax import ast

_WORK_OF_A_RULE = 10  # statements that take as long as to hold a call against a rule


def replacement(
    layer: Layer,
    call: ast.Call,
    state: State,
    frame: Frame,
    operand: Feature,
    actuals: Sequence[Actual],
) -> Flow | None:
    """What stands for a layer by the rules in force; None where none is about it.

    A rule is about a call if the condition holds and the parameters that it does not list are at
    their defaults. What it puts there is seen by the rules of networks derived from this one.
    """
    if isinstance(layer, Layers):
        return None
    name = layer.block.name if isinstance(layer, BlockLayer) else layer.primitive.name
    for position, rules in enumerate(frame.rules):
        for rule in rules.replacements:
            state.meter.spend()
            if rule.layer != name:
                continue
            state.meter.spend(_WORK_OF_A_RULE)
            values = _listed(rule, layer, call, frame, operand, actuals)
            if values is None:
                continue
            inner = Frame(
                rules.frame.module, frame.scope, operand, operand, rules.frame, values,
                frame.rules[position + 1 :],
            )  # fmt: skip
            if rule.where is None or truth(rule.where, inner):
                return _run(rule, call, state, inner)
    return None


def _listed(
    rule: ast.Replace,
    layer: BlockLayer | PrimitiveLayer,
    call: ast.Call,
    frame: Frame,
    operand: Feature,
    actuals: Sequence[Actual],
) -> dict[str, Value | Broken] | None:
    """The values of the parameters that a rule lists; None where another is off its default."""
    given = list(actuals)
    formals: Sequence[Formal]
    if isinstance(layer, BlockLayer):
        home, formals = Frame(layer.module, frame.scope, operand, operand), formals_of(layer.block)
        if call.body is not None:
            braces = next((f.name for f in formals if f.type == "layers"), None)
            given.append(Actual(braces, Layers(call.body.statements, frame), call.span))
    else:
        home, formals = Frame(frame.module, frame.scope, operand, operand), layer.primitive.formals
    bind_into(home, rule.layer, formals, given, call.span, frame.scope)
    listed = {parameter.name for parameter in rule.parameters}
    for formal in formals:
        free = formal.required or formal.name in listed
        if not free and home.values[formal.name] != _default(formal, home):
            return None
    return {name: value for name, value in home.values.items() if name in listed}


def _default(formal: Formal, home: Frame) -> Value:
    if formal.expression is None:
        return formal.default
    value = evaluate(formal.expression, home)
    return coerce(value, formal, formal.expression.span, home.scope)


def _run(rule: ast.Replace, call: ast.Call, state: State, inner: Frame) -> Flow:
    """Runs what stands for a call; what goes wrong in it is told at the call."""
    lists = (state.diagnostics, state.dataflow.diagnostics)
    before = [len(found) for found in lists]
    state.run(rule.body.statements, inner)
    for found, count in zip(lists, before, strict=True):
        found[count:] = [_at_call(d, rule, call, inner.scope) for d in found[count:]]
    state.applied_rules.add(rule)
    return inner.current if inner.current is not None else BROKEN


def _at_call(found: Diagnostic, rule: ast.Replace, call: ast.Call, scope: Scope) -> Diagnostic:
    where = user_span(call.span, scope)
    text = " ".join(call.span.text.split())
    inside = () if found.primary is None else (found.primary,)
    return replace(
        found,
        primary=Label(where, f"this `{rule.layer}` can't be replaced so"),
        secondary=(*inside, *found.secondary),
        chain=(f"in place of `{text}`", *found.chain),
    )
