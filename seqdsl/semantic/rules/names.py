"""Names: undefined, unused and shadowed ones, and calls to what is no layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seqdsl.semantic.evaluate import CONSTANTS
from seqdsl.semantic.modules import LoadedModule
from seqdsl.semantic.primitives import PRIMITIVES
from seqdsl.semantic.rules.walk import definitions, expressions
from seqdsl.semantic.unknown import unknown_layer
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Fix, inserting
from seqdsl.source.suggest import did_you_mean, nearest
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in

_WORDS = ("in", "it")
_STATEMENTS = ("stage", "head", "aggregate", "require", "expect", "output", "for")


@dataclass(slots=True, eq=False)
class _Binding:
    name: str
    span: Span
    warn: bool = True  # an index that nothing reads is no mistake
    given: bool = False  # a parameter, which those who call it name
    used: bool = False


@dataclass(slots=True, eq=False)
class _Region:
    """One pair of braces: what it binds, and what it sees from outside."""

    outer: _Region | None = None
    bindings: dict[str, _Binding] = field(default_factory=dict)
    stages: set[str] = field(default_factory=set)  # those behind us

    def find(self, name: str) -> _Binding | None:
        region: _Region | None = self
        while region is not None:
            if name in region.bindings:
                return region.bindings[name]
            region = region.outer
        return None

    def has_stage(self, name: str) -> bool:
        return name in self.stages or (self.outer is not None and self.outer.has_stage(name))

    def names(self) -> list[str]:
        return [*self.bindings, *self.stages, *(self.outer.names() if self.outer else [])]


def check_names(module: LoadedModule) -> list[Diagnostic]:
    """Follows every name of a file to what binds it."""
    checker = _Checker(module)
    for definition in definitions(module.syntax):
        checker.definition(definition)
    for item in module.syntax.items:
        if isinstance(item, ast.Model):
            for argument in item.arguments:
                checker.read(argument.value, _Region())
        elif isinstance(item, ast.Derived):
            checker.derived(item)
    return checker.diagnostics


class _Checker:
    def __init__(self, module: LoadedModule) -> None:
        self._module = module
        self._all: list[_Binding] = []
        self.diagnostics: list[Diagnostic] = []

    def definition(self, definition: ast.Network | ast.Block) -> None:
        region = self._parameters(definition.parameters)
        self._body(definition.body, region)
        self._report_unused()

    def derived(self, definition: ast.Derived) -> None:
        region = self._parameters(definition.parameters)
        for argument in definition.arguments:
            self.read(argument.value, region)
        for rule in definition.replacements:
            inner = _Region(region)
            for name in rule.parameters:  # one that is not read says that it may have any value
                self._bind(name.name, name.span, inner, warn=False)
            if rule.where is not None:
                self.read(rule.where, inner)
            self._body(rule.body, inner)
        self._report_unused()

    def _parameters(self, parameters: Sequence[ast.Parameter]) -> _Region:
        region = _Region()
        self._all = []
        for parameter in parameters:
            if parameter.default is not None:
                self.read(parameter.default, region)
            if parameter.name in region.bindings:
                self._duplicate_parameter(parameter, region.bindings[parameter.name])
            else:
                self._bind(parameter.name, parameter.span, region, given=True)
        return region

    def _report_unused(self) -> None:
        for binding in self._all:
            if binding.warn and not binding.used:
                self._unused(binding)

    def _body(self, body: ast.Body, region: _Region) -> None:
        for statement in body.statements:
            self._statement(statement, region)

    def _statement(self, statement: ast.Statement, region: _Region) -> None:
        if isinstance(statement, ast.Call) and self._misspelt(statement, region):
            return
        for expression in expressions(statement):
            self.read(expression, region)
        match statement:
            case ast.Call():
                self._call(statement, region)
            case ast.Let():
                for call in statement.calls:
                    self._call(call, region)
                known = region.bindings.get(statement.name)
                if known is None and statement.name != "it":
                    self._bind(statement.name, statement.name_span, region)
            case ast.Output():
                for call in statement.calls:
                    self._call(call, region)
                named = region.find(statement.name)
                if named is not None and statement.value is None:
                    named.used = True
            case ast.For():
                if statement.name not in region.bindings:
                    self._bind(statement.name, statement.name_span, region, warn=False)
                self._body(statement.body, region)
            case ast.Aggregate():
                inner = _Region(region)
                self._bind(statement.name, statement.name_span, inner, warn=False)
                for argument in statement.arguments:
                    self.read(argument.value, inner)
                self._body(statement.body, inner)
            case ast.If():
                for _, body in statement.branches:
                    self._body(body, region)
                if statement.otherwise is not None:
                    self._body(statement.otherwise, region)
            case ast.Stage():
                self._body(statement.body, _Region(region))
                region.stages.add(statement.name)
            case _:
                pass

    def _call(self, call: ast.Call, region: _Region) -> None:
        callee = call.callee
        if isinstance(callee, ast.Attribute):
            self.read(callee, region)
        else:
            binding = region.find(callee.name)
            if binding is not None:
                binding.used = True
            elif not self._is_layer(callee.name):
                self._unknown_layer(callee, region)
        if call.body is not None:
            self._body(call.body, _Region(region))

    def _misspelt(self, call: ast.Call, region: _Region) -> bool:
        """Reports a statement whose first word is misspelt, as ``stge``: no layer is called."""
        callee = call.callee
        if not isinstance(callee, ast.Name) or region.find(callee.name):
            return False
        known = [*self._module.blocks, *PRIMITIVES, *region.names()]
        if callee.name in known or nearest(callee.name, [*known, *_STATEMENTS]) not in _STATEMENTS:
            return False
        self._unknown_layer(callee, region)
        if call.body is not None:
            self._body(call.body, _Region(region))
        return True

    def _is_layer(self, name: str) -> bool:
        found = self._module.find(name)
        return name in PRIMITIVES or (found is not None and isinstance(found[0], ast.Block))

    def _is_known(self, name: str, region: _Region) -> bool:
        known = name in _WORDS or name in CONSTANTS or self._is_layer(name)
        return known or region.has_stage(name)

    def read(self, expression: ast.Expression, region: _Region) -> None:
        for name in names_in(expression):
            binding = region.find(name.name)
            if binding is not None:
                binding.used = True
            elif not self._is_known(name.name, region):
                self._undefined(name, region)

    def _bind(
        self, name: str, span: Span, region: _Region, warn: bool = True, given: bool = False
    ) -> None:
        outer = region.outer.find(name) if region.outer else None
        if outer is not None:
            self._shadowed(span, f"`{name}` hides a value of the same name",
                           Label(outer.span, "the value that it hides"))  # fmt: skip
        elif self._is_layer(name) or name in CONSTANTS:
            what = "layer" if self._is_layer(name) else "constant"
            found = self._module.find(name)
            label = Label(found[0].name_span, "the layer that it hides") if found else None
            self._shadowed(span, f"`{name}` hides the {what} of this name", label)
        binding = _Binding(name, span, warn and not name.startswith("_"), given)
        region.bindings[name] = binding
        self._all.append(binding)

    # --- findings

    def _unused(self, binding: _Binding) -> None:
        self._report(
            "unused-name", f"`{binding.name}` is never read", binding.span, "never read",
            help=f"remove it, or call it `_{binding.name}` if that is meant",
            fix=inserting(binding.span.source, binding.span.start, "_", safe=not binding.given),
        )  # fmt: skip

    def _shadowed(self, span: Span, message: str, label: Label | None) -> None:
        secondary = () if label is None else (label,)
        self._report("shadowed-name", message, span, "hides another", secondary, "rename it")

    def _duplicate_parameter(self, parameter: ast.Parameter, first: _Binding) -> None:
        self._report(
            "duplicate-parameter", f"two parameters are called `{parameter.name}`",
            parameter.span, "declared again", (Label(first.span, "first declared here"),),
            "rename one of them",
        )  # fmt: skip

    def _undefined(self, name: ast.Name, region: _Region) -> None:
        help, fix = did_you_mean(
            name.name, [*region.names(), *CONSTANTS, *self._module.blocks, *PRIMITIVES], name.span,
            "name a value with `name = ...`, or declare a parameter",
        )  # fmt: skip
        self._report(
            "undefined-name", f"`{name.name}` is not defined here", name.span, "not in scope",
            help=help, fix=fix,
        )  # fmt: skip

    def _unknown_layer(self, callee: ast.Name, region: _Region) -> None:
        message, help, fix = unknown_layer(callee, self._module, [*region.names(), *_STATEMENTS])
        self._report("unknown-layer", message, callee.span, "unknown layer", help=help, fix=fix)

    def _report(
        self,
        code: str,
        message: str,
        span: Span,
        label: str,
        secondary: tuple[Label, ...] = (),
        help: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        self.diagnostics.append(
            Diagnostic(BY_NAME[code], message, Label(span, label), secondary, help=help, fix=fix)
        )
