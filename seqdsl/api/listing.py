"""The networks and models of a file, without building them."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from seqdsl.api.arguments import in_call, where_of
from seqdsl.api.calls import load
from seqdsl.api.network import Network
from seqdsl.api.programs import read_program
from seqdsl.semantic.expansion.given import Argument
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.source.diagnostic import CompileError, Failure, has_errors
from seqdsl.source.frozen import frozen, frozen_value
from seqdsl.source.text import Source
from seqdsl.syntax import ast


@frozen_value
class Parameter:
    """A parameter of a network: its name, and its type and default as the source spells them.

    ``default`` is None where a value must be given; of a model, it is the value that this binds.
    """

    name: str
    type: str | None
    default: str | None


@frozen
class Available:
    """A network or model of a file, which is not built yet.

    ``base`` is the network that a model or a derived network is made from, or None. ``doc`` is
    its ``##`` comment.
    """

    name: str
    base: str | None
    parameters: tuple[Parameter, ...]
    doc: str
    where: Path | Source

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the parameters that need a value."""
        return tuple(each.name for each in self.parameters if each.default is None)

    @property
    def call(self) -> str:
        """How to load it in Python; ``...`` is for a value that it needs."""
        where = "source=..." if isinstance(self.where, Source) else repr(str(self.where))
        name = f"network={self.name!r}" if isinstance(self.where, Source) else repr(self.name)
        return f"seqdsl.load({', '.join([where, name, *in_call(self.required)])})"

    def load(
        self, parameters: Mapping[str, Argument] | None = None, /, **params: Argument
    ) -> Network:
        """Compile it, as `seqdsl.load` does. Raises `CompileError`, TypeError."""
        given = {**(parameters or {}), **params}
        if isinstance(self.where, Source):
            return load(source=self.where.text, network=self.name, parameters=given)
        return load(self.where, self.name, parameters=given)

    def __repr__(self) -> str:
        return f"<{self.call}>"


def networks(
    path: str | PathLike[str] | None = None, *, source: str | None = None
) -> list[Available]:
    """List the networks and models of a ``.seq`` file, or of a text, in its order.

    Each has a ``name``, its ``parameters``, and ``load()``; nothing is built for the list. Raises
    `CompileError` where the text can't be read, TypeError without either a path or a text.

    >>> text = "network N(k, r = 2) { input 3x8x8; conv 3x3, r*k }\\nmodel M = N(k=8)"
    >>> for each in networks(source=text):
    ...     print(each.name, each.required, each.call)
    N ('k',) seqdsl.load(source=..., network='N', k=...)
    M () seqdsl.load(source=..., network='M')
    >>> networks(source=text)[1].load(r=4).params
    928
    """
    where = where_of("networks", path, source)
    try:
        program = read_program(where)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None
    if has_errors(program.diagnostics):
        raise CompileError(program.diagnostics)
    return [_available(each, program.root, where) for each in program.root.networks]


def _available(definition: ast.Buildable, module: LoadedModule, where: Path | Source) -> Available:
    base = None
    if isinstance(definition, ast.Model):
        base = definition.network
    elif isinstance(definition, ast.Derived):
        base = definition.base
    parameters = tuple(_parameters(definition, module))
    return Available(definition.name, base, parameters, definition.doc, where)


def _parameters(definition: ast.Buildable, module: LoadedModule) -> list[Parameter]:
    """The parameters that a definition takes, with what it binds of them as defaults."""
    if not isinstance(definition, ast.Model):
        return [
            Parameter(
                each.name,
                each.type.span.text if each.type else None,
                each.default.span.text if each.default else None,
            )
            for each in definition.parameters
        ]
    found = module.find(definition.network)
    if found is None or not isinstance(found[0], ast.Network | ast.Derived):
        return []  # loading it says so
    bound = _bound(definition.arguments, found[0].parameters)
    return [
        Parameter(each.name, each.type, bound.get(each.name, each.default))
        for each in _parameters(found[0], found[1])
    ]


def _bound(
    arguments: tuple[ast.Argument, ...], parameters: tuple[ast.Parameter, ...]
) -> dict[str, str]:
    """The texts of a model's arguments, by the names of the parameters that they are for."""
    places = iter(parameters)
    bound: dict[str, str] = {}
    for argument in arguments:
        name = argument.name or next((each.name for each in places), None)
        if name is not None:
            bound[name] = argument.value.span.text
    return bound
