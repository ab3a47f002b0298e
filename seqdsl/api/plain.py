"""A network written as a plain source, which is held to compile to the same graph."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike

from seqdsl.api.programs import read_program, require_arguments
from seqdsl.graph.network import Network
from seqdsl.graph.scope import ScopeKind
from seqdsl.semantic.compile import choose, expand, unique
from seqdsl.semantic.expansion.given import Argument
from seqdsl.semantic.expansion.recorder import Recorder
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.semantic.rules import check_rules
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label, has_errors
from seqdsl.source.limits import LIMITS
from seqdsl.source.text import Source


def expand_plainly(
    path: str | PathLike[str] | Source, network: str | None, params: Mapping[str, Argument]
) -> tuple[str | None, list[Diagnostic]]:
    """Return the plain source of one network of a file or a text, or None and why."""
    try:
        program = read_program(path)
    except Failure as failure:
        return None, [failure.diagnostic]
    return plain_text(program, network, params)


def plain_text(
    program: Program, network: str | None, params: Mapping[str, Argument]
) -> tuple[str | None, list[Diagnostic]]:
    """Return the plain source of one network of a program, or None and why."""
    from seqdsl.semantic.writing import Unwritable, plain_sources  # no other command needs it

    try:
        definition = choose(program, network)
        require_arguments(definition, params, program)
    except Failure as failure:
        return None, [failure.diagnostic]
    recorder = Recorder()
    instance = expand(program, definition, params, recorder)
    found = [*program.diagnostics, *check_rules(program), *instance.diagnostics]
    if has_errors(found) or instance.network is None:
        return None, unique(found)
    try:
        for text in plain_sources(program, instance.network, recorder):
            if len(text.encode()) > (most := LIMITS.get().bytes):
                raise Unwritable(f"it would be longer than the {most:,} bytes of a source")
            if _is_of(text, instance.network):
                return text, []
        raise Unwritable("what would be written compiles to another graph")
    except Unwritable as reason:
        message = f"`{instance.name}` can't be written as a plain source: {reason}"
        where = Label(definition.name_span, "this network")
        return None, [Diagnostic(BY_NAME["unwritable"], message, where)]


def _is_of(text: str, network: Network) -> bool:
    """Whether a source compiles to the graph of a network: its nodes, their names and scopes."""
    from seqdsl.graph.dump import dump

    program = load_program(Source("<expanded>", text), None)
    if has_errors([*program.diagnostics, *check_rules(program)]):
        return False
    instance = expand(program, choose(program, None))
    again = instance.network
    return (
        again is not None
        and not has_errors(instance.diagnostics)
        and dump(again) == dump(network)
        and _places(again) == _places(network)
    )


def _places(network: Network) -> list[tuple[str, tuple[ScopeKind, ...]]]:
    return [(node.path, tuple(s.kind for s in node.scope.ancestry())) for node in network.nodes]
