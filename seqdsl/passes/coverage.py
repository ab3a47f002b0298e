"""Says what a check of a file looked at: its networks and claims, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os.path import realpath

from seqdsl.semantic.compile import Instance
from seqdsl.semantic.names.modules import Definition, LoadedModule, Program
from seqdsl.source.frozen import frozen_value
from seqdsl.source.resources import resource
from seqdsl.source.text import Source
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in
from seqdsl.syntax.walk import names_of


@frozen_value
class Place:
    """A definition of a file, equal wherever the file is read."""

    file: str
    name: str


@frozen_value
class Coverage:
    """What a check looked at: in one file, or in several together."""

    networks: int = 0
    claims: int = 0  # `expect` statements that were compared with computed numbers
    void: int = 0  # those of a network whose parameters were set from outside
    others: tuple[str, ...] = ()  # networks that were left out, as one was picked
    templates: tuple[str, ...] = ()  # networks that need arguments, and that nothing binds
    blocks: frozenset[Place] = frozenset()  # those that the files define
    expanded: frozenset[Place] = frozenset()  # those that a network calls

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.networks + other.networks,
            self.claims + other.claims,
            self.void + other.void,
            self.others + other.others,
            self.templates + other.templates,
            self.blocks | other.blocks,
            self.expanded | other.expanded,
        )


def coverage(program: Program, built: Sequence[Instance], *, picked: bool, void: bool) -> Coverage:
    """What was looked at in a file: all that it builds, or a ``picked`` network.

    ``void`` is for a network whose parameters were set from outside: its claims are not checked.
    """
    root = program.root
    names = {instance.name for instance in built}
    reached = dict(_reached(root, (d for d in root.networks if d.name in names)))
    left = [d for d in root.networks if d not in reached]
    claims = sum(len(i.network.claims) for i in built if i.network is not None)
    return Coverage(
        len(built),
        0 if void else claims,
        claims if void else 0,
        tuple(d.name for d in left) if picked else (),
        () if picked else tuple(d.name for d in left),
        frozenset(_place(d, root) for d in root.own.values() if isinstance(d, ast.Block)),
        frozenset(_place(d, home) for d, home in reached.items() if isinstance(d, ast.Block)),
    )


def _reached(
    root: LoadedModule, definitions: Iterable[Definition]
) -> Iterator[tuple[Definition, LoadedModule]]:
    """Definitions and all whose names are in them, directly or not, each with its module."""
    waiting = [(definition, root) for definition in definitions]
    seen = {definition for definition, _ in waiting}
    while waiting:
        definition, home = waiting.pop()
        yield definition, home
        for name in _names(definition):
            found = home.find(name)
            if found is not None and found[0] not in seen:
                seen.add(found[0])
                waiting.append(found)


def _names(definition: Definition) -> Iterator[str]:
    """The names that a definition reads or calls."""
    expressions: list[ast.Expression] = []
    match definition:
        case ast.Model(network=network, arguments=arguments):
            yield network
            expressions += (argument.value for argument in arguments)
        case ast.Derived(base=base, arguments=arguments, replacements=rules):
            yield base
            expressions += (argument.value for argument in arguments)
            for rule in rules:
                yield from names_of(rule.body)
        case ast.Network(body=body) | ast.Block(body=body):
            yield from names_of(body)
    if not isinstance(definition, ast.Model):
        expressions += (p.default for p in definition.parameters if p.default is not None)
    for expression in expressions:
        yield from (name.name for name in names_in(expression))


def _place(definition: Definition, home: LoadedModule) -> Place:
    return Place(_file(home.syntax.source), definition.name)


def _file(source: Source) -> str:
    if source.library:
        return realpath(str(resource("architectures").joinpath(source.name)))
    return realpath(source.name)
