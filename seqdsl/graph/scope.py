"""Where a node stands in the network: the chain of stages, blocks and groups around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span


class ScopeKind(Enum):
    NETWORK = "network"
    STAGE = "stage"
    BLOCK = "block"
    GROUP = "group"


@frozen
class Scope:
    """One link of the chain. Identity is equality: every expansion makes its own.

    ``label`` is the word of the source (``residual``); ``name`` tells siblings apart
    (``residual2``). ``repeat`` is ``(2, 3)`` for the second of ``residual x 3``; groups of an
    aggregation carry ``(i, g)``. ``span`` is the call, stage or aggregation in the source.
    """

    kind: ScopeKind
    label: str
    name: str
    parent: Scope | None
    span: Span
    repeat: tuple[int, int] | None = None
    path: str = ""  # `conv4/residual2/wseqconv1/group3`; empty for the network itself
    depth: int = 0

    def child(
        self,
        kind: ScopeKind,
        label: str,
        name: str,
        span: Span,
        repeat: tuple[int, int] | None = None,
    ) -> Scope:
        path = f"{self.path}/{name}" if self.path else name
        return Scope(kind, label, name, self, span, repeat, path, self.depth + 1)

    def ancestry(self) -> Iterator[Scope]:
        """This scope and those around it, innermost first, the network last."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def chain(self) -> tuple[str, ...]:
        """The expansion chain as sentences for a diagnostic, innermost first."""
        return tuple(scope.describe() for scope in self.ancestry())

    def describe(self) -> str:
        if self.kind is ScopeKind.GROUP:
            owner = self.parent.label if self.parent else ""
            return f"in group {self.repeat[0] if self.repeat else self.name} of {owner}"
        if self.kind is ScopeKind.BLOCK and self.repeat and self.repeat[1] > 1:
            return f"in {self.label} {self.repeat[0]} of {self.repeat[1]}"
        if self.kind is ScopeKind.BLOCK:
            return f"in {self.name}"
        return f"in {self.kind.value} {self.name}"


def closure(scopes: Iterable[Scope]) -> list[Scope]:
    """Scopes and all those around them, each once, in the order in which they are met."""
    found: dict[Scope, None] = {}
    for scope in scopes:
        each: Scope | None = scope
        while each is not None and each not in found:
            found[each] = None
            each = each.parent
    return list(found)
