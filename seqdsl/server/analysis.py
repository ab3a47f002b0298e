"""What is known of one version of a document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from seqdsl.graph.costs import Cost, total
from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope
from seqdsl.passes.check import check_program
from seqdsl.passes.vet import vetted
from seqdsl.semantic.compile import Instance
from seqdsl.semantic.expansion.replay import Replays
from seqdsl.semantic.expansion.statement_types import Passage
from seqdsl.semantic.names.modules import LoadedModule, Program, load_program
from seqdsl.semantic.names.reading import Files
from seqdsl.semantic.names.resolve import Names, resolve
from seqdsl.semantic.names.symbols import Symbol
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.text import Source, Span
from seqdsl.syntax import ast


class Analysis:
    """Parsed at once; networks are expanded when something about them is asked.

    ``replays`` are those of the version before, of which most is still true.
    """

    def __init__(
        self, source: Source, path: Path | None, files: Files, replays: Replays | None = None
    ) -> None:
        self.source = source
        self._replays = replays or Replays()
        self._names: dict[LoadedModule, Names] = {}
        self.program: Program = load_program(source, path, files)

    @property
    def module(self) -> LoadedModule:
        return self.program.root

    @property
    def names(self) -> Names:
        return self.names_of(self.module)

    def names_of(self, module: LoadedModule) -> Names:
        """What the names of a file stand for; looked for once."""
        if module not in self._names:
            self._names[module] = resolve(module)
        return self._names[module]

    @cached_property
    def checked(self) -> tuple[list[Instance], list[Diagnostic]]:
        self._replays.next_version()
        return check_program(self.program, self._replays)

    @property
    def instances(self) -> list[Instance]:
        return self.checked[0]

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return self.checked[1]

    @cached_property
    def offered(self) -> list[Diagnostic]:
        """The findings with the fixes that mend them, each tried on a copy: when one is asked for,
        and not at every keystroke.
        """
        return vetted(self.program, self.diagnostics, self._check)

    def _check(self, copy: Program) -> list[Diagnostic]:
        return check_program(copy, self._replays)[1]

    @property
    def misses_imports(self) -> bool:
        """Whether a file that it uses could not be read, and may be there later."""
        return any(d.code.name == "missing-import" for d in self.program.diagnostics)

    @property
    def networks(self) -> list[Network]:
        return [each.network for each in self.instances if each.network is not None]

    # --- places

    def symbol_at(self, offset: int) -> tuple[Span, Symbol] | None:
        """The name under a position, and what it stands for."""
        for reference in self.names.references:
            if _touches(reference.span, offset) and reference.span.source is self.source:
                return reference.span, reference.symbol
        for symbol in self.names.symbols:
            if symbol.span is not None and _touches(symbol.span, offset):
                return symbol.span, symbol
        return None

    def definition_at(self, offset: int) -> ast.Block | ast.Buildable | None:
        """The definition whose text holds a position."""
        for item in self.module.syntax.items:
            if not isinstance(item, ast.Use) and item.span.start <= offset <= item.span.end:
                return item
        return None

    # --- what flows, and what it costs

    def passages(self, span: Span) -> list[Passage]:
        """The ways in which a statement was passed, over all networks of the file."""
        found: dict[Passage, None] = {}
        for instance in self.instances:
            found |= dict.fromkeys(instance.passages.by_span.get(span, ()))
        return list(found)

    @cached_property
    def _costs(self) -> list[tuple[Network, dict[Span, Cost]]]:
        return [(network, _by_span(network)) for network in self.networks]

    def costs(self, span: Span) -> list[tuple[Network, Cost]]:
        """What a statement costs in each network of the file that has it."""
        return [(network, by_span[span]) for network, by_span in self._costs if span in by_span]


def _touches(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end


def _by_span(network: Network) -> dict[Span, Cost]:
    """The cost of all that each statement of the user's makes."""
    parts: dict[Scope, list[Cost]] = {}
    sums: dict[Span, list[Cost]] = {}
    for node, cost in zip(network.nodes, network.costs, strict=True):
        parts.setdefault(node.scope, []).append(cost)
        if not node.span.source.library and node.span != node.scope.span:
            sums.setdefault(node.span, []).append(cost)
    for scope, costs in parts.items():
        whole = total(costs)
        for span in _spans(scope):
            sums.setdefault(span, []).append(whole)
    return {span: total(costs) for span, costs in sums.items()}


def _spans(scope: Scope) -> Iterator[Span]:
    """The user's statements around a scope, each once; the network itself is none of them."""
    seen: set[Span] = set()
    for each in scope.ancestry():
        if each.parent is not None and not each.span.source.library and each.span not in seen:
            seen.add(each.span)
            yield each.span
