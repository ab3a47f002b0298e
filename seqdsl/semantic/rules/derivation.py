"""Derived networks: their bases, and the layers and parameters that their rules are about."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.semantic.expansion.bases import unknown_network
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.names.unknown import formals_named
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.suggest import did_you_mean
from seqdsl.syntax import ast


def check_derivation(module: LoadedModule) -> list[Diagnostic]:
    """Bases that don't exist, and rules about layers or parameters that don't."""
    diagnostics: list[Diagnostic] = []
    for item in module.syntax.items:
        if not isinstance(item, ast.Derived):
            continue
        found = module.find(item.base)
        if found is None or isinstance(found[0], ast.Block):
            diagnostics.append(unknown_network(item.base, item.base_span, module).diagnostic)
            continue
        for rule in item.replacements:
            diagnostics.extend(_check_rule(rule, found[1], module))
    return diagnostics


def _check_rule(
    rule: ast.Replace, base: LoadedModule, module: LoadedModule
) -> Iterator[Diagnostic]:
    """A rule is about layers that the base can call: what its module sees."""
    formals = formals_named(rule.layer, base, module)
    if formals is None:
        help, fix = did_you_mean(rule.layer, [*base.blocks, *PRIMITIVES], rule.layer_span)
        yield Diagnostic(
            BY_NAME["unknown-layer"],
            f"the network has no layer `{rule.layer}` to replace",
            Label(rule.layer_span, "unknown layer"),
            help=help,
            fix=fix,
        )
        return
    known = [formal.name for formal in formals]
    listed = {parameter.name for parameter in rule.parameters}
    missing = [f.name for f in formals if f.required and f.name not in listed]
    if missing and listed <= {*known}:  # what is misspelt may be what is missing
        yield Diagnostic(
            BY_NAME["missing-argument"],
            f"this rule does not list `{missing[0]}`, which `{rule.layer}` always has",
            Label(rule.span, f"no `{missing[0]}`"),
            help=f"write `replace {rule.layer}({', '.join([*listed, *missing])})`",
        )
    for parameter in rule.parameters:
        if parameter.name not in known:
            others = f"it has {', '.join(known)}"
            help, fix = did_you_mean(parameter.name, known, parameter.span, others)
            yield Diagnostic(
                BY_NAME["unknown-argument"],
                f"`{rule.layer}` has no parameter `{parameter.name}`",
                Label(parameter.span, "unknown"),
                help=help,
                fix=fix,
            )
