"""Everything that is to be said about a program: its files, its networks, and their claims."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from seqdsl.passes.claims import check_claims, for_each
from seqdsl.semantic.compile import Instance, expand, instances, unique
from seqdsl.semantic.expansion.bases import network_of
from seqdsl.semantic.expansion.given import Argument
from seqdsl.semantic.expansion.replay import Replays
from seqdsl.semantic.expansion.seldom_meant import inner_softmaxes, single_groups, whole_windows
from seqdsl.semantic.names.modules import Program
from seqdsl.semantic.rules import LATE_RULES, check_rules
from seqdsl.source.allow import without_allowed
from seqdsl.source.codes import CODES, ClaimFault, CodeName, Severity
from seqdsl.source.diagnostic import Diagnostic, Failure, has_errors
from seqdsl.source.meter import metered
from seqdsl.source.suggest import is_like
from seqdsl.source.text import Source, Span
from seqdsl.syntax import ast


def check_program(
    program: Program, replays: Replays | None = None
) -> tuple[list[Instance], list[Diagnostic]]:
    """Every network that a file builds, and all that is to be said about them.

    ``replays`` are those of an earlier version of the file.
    """
    replays = replays or Replays()
    built: list[Instance] = []
    with metered() as meter:
        for definition in instances(program):
            built.append(expand_checked(program, definition, None, replays))
            if meter.passed:
                break  # a limit of the file, which the others would pass as well
        found = check_rules(program)
        late = check_rules(program, LATE_RULES)
    found += _without_shared_fixes(built)
    if not _is_guessed(found):  # an aggregation may be another in a network that can't be built
        networks = [instance.network for instance in built if instance.network is not None]
        found += single_groups(node for network in networks for node in network.nodes)
        found += whole_windows(instance.windows for instance in built)
        found += inner_softmaxes([network.nodes for network in networks])
    return built, settled([*program.diagnostics, *found, *late], program)


def _without_shared_fixes(built: Sequence[Instance]) -> list[Diagnostic]:
    """The findings of networks; a claim of several has a fix only if it is right for all."""
    networks = (instance.network for instance in built if instance.network is not None)
    shared = Counter(claim.span for network in networks for claim in network.claims)
    found = [d for instance in built for d in instance.diagnostics]
    fixes = Counter((d.primary.span, d.fix) for d in found if d.primary is not None)
    return [
        for_each(d)
        if d.primary is not None and shared[d.primary.span] > fixes[d.primary.span, d.fix]
        else d
        for d in found
    ]


def expand_checked(
    program: Program,
    definition: ast.Buildable,
    params: Mapping[str, Argument] | None,
    replays: Replays | None = None,
) -> Instance:
    """Builds a network and checks its claims.

    Parameters that are given void its claims, and so does an error behind which it is a guess.
    """
    instance = expand(program, definition, params, replays=replays)
    if instance.network is None or params or _is_guessed(instance.diagnostics):
        return instance
    return replace(instance, diagnostics=(*instance.diagnostics, *check_claims(instance.network)))


def without_shared_fixes(
    found: Sequence[Diagnostic], program: Program, definition: ast.Buildable
) -> list[Diagnostic]:
    """The findings of one network of a file; of a claim that others make, too, without its fix."""
    network = _written(definition, program)
    others = (each for each in instances(program) if each is not definition)
    if network is None or all(_written(other, program) is not network for other in others):
        return list(found)
    return [for_each(d) if d.primary and _is_in(d.primary.span, network.span) else d for d in found]


def _written(definition: ast.Buildable, program: Program) -> ast.Network | ast.Derived | None:
    """The network that a definition builds; None where that is not known."""
    if not isinstance(definition, ast.Model):
        return definition
    try:
        return network_of(definition, program.root)[0]
    except Failure:
        return None


def _is_in(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start < outer.end


def _is_guessed(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether networks with these findings are not what their file would say."""
    errors = (d for d in diagnostics if d.severity is Severity.ERROR)
    return any(d.code.claim is None for d in errors)


def settled(
    diagnostics: Sequence[Diagnostic], program: Program, *, whole: bool = True
) -> list[Diagnostic]:
    """Each finding once, in the order of the text, less what comments allow, and what follows from
    another. ``whole`` is for a check of all the networks of a file.
    """
    sources = [module.syntax.source for module in program.modules]
    whole = whole and not has_errors(diagnostics)
    found = without_allowed(unique(diagnostics), sources, judge_idle=whole)
    names = {d.code.name for d in found}
    silent: set[CodeName] = set()
    if "syntax" in names:
        silent |= {code.name for code in CODES if code.whole_file}
    if any(module.syntax.partial for module in program.modules):
        silent |= {code.name for code in CODES if code.flow}
    if "recursion" in names:
        silent.add("depth-limit")
    if any(d.code.unknown_name for d in found):
        silent.add("unused-import")  # it may give what is misspelt
    unread = frozenset().union(*(module.syntax.unread for module in program.modules))
    follows = _follows_from(found, unread)
    if "channels-last" in names:  # what the input is mistaken for has other sizes
        found = [replace(d, fix=None) if d.code.claim is ClaimFault.FALSE else d for d in found]
    return in_order([d for d in found if d.code.name not in silent and not follows(d)])


def _follows_from(
    found: Sequence[Diagnostic], unread: frozenset[str]
) -> Callable[[Diagnostic], bool]:
    """Whether a finding follows from others: a warning about what has an error inside it, or about
    a name that a misspelt one may be; a name that a missing import may give, or what can't be
    read; a name that is no argument to begin with.
    """
    placed = [(d, d.primary.span) for d in found if d.primary is not None]
    incomplete = {span.source for d, span in placed if d.code.hides_names}
    errors: dict[Source, list[int]] = {}
    for d, span in placed:
        if d.severity is Severity.ERROR:
            errors.setdefault(span.source, []).append(span.start)
    for starts in errors.values():
        starts.sort()
    extra = {(s.source, s.start) for d, s in placed if d.code.name == "unknown-argument"}
    misspelt = (d for d in found if d.code.unknown_name or d.code.name == "near-output")
    meant = {edit.text for d in misspelt if d.fix for edit in d.fix.edits}

    def follows(d: Diagnostic) -> bool:
        if d.primary is None:
            return False
        span = d.primary.span
        if d.code.unknown_name and span.source in incomplete and not _is_misspelt(d, span):
            return True
        if d.code.name == "unused-name" and span.source in incomplete:
            return True
        if d.code.unknown_name and span.text in unread:
            return True
        if d.code.name == "undefined-name" and (span.source, span.start) in extra:
            return True
        if d.code.name == "unused-name" and span.text in meant:
            return True
        starts = errors.get(span.source, [])
        first = bisect_left(starts, span.start)
        return d.severity is not Severity.ERROR and first < len(starts) and starts[first] < span.end

    return follows


def _is_misspelt(d: Diagnostic, span: Span) -> bool:
    """Whether an unknown name is so like a known one that no import is needed to explain it."""
    return d.fix is not None and is_like(span.text, d.fix.edits[0].text)


def in_order(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Those of no place first, then file by file, each from its top."""
    files: dict[Source, int] = {}
    for d in diagnostics:
        if d.primary is not None:
            files.setdefault(d.primary.span.source, len(files))

    def place(d: Diagnostic) -> tuple[int, int]:
        if d.primary is None:
            return (-1, 0)
        return (files[d.primary.span.source], d.primary.span.start)

    return sorted(diagnostics, key=place)
