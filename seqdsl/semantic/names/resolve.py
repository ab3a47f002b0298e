"""Follows every name of a file to what it stands for; tells of those that stand for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from seqdsl.semantic.names.modules import Definition, LoadedModule
from seqdsl.semantic.names.regions import Binding, Region
from seqdsl.semantic.names.symbols import Kind, Reference, Symbol, symbol_of
from seqdsl.semantic.names.unknown import (
    ANYWHERE,
    Place,
    near_outputs,
    places,
    places_of,
    undefined_value,
    unknown_layer,
)
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values import foreign
from seqdsl.semantic.values.binding import AGGREGATE_FORMALS, formals_of, name_of
from seqdsl.semantic.values.constants import CONSTANTS
from seqdsl.source.codes import BY_NAME, CodeName
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Fix, inserting
from seqdsl.source.frozen import frozen
from seqdsl.source.suggest import nearest
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.misfit import Advice
from seqdsl.syntax.names import names_in
from seqdsl.syntax.walk import definitions, expressions

_WORDS = ("in", "it")
_STATEMENTS = ("stage", "head", "aggregate", "require", "expect", "train", "output", "for")


@frozen
class Names:
    """The symbols that a file declares, the places that name one, and what is wrong with names."""

    symbols: list[Symbol]
    references: list[Reference]
    diagnostics: list[Diagnostic]


def resolve(module: LoadedModule) -> Names:
    """Follows every name of a file to what binds it."""
    resolver = _Resolver(module)
    for item in module.syntax.items:
        if not isinstance(item, ast.Use):
            resolver.names.symbols.append(symbol_of(item))
    for definition in definitions(module.syntax):
        resolver.definition(definition)
    for item in module.syntax.items:
        if isinstance(item, ast.Model):
            resolver.model(item)
        elif isinstance(item, ast.Derived):
            resolver.derived(item)
    return resolver.names


class _Resolver:
    def __init__(self, module: LoadedModule) -> None:
        self._module = module
        self._all: list[Binding] = []
        self.names = Names([], [], [])

    def definition(self, definition: ast.Network | ast.Block) -> None:
        region = self._parameters(definition)
        self._body(definition.body, region)
        self._report_unused()

    def model(self, model: ast.Model) -> None:
        found = self._definition(model.network, model.network_span)
        self._arguments(model.arguments, found, Region())
        if isinstance(found, ast.Network | ast.Derived):
            self._recipes(model.claims, self._bound(found))

    def derived(self, definition: ast.Derived) -> None:
        region = self._parameters(definition)
        found = self._definition(definition.base, definition.base_span)
        self._arguments(definition.arguments, found, region)
        for rule in definition.replacements:
            inner = Region(region)
            layer = self._definition(rule.layer, rule.layer_span)
            for name in rule.parameters:  # one that is not read says that it may have any value
                # it is the layer's own parameter: under another name it would be none
                own = self._parameter(layer, name.name, name.span)
                given = own or Symbol(Kind.PARAMETER, name.name, None)
                self._bind(given.kind, name.name, name.span, inner, warn=False, symbol=given)
            if rule.where is not None:
                self._read(rule.where, inner)
            self._body(rule.body, inner)
        self._recipes(definition.claims, region)
        self._report_unused()

    def _recipes(self, claims: Sequence[ast.Statement], region: Region) -> None:
        for statement in claims:
            if isinstance(statement, ast.Train):
                self._statement(statement, region)

    def _bound(self, network: ast.Network | ast.Derived) -> Region:
        """The parameters of a network, as the braces of its models see them."""
        region = Region()
        for parameter in network.parameters:
            symbol = Symbol(Kind.PARAMETER, parameter.name, parameter.span)
            region.bindings[parameter.name] = Binding(symbol, parameter.span, warn=False)
        return region

    def _parameters(self, definition: ast.Network | ast.Block | ast.Derived) -> Region:
        region = Region()
        self._all = []
        for parameter, formal in zip(definition.parameters, formals_of(definition), strict=True):
            if parameter.default is not None:
                self._read(parameter.default, region, Place(formal))
            if parameter.name in region.bindings:
                self._duplicate_parameter(parameter, region.bindings[parameter.name])
            else:
                bound = self._bind(Kind.PARAMETER, parameter.name, parameter.span, region)
                bound.layer = formal.type in (None, "layer", "layers")
        return region

    def _report_unused(self) -> None:
        names = {binding.symbol.name for binding in self._all}
        for binding in self._all:
            if binding.warn and not binding.used:
                self._unused(binding, is_taken=f"_{binding.symbol.name}" in names)

    def _body(self, body: ast.Body, region: Region) -> None:
        for statement in body.statements:
            self._statement(statement, region)

    def _statement(self, statement: ast.Statement, region: Region) -> None:
        if isinstance(statement, ast.Call):
            if not self._misspelt(statement, region):
                self._call(statement, region)
            return
        if isinstance(statement, ast.Let | ast.Output):
            if statement.value is not None:
                self._read(statement.value, region)
            for call in statement.calls:
                self._call(call, region)
        else:
            for expression in expressions(statement):
                self._read(expression, region)
        match statement:
            case ast.Let():
                known = region.bindings.get(statement.name)
                if known is not None:
                    self._refer(statement.name_span, known.symbol)
                elif statement.name != "it":
                    self._bind(Kind.VALUE, statement.name, statement.name_span, region)
            case ast.Output():
                name = ast.Name(statement.name, statement.name_span)
                if statement.value is None and not self._name(name, region):
                    self.names.diagnostics.extend(near_outputs(name, region.names()))
            case ast.For():
                index = region.bindings.get(statement.name)
                if index is not None:
                    self._refer(statement.name_span, index.symbol)
                else:
                    self._bind(Kind.INDEX, statement.name, statement.name_span, region, warn=False)
                self._body(statement.body, region)
            case ast.Aggregate():
                inner = Region(region)
                self._bind(Kind.INDEX, statement.name, statement.name_span, inner, warn=False)
                for argument in statement.arguments:
                    place = Place(AGGREGATE_FORMALS.get(argument.name or ""))
                    self._read(argument.value, inner, place)
                self._body(statement.body, inner)
            case ast.If():
                for _, body in statement.branches:
                    self._body(body, region)
                if statement.otherwise is not None:
                    self._body(statement.otherwise, region)
            case ast.Stage():
                self._body(statement.body, Region(region))
                symbol = Symbol(Kind.STAGE, statement.name, statement.name_span)
                region.stages[statement.name] = symbol
                self.names.symbols.append(symbol)
            case _:
                pass

    def _call(self, call: ast.Call, region: Region) -> None:
        callee = call.callee
        name = None  # of a layer; a parameter may stand for one whose parameters are not known
        if isinstance(callee, ast.Name) and region.find(callee.name) is None:
            name = callee.name
        self._given(call.arguments, places_of(call.arguments, name, self._module), region)
        if call.times is not None:
            self._read(call.times, region)
        if isinstance(callee, ast.Attribute):
            self._read(callee, region)
        elif name is None or self._is_layer(name):
            self._name(callee, region)
            if name is not None:
                self._named_arguments(call.arguments, self._found(name))
        else:
            self._unknown_layer(call, callee, region)
            declared = foreign.declared_by(call)
            if declared is not None:
                self._bind(Kind.VALUE, declared, call.arguments[0].span, region, warn=False)
        if call.body is not None:
            self._body(call.body, Region(region))

    def _misspelt(self, call: ast.Call, region: Region) -> bool:
        """Reports a statement whose first word is misspelt, as ``stge``: no layer is called."""
        callee = call.callee
        if not isinstance(callee, ast.Name) or region.find(callee.name):
            return False
        if self._is_layer(callee.name) or region.stage(callee.name):
            return False
        known = chain(self._module.blocks, PRIMITIVES, region.layers(), _STATEMENTS)
        if foreign.of_call(call) is not None:
            return False
        meant = nearest(callee.name, known)
        if meant not in _STATEMENTS:
            return False
        self._unknown_layer(call, callee, region)
        if call.body is not None and meant != "train":  # whose settings are no values
            self._body(call.body, Region(region))
        return True

    # --- names

    def _arguments(
        self, arguments: Sequence[ast.Argument], callee: Definition | None, region: Region
    ) -> None:
        network = self._found(callee.network) if isinstance(callee, ast.Model) else callee
        formals = () if network is None or isinstance(network, ast.Model) else formals_of(network)
        self._given(arguments, places(arguments, formals), region)
        self._named_arguments(arguments, callee)

    def _given(
        self, arguments: Sequence[ast.Argument], at: Sequence[Place], region: Region
    ) -> None:
        """Reads the values of arguments, each at its place."""
        for argument, place in zip(arguments, at, strict=True):
            self._read(argument.value, region, place)

    def _named_arguments(
        self, arguments: Sequence[ast.Argument], callee: Definition | None
    ) -> None:
        for argument in arguments:
            if argument.name is not None:
                self._parameter(callee, argument.name, name_of(argument))

    def _parameter(self, callee: Definition | None, name: str, span: Span) -> Symbol | None:
        """The parameter that a place names of what is called; of a model, of its network."""
        if isinstance(callee, ast.Model):
            callee = self._found(callee.network)
        if callee is None or isinstance(callee, ast.Model):
            return None
        for parameter in callee.parameters:
            if parameter.name == name:
                symbol = Symbol(Kind.PARAMETER, name, parameter.span)
                self._refer(span, symbol)
                return symbol
        return None

    def _definition(self, name: str, span: Span) -> Definition | None:
        found = self._found(name)
        if found is not None:
            self._refer(span, symbol_of(found))
        elif name in PRIMITIVES:
            self._refer(span, Symbol(Kind.PRIMITIVE, name, None))
        return found

    def _found(self, name: str) -> Definition | None:
        found = self._module.find(name)
        return None if found is None else found[0]

    def _is_layer(self, name: str) -> bool:
        return name in PRIMITIVES or isinstance(self._found(name), ast.Block)

    def _read(self, expression: ast.Expression, region: Region, place: Place = ANYWHERE) -> None:
        if isinstance(expression, ast.Method) and foreign.is_framework(expression):
            self._framework(expression, region)
            return
        for name in names_in(expression):
            if name.name not in _WORDS and not self._name(name, region):
                self._undefined(name, region, place if name is expression else ANYWHERE)

    def _framework(self, e: ast.Method, region: Region) -> None:
        """A call such as ``F.relu(x)``: one finding about its module, where it is one."""
        base, *others = names_in(e)
        known = foreign.of_expression(e)
        if known is None or self._name(base, region):
            known, others = None, [base, *others]
        for name in others:
            if name.name not in _WORDS and not self._name(name, region) and known is None:
                self._undefined(name, region, ANYWHERE)
        if known is not None:
            self._undefined(base, region, ANYWHERE, known)

    def _name(self, name: ast.Name, region: Region) -> bool:
        """Follows a name, and says whether it stands for anything."""
        binding = region.find(name.name)
        stage = region.stage(name.name)
        if binding is not None:
            binding.used = True
            self._refer(name.span, binding.symbol)
        elif name.name in CONSTANTS:
            self._refer(name.span, Symbol(Kind.CONSTANT, name.name, None))
        elif self._is_layer(name.name):
            self._definition(name.name, name.span)
        elif stage is not None:
            self._refer(name.span, stage)
        else:
            return False
        return True

    def _refer(self, span: Span, symbol: Symbol) -> None:
        self.names.references.append(Reference(span, symbol))

    def _bind(
        self,
        kind: Kind,
        name: str,
        span: Span,
        region: Region,
        warn: bool = True,
        symbol: Symbol | None = None,
    ) -> Binding:
        """Binds a name that is declared here, or that stands for a ``symbol`` of elsewhere."""
        outer = region.outer.find(name) if region.outer else None
        if outer is not None:
            self._shadowed(span, f"`{name}` hides a value of the same name",
                           Label(outer.span, "the value that it hides"))  # fmt: skip
        elif self._is_layer(name) or name in CONSTANTS:
            what = "layer" if self._is_layer(name) else "constant"
            found = self._module.find(name)
            label = Label(found[0].name_span, "the layer that it hides") if found else None
            self._shadowed(span, f"`{name}` hides the {what} of this name", label)
        if symbol is None:
            symbol = Symbol(kind, name, span)
            self.names.symbols.append(symbol)
        binding = Binding(symbol, span, warn and not name.startswith("_"))
        region.bindings[name] = binding
        self._all.append(binding)
        return binding

    # --- findings

    def _unused(self, binding: Binding, is_taken: bool) -> None:
        name, span = binding.symbol.name, binding.span
        # a parameter is named by those who give it, too
        fix = inserting(span.source, span.start, "_", safe=not binding.is_parameter)
        self._report(
            "unused-name", f"`{name}` is never read", span, "never read",
            help=f"remove it, or call it `_{name}` if that is meant",
            fix=None if is_taken else fix,
        )  # fmt: skip

    def _shadowed(self, span: Span, message: str, label: Label | None) -> None:
        secondary = () if label is None else (label,)
        self._report("shadowed-name", message, span, "hides another", secondary, "rename it")

    def _duplicate_parameter(self, parameter: ast.Parameter, first: Binding) -> None:
        self._report(
            "duplicate-parameter", f"two parameters are called `{parameter.name}`",
            parameter.span, "declared again", (Label(first.span, "first declared here"),),
            "rename one of them",
        )  # fmt: skip

    def _undefined(
        self, name: ast.Name, region: Region, place: Place, known: Advice | None = None
    ) -> None:
        help, fix = known or undefined_value(name, place, self._module, region.names())
        self._report(
            "undefined-name", f"`{name.name}` is not defined here", name.span, "not in scope",
            help=help, fix=fix,
        )  # fmt: skip

    def _unknown_layer(self, call: ast.Call, callee: ast.Name, region: Region) -> None:
        message, help, fix = unknown_layer(
            call, callee, self._module, chain(region.layers(), _STATEMENTS)
        )
        self._report("unknown-layer", message, callee.span, "unknown layer", help=help, fix=fix)

    def _report(
        self,
        code: CodeName,
        message: str,
        span: Span,
        label: str,
        secondary: tuple[Label, ...] = (),
        help: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        self.names.diagnostics.append(
            Diagnostic(BY_NAME[code], message, Label(span, label), secondary, help=help, fix=fix)
        )
