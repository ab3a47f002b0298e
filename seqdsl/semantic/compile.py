"""From a source to networks: modules, static rules, expansion, in that order."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.expansion.bases import network_of, overridden
from seqdsl.semantic.expansion.construction import Aborted
from seqdsl.semantic.expansion.evaluate import evaluate
from seqdsl.semantic.expansion.expand import Expansion
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.expansion.given import PYTHON, Argument, spell
from seqdsl.semantic.expansion.recorder import Recorder
from seqdsl.semantic.expansion.replay import Replays
from seqdsl.semantic.expansion.seldom_meant import Windowed
from seqdsl.semantic.expansion.statement_cost import over_limit
from seqdsl.semantic.expansion.statement_types import Passages
from seqdsl.semantic.names.modules import LoadedModule, Program
from seqdsl.semantic.values.binding import Actual
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label, unlocated
from seqdsl.source.frozen import frozen
from seqdsl.source.meter import OverLimit, metered
from seqdsl.source.suggest import nearest
from seqdsl.source.text import Given, Source, Span
from seqdsl.source.timing import stage
from seqdsl.syntax import ast
from seqdsl.syntax.parser import parse_expression


@frozen
class Instance:
    """A network of a file, as far as it could be built, and what is wrong with it."""

    name: str
    network: Network | None
    unpruned: Network | None  # the network with what no output reads
    diagnostics: tuple[Diagnostic, ...]
    passages: Passages
    windows: Mapping[Span, Windowed]


def instances(program: Program) -> list[ast.Buildable]:
    """What a file builds: its models, and its networks that need no arguments."""
    return [
        definition
        for definition in program.root.networks
        if isinstance(definition, ast.Model)
        or all(parameter.default is not None for parameter in definition.parameters)
    ]


def choose(program: Program, name: str | None) -> ast.Buildable:
    """The network or model of a name, or the only one. Raises `Failure`."""
    root = program.root
    if name is not None:
        found = root.own.get(name)
        if found is not None and not isinstance(found, ast.Block):
            return found
        known = [definition.name for definition in root.networks]
        near = nearest(name, known)
        message = f"no network or model `{name}` is in the file"
        if near:
            raise unlocated(
                "unknown-network", message, root.syntax.source.name, f"did you mean `{near}`?"
            )
        raise _unchosen(message, known, root)
    candidates = instances(program) or root.networks
    if len(candidates) == 1:
        return candidates[0]
    named = [candidate.name for candidate in candidates]
    raise _unchosen(f"the file has {'several networks' if named else 'no network'}", named, root)


def expand(
    program: Program,
    definition: ast.Buildable,
    arguments: Mapping[str, Argument] | None = None,
    recorder: Recorder | None = None,
    replays: Replays | None = None,
) -> Instance:
    """Builds one network with its parameters bound, and tells a recorder how. Never raises.

    ``replays`` are of networks that are like it.
    """
    with stage("expand"), metered() as meter:
        meter.next_network()
        return _instance(Expansion(recorder, replays), program, definition, arguments or {})


def _instance(
    expansion: Expansion,
    program: Program,
    definition: ast.Buildable,
    arguments: Mapping[str, Argument],
) -> Instance:
    try:
        network = _expand(expansion, program.root, definition, arguments)
    except Failure as failure:
        expansion.diagnostics.append(failure.diagnostic)
        network = None
    except Aborted:
        network = None
    except OverLimit as limit:
        scope = Scope(ScopeKind.NETWORK, definition.name, definition.name, None, definition.span)
        expansion.diagnostics.append(over_limit(limit, definition.name_span, scope))
        network = None
    except RecursionError:
        expansion.diagnostics.append(
            Diagnostic(
                BY_NAME["depth-limit"],
                f"`{definition.name}` is nested too deeply to expand",
                Label(definition.name_span, "in here"),
                help="flatten blocks or expressions that hold one another",
            )
        )
        network = None
    found = tuple(unique(expansion.diagnostics))
    state = expansion.state
    unpruned = expansion.unpruned
    return Instance(definition.name, network, unpruned, found, state.passages, state.windows)


def _expand(
    expansion: Expansion,
    module: LoadedModule,
    definition: ast.Buildable,
    arguments: Mapping[str, Argument],
) -> Network | None:
    span = definition.span if isinstance(definition, ast.Model) else definition.name_span
    scope = Scope(ScopeKind.NETWORK, definition.name, definition.name, None, span)
    frame = Frame(module, scope, None, None)
    overrides = [_override(name, value, frame) for name, value in arguments.items()]
    if not isinstance(definition, ast.Model):
        return expansion.network(definition, module, definition.name, overrides, span, ())
    network, home, bound = network_of(definition, module)
    actuals = overridden(bound, overrides)
    said = [each for each in definition.claims if isinstance(each, ast.Expect | ast.Train)]
    return expansion.network(network, home, definition.name, actuals, span, said)


def _override(name: str, value: Argument, frame: Frame) -> Actual:
    """An argument from outside the file: text is read as an expression of the language.

    Raises `Failure`, and TypeError for what has no words in the language.
    """
    given = value.option if isinstance(value, Given) else PYTHON
    source = Source(name, spell(name, value), given=given)
    try:
        expression = parse_expression(source)
    except Failure as failure:
        if failure.diagnostic.code.name != "syntax":
            raise
        raise _unreadable(source) from None  # the parser speaks of files and definitions
    return Actual(name, evaluate(expression, frame), expression.span)


def _unreadable(source: Source) -> Failure:
    return Failure(
        Diagnostic(
            BY_NAME["syntax"],
            f"the value of `{source.name}` can't be read",
            Label(Span(source, 0, len(source.text)), "no value of the language"),
            help="a value is such as 8, 3x3, [1, 2, 1], true or none",
        )
    )


def unique(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Each finding once, however many expansions met it, in order.

    A rule finds a wrong argument first; an expansion, which knows what flows in, may have its fix.
    """
    found: dict[Hashable, Diagnostic] = {}
    for diagnostic in diagnostics:
        known = found.setdefault(diagnostic.key, diagnostic)
        if known.fix is None and diagnostic.code.argument and diagnostic.fix:
            found[diagnostic.key] = diagnostic
    return list(found.values())


def _unchosen(message: str, names: Sequence[str], module: LoadedModule) -> Failure:
    """No network of a file is chosen: those that there are."""
    listed = ", ".join(names)
    return unlocated(
        "unknown-network",
        message,
        module.syntax.source.name,
        f"choose one with `--network`: {listed}" if names else "define one with `network`",
        f"choose one with `network=`: {listed}" if names else None,
    )
