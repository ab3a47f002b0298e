"""Arguments: unknown, missing and doubled ones, wherever the layer is known by its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.names.unknown import formals_named
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values.binding import (
    Actual,
    Formal,
    assign,
    formals_of,
    settings_for,
    signature,
)
from seqdsl.semantic.values.types import TYPES
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import calls, definitions, statements


def check_arguments(module: LoadedModule) -> list[Diagnostic]:
    """Holds every call against the parameters of what it calls, and parameters' types."""
    diagnostics: list[Diagnostic] = []
    for definition in definitions(module.syntax):
        diagnostics.extend(_unknown_types(definition.parameters))
        local = _local_names(definition)
        passed = {
            inner for call in calls(definition.body) if call.body for inner in calls(call.body)
        }
        for call in calls(definition.body):
            if isinstance(call.callee, ast.Name) and call.callee.name not in local:
                diagnostics.extend(_check_call(call, call.callee.name, module, call in passed))
    for item in module.syntax.items:
        if isinstance(item, ast.Model):
            found = module.find(item.network)
            if found is not None and isinstance(found[0], ast.Network | ast.Derived):
                formals = formals_of(found[0])
                diagnostics.extend(_check(item.network, formals, item.arguments, item.span, None))
    return diagnostics


def _local_names(definition: ast.Network | ast.Block) -> set[str]:
    """Names that are values here, so that a call of one is a call of its value."""
    names = {parameter.name for parameter in definition.parameters}
    for statement in statements(definition.body):
        if isinstance(statement, ast.Let | ast.For | ast.Aggregate):
            names.add(statement.name)
    return names


def _check_call(
    call: ast.Call, name: str, module: LoadedModule, passed: bool
) -> Iterator[Diagnostic]:
    """What is wrong with a call; one that was passed in braces may be given more arguments."""
    formals = formals_named(name, module)
    several = name in PRIMITIVES and PRIMITIVES[name].several and module.find(name) is None
    if formals is None or several:
        return  # unknown, or which of its arguments are feature maps shows later
    yield from _check(name, formals, call.arguments, call.span, call.body, passed)


def _check(
    name: str,
    formals: Sequence[Formal],
    arguments: Sequence[ast.Argument],
    span: Span,
    body: ast.Body | None,
    passed: bool = False,
) -> Iterator[Diagnostic]:
    scope = Scope(ScopeKind.NETWORK, "", "", None, span)
    actuals = [Actual(argument.name, None, argument.span) for argument in arguments]
    given: dict[str, Actual] = {}
    misfits = False
    full = False  # of arguments without a name: where one has no place, the next has none either
    for actual in actuals:
        if full and actual.name is None:
            continue
        try:
            fitting = [*given.values(), actual]
            given = assign([formal.name for formal in formals], name, fitting, scope, formals)
        except Failure as failure:
            misfits = True
            yield replace(failure.diagnostic, chain=())
            settings = settings_for(actual, formals, given) if actual.name is None else []
            if len(settings) == 1:
                given[settings[0].name] = replace(actual, name=settings[0].name)
            elif actual.name is None:
                full = True
    if misfits:
        return
    for formal in formals:
        filled = formal.name in given or (formal.type == "layers" and body is not None)
        if formal.required and not filled and not passed:
            secondary = () if formal.span is None else (Label(formal.span, "declared here"),)
            yield Diagnostic(
                BY_NAME["missing-argument"],
                f"`{name}` needs `{formal.name}`",
                Label(span, f"no `{formal.name}` given"),
                secondary,
                help=f"`{name}` takes {signature(formals)}",
            )
            return


def _unknown_types(parameters: Sequence[ast.Parameter]) -> Iterator[Diagnostic]:
    for parameter in parameters:
        if parameter.type is not None and parameter.type.name not in TYPES:
            help, fix = did_you_mean(
                parameter.type.name, TYPES, type_name(parameter.type),
                f"the types are {', '.join(TYPES)}",
            )  # fmt: skip
            yield Diagnostic(
                BY_NAME["unknown-type"],
                f"no type `{parameter.type.name}` exists",
                Label(parameter.type.span, "unknown type"),
                help=help,
                fix=fix,
            )


def type_name(type: ast.Type) -> Span:
    """The span of a type less its count: ``int`` of ``int[3]``."""
    return Span(type.span.source, type.span.start, type.span.start + len(type.name))
