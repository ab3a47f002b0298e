"""Finds the network that a model or a derived network is made from, and binds what it gives."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.expansion.evaluate import evaluate
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.values.binding import Actual
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import Span
from seqdsl.syntax import ast

Bound = tuple[ast.Network | ast.Derived, LoadedModule, list[Actual]]


def base_of(derived: ast.Derived, frame: Frame) -> Bound:
    """The network that another derives from, with the arguments that it is given."""
    found = frame.module.find(derived.base)
    if found is None or isinstance(found[0], ast.Block):
        raise unknown_network(derived.base, derived.base_span, frame.module)
    target, home = found
    given = _actuals(derived.arguments, frame)
    if isinstance(target, ast.Model):
        network, home, bound = network_of(target, home)
        return network, home, overridden(bound, given)
    assert isinstance(target, ast.Network | ast.Derived)
    return target, home, given


def recipes_of_base(derived: ast.Derived, frame: Frame) -> list[ast.Train]:
    """What the base of a derived network says of training where it is a model: that is kept."""
    found = frame.module.find(derived.base)
    if found is None or not isinstance(found[0], ast.Model):
        return []
    return [each for each in found[0].claims if isinstance(each, ast.Train)]


def network_of(model: ast.Model, module: LoadedModule) -> Bound:
    """The network of a model, with the arguments that the model binds."""
    found = module.find(model.network)
    if found is None or not isinstance(found[0], ast.Network | ast.Derived):
        raise unknown_network(model.network, model.network_span, module)
    network, home = found[0], found[1]
    scope = Scope(ScopeKind.NETWORK, model.name, model.name, None, model.span)
    return network, home, _actuals(model.arguments, Frame(module, scope, None, None))


def overridden(bound: Sequence[Actual], by: Sequence[Actual]) -> list[Actual]:
    """Arguments, less those of a name that is given anew, and those."""
    names = {actual.name for actual in by}
    return [*(actual for actual in bound if actual.name not in names), *by]


def unknown_network(name: str, span: Span, module: LoadedModule) -> Failure:
    known = [n for n, (d, _) in module.visible.items() if not isinstance(d, ast.Block)]
    help, fix = did_you_mean(name, known, span, "define it, or import its file with `use`")
    return Failure(
        Diagnostic(
            BY_NAME["unknown-network"],
            f"no network `{name}` is defined or imported",
            Label(span, "unknown network"),
            help=help,
            fix=fix,
        )
    )


def _actuals(arguments: Sequence[ast.Argument], frame: Frame) -> list[Actual]:
    return [Actual(a.name, evaluate(a.value, frame), a.span) for a in arguments]
