"""The words of hovers, hints and lenses: what flows, what it costs, what a name stands for."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.costs import Cost, spell_count
from seqdsl.graph.tensor import TensorType
from seqdsl.semantic.expansion.statement_types import Passage
from seqdsl.semantic.names.modules import Definition
from seqdsl.semantic.names.symbols import Kind, Symbol
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values.binding import Formal, formals_of
from seqdsl.semantic.values.types import TYPES
from seqdsl.semantic.values.value import show
from seqdsl.syntax import ast

MAX_SHOWN = 3  # shapes of a statement that a hint lists


def short(count: int) -> str:
    """``11.9M``"""
    return spell_count(count, 3)


def budget(cost: Cost) -> str:
    return f"{short(cost.params)} params · {short(cost.macs)} MACs"


def shape(type: TensorType) -> str:
    """``128×56×56 in 4 groups of 32``"""
    sides = "×".join(map(str, type.shape))
    if len(type.groups) == 1:
        return sides
    if len(set(type.groups)) == 1:
        return f"{sides} in {len(type.groups)} groups of {type.groups[0]}"
    groups = ", ".join(map(str, type.groups[:8]))
    return f"{sides} in groups of {groups}{', …' if len(type.groups) > 8 else ''}"


def results(passages: Sequence[Passage]) -> str:
    """The shapes that leave a statement; in a block they may be several."""
    shapes = list(dict.fromkeys("×".join(map(str, p.result.shape)) for p in passages))
    more = ", …" if len(shapes) > MAX_SHOWN else ""
    return ", ".join(shapes[:MAX_SHOWN]) + more


def signature(symbol: Symbol, definition: Definition | None) -> str:
    """A symbol as it is declared."""
    if symbol.kind is Kind.PRIMITIVE:
        return f"{symbol.name} {_formals(PRIMITIVES[symbol.name].formals)}".strip()
    if definition is None:
        return f"{symbol.kind.value} {symbol.name}"
    if isinstance(definition, ast.Model):
        arguments = ", ".join(argument.span.text for argument in definition.arguments)
        return f"model {definition.name} = {definition.network}({arguments})"
    listed = _formals(formals_of(definition))
    return f"{symbol.kind.value} {definition.name}{f'({listed})' if listed else ''}"


def documentation(symbol: Symbol, definition: Definition | None) -> str:
    if symbol.kind is Kind.PRIMITIVE:
        return PRIMITIVES[symbol.name].doc
    return "" if definition is None else definition.doc


def formals(symbol: Symbol, definition: Definition | None) -> Sequence[Formal]:
    """The parameters of a layer or network; none of what takes none."""
    if symbol.kind is Kind.PRIMITIVE:
        return PRIMITIVES[symbol.name].formals
    if definition is None or isinstance(definition, ast.Model):
        return ()
    return formals_of(definition)


def formal(each: Formal) -> str:
    """``stride: size = 1``"""
    count = f"[{each.count}]" if each.count is not None else ""
    typed = f": {each.type}{count}" if each.type else ""
    if each.expression is not None:
        return f"{each.name}{typed} = {each.expression.span.text}"
    return f"{each.name}{typed}" + ("" if each.required else f" = {show(each.default)}")


def about_type(each: Formal) -> str:
    """What a parameter takes, in words."""
    known = TYPES.get(each.type or "")
    return known.description if known else "any value"


def _formals(listed: Sequence[Formal]) -> str:
    return ", ".join(map(formal, listed))
