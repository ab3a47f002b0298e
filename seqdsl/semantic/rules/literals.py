"""What is wrong whatever the parameters are: values that are written out, in any statement.

An expansion stops judging after an error, passes over branches that are not taken, and never sees
a block that nothing calls. Here every name stands for an unknown value, and what can be said all
the same is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.expansion.evaluate import Poisoned, evaluate, items, truth
from seqdsl.semantic.expansion.frame import BROKEN, Frame
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.names.unknown import places_of
from seqdsl.semantic.values.binding import AGGREGATE_FORMALS, Formal, coerce
from seqdsl.semantic.values.locate import fail
from seqdsl.semantic.values.properties import known_member
from seqdsl.semantic.values.value import SizeValue, kind_of
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.source.meter import OverLimit
from seqdsl.syntax import ast
from seqdsl.syntax.names import inside
from seqdsl.syntax.walk import definitions, expressions, statements


def check_literals(module: LoadedModule) -> list[Diagnostic]:
    """The findings of every definition of a file, each as if nothing were known of its names."""
    return [
        found
        for definition in definitions(module.syntax)
        for found in _Checker(module, definition).findings()
    ]


class _Checker:
    def __init__(self, module: LoadedModule, definition: ast.Network | ast.Block) -> None:
        kind = ScopeKind.NETWORK if isinstance(definition, ast.Network) else ScopeKind.BLOCK
        scope = Scope(kind, definition.name, definition.name, None, definition.name_span)
        self._definition = definition
        self._frame = Frame(module, scope, BROKEN, BROKEN)
        names = {p.name for p in definition.parameters}
        for statement in statements(definition.body):
            match statement:
                case ast.Let() | ast.For() | ast.Aggregate() | ast.Stage():
                    names.add(statement.name)
                case _:
                    pass
        self._names = names
        self._frame.values.update(dict.fromkeys(names, BROKEN))

    def findings(self) -> Iterator[Diagnostic]:
        for statement in statements(self._definition.body):
            for judge in self._judges(statement):
                try:
                    judge()
                except Failure as failure:
                    if not failure.diagnostic.code.unknown_name:  # `check_names` knows more
                        yield failure.diagnostic
                except Poisoned:
                    pass
                except OverLimit:  # expansions report what is too large
                    return

    def _members(self, statement: ast.Statement) -> Iterator[Callable[[], object]]:
        """What a statement asks of `in` and `it`, which are feature maps whatever flows."""
        for each in (part for whole in expressions(statement) for part in inside(whole)):
            if isinstance(each, ast.Attribute) and each.base.span.text in ("in", "it"):
                yield partial(known_member, each.name, each.span, self._frame.scope)

    def _judges(self, statement: ast.Statement) -> Iterator[Callable[[], object]]:
        frame = self._frame
        yield from self._members(statement)
        match statement:
            case ast.Call():
                yield from self._call(statement)
            case ast.Let(value=value, calls=calls) | ast.Output(value=value, calls=calls):
                if value is not None:
                    yield lambda: evaluate(value, frame)
                for call in calls:
                    yield from self._call(call)
            case ast.For(values=values):
                yield lambda: items(values, frame)
            case ast.Aggregate(values=values, arguments=arguments):
                yield lambda: items(values, frame)
                for argument in arguments:
                    formal = AGGREGATE_FORMALS.get(argument.name or "")
                    if formal is not None and formal.name == "window":
                        yield self._argument(argument, formal)
            case ast.If(branches=branches):
                yield from (self._condition(condition) for condition, _ in branches)
            case ast.Require(condition=condition):
                yield self._condition(condition)
            case ast.Stage(claim=claim) if claim is not None:
                yield lambda: self._claim(claim)
            case _:
                pass

    def _condition(self, condition: ast.Expression) -> Callable[[], object]:
        return lambda: truth(condition, self._frame)

    def _claim(self, claim: ast.Expression) -> None:
        value = evaluate(claim, self._frame)
        if not isinstance(value, SizeValue):
            raise fail(
                "wrong-type", f"a stage claims a size such as 56x56, and this is {kind_of(value)}",
                claim.span, self._frame.scope,
            )  # fmt: skip

    def _call(self, call: ast.Call) -> Iterator[Callable[[], object]]:
        if call.times is not None:
            times = call.times
            yield lambda: evaluate(times, self._frame)
        callee = call.callee
        name = callee.name if isinstance(callee, ast.Name) else ""
        layer = None if name in self._names else name
        places = places_of(call.arguments, layer, self._frame.module)
        for argument, place in zip(call.arguments, places, strict=True):
            yield self._argument(argument, place.takes)

    def _argument(self, argument: ast.Argument, takes: Formal | None) -> Callable[[], object]:
        def judge() -> None:
            value = evaluate(argument.value, self._frame)
            if takes is not None:
                coerce(value, takes, argument.span, self._frame.scope)

        return judge
