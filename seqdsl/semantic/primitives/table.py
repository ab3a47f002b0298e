"""The layers that are built in: a table of names, parameters, and what each puts in the graph.

An operation with settings is one, as its family describes it. Everything else is a block of the
standard library, written in the language.
"""

from __future__ import annotations

from typing import cast

from seqdsl.graph import operations as ops
from seqdsl.graph.operations.base import REQUIRED
from seqdsl.semantic.primitives.application import Apply, Primitive
from seqdsl.semantic.primitives.special import SPECIAL, combined, concatenate, regrouped
from seqdsl.semantic.values.binding import Formal
from seqdsl.semantic.values.value import SizeValue, Value


def _formal(setting: ops.Setting) -> Formal:
    default = setting.default
    if default is REQUIRED:
        return Formal(setting.name, setting.type)
    value = SizeValue(default) if isinstance(default, tuple) else cast(Value, default)
    named = setting.meaning
    return Formal(setting.name, setting.type, required=False, default=value, meaning=named)


def _primitive(kind: type[ops.Operation]) -> Primitive:
    formals = tuple(map(_formal, kind.settings or ()))
    apply = SPECIAL.get(kind) or (combined(kind) if kind.several else _made(kind))
    return Primitive(kind.name, formals, apply, kind.doc, kind.several)


def _made(kind: type[ops.Operation]) -> Apply:
    return lambda a: a.apply(a.make(kind))


def _activation(function: ops.Function) -> Primitive:
    operation = ops.Activation(function)
    what = ops.Activation.doc.format(function=function.value)
    return Primitive(function.value, (), lambda a: a.apply(operation), what)


PRIMITIVES: dict[str, Primitive] = {
    primitive.name: primitive
    for primitive in (
        *(_primitive(kind) for kind in ops.OPERATIONS if kind.settings is not None),
        *map(_activation, ops.Function),
        Primitive(
            "concatenate",
            (Formal("width", "positive", required=False),),
            concatenate,
            "Joins along the channels: `in` and `it`, or what is given. A width is checked.",
            several=True,
        ),
        Primitive(
            "regroup",
            (Formal("k", "positive"),),
            regrouped,
            "The same feature map as groups of k, which must not cut across its hierarchy.",
        ),
    )
}
