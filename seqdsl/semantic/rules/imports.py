"""Imports that give a file nothing."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import removing_lines
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in
from seqdsl.syntax.walk import definitions, names_of


def check_imports(module: LoadedModule) -> list[Diagnostic]:
    """A finding for each `use` whose definitions nothing in the file names."""
    if not module.uses or not module.own:  # without them the file would be empty
        return []
    named = set(_names(module.syntax))
    diagnostics: list[Diagnostic] = []
    seen: set[str] = set()
    for use, used in module.uses:
        if use.target in seen or not used.own.keys() & named:
            diagnostics.append(_unused(use, again=use.target in seen))
        seen.add(use.target)
    return diagnostics


def _unused(use: ast.Use, again: bool) -> Diagnostic:
    return Diagnostic(
        BY_NAME["unused-import"],
        f"`{use.target}` is used twice" if again else f"nothing of `{use.target}` is used",
        Label(use.span, "used again" if again else "gives nothing that this file names"),
        help="remove this line",
        fix=removing_lines(use.span),
    )


def _names(module: ast.Module) -> Iterator[str]:
    """Every name that a file reads, calls, binds to a model, derives from or replaces."""
    for definition in definitions(module):
        yield from _of_parameters(definition.parameters)
        yield from names_of(definition.body)
    for item in module.items:
        match item:
            case ast.Model(network=network, arguments=arguments):
                yield network
                yield from _of_arguments(arguments)
            case ast.Derived():
                yield item.base
                yield from _of_parameters(item.parameters)
                yield from _of_arguments(item.arguments)
                for rule in item.replacements:
                    yield rule.layer
                    if rule.where is not None:
                        yield from _of_expression(rule.where)
                    yield from names_of(rule.body)
            case _:
                pass


def _of_parameters(parameters: tuple[ast.Parameter, ...]) -> Iterator[str]:
    for parameter in parameters:
        if parameter.default is not None:
            yield from _of_expression(parameter.default)


def _of_arguments(arguments: tuple[ast.Argument, ...]) -> Iterator[str]:
    for argument in arguments:
        yield from _of_expression(argument.value)


def _of_expression(expression: ast.Expression) -> Iterator[str]:
    return (name.name for name in names_in(expression))
