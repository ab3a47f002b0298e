"""The names that braces bind, and those that they see from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from seqdsl.semantic.names.symbols import Kind, Symbol
from seqdsl.source.text import Span


@dataclass(slots=True, eq=False)
class Binding:
    """A name that braces bind, and where."""

    symbol: Symbol
    span: Span
    warn: bool = True  # an index that nothing reads is no mistake
    layer: bool = False  # whether it may stand for one
    used: bool = False

    @property
    def is_parameter(self) -> bool:
        return self.symbol.kind is Kind.PARAMETER


@dataclass(slots=True, eq=False)
class Region:
    """One pair of braces: what it binds, and what it sees from outside."""

    outer: Region | None = None
    bindings: dict[str, Binding] = field(default_factory=dict)
    stages: dict[str, Symbol] = field(default_factory=dict)  # those behind us

    def find(self, name: str) -> Binding | None:
        return next((r.bindings[name] for r in self._outwards() if name in r.bindings), None)

    def stage(self, name: str) -> Symbol | None:
        return next((r.stages[name] for r in self._outwards() if name in r.stages), None)

    def names(self) -> Iterator[str]:
        for region in self._outwards():
            yield from region.bindings
            yield from region.stages

    def layers(self) -> Iterator[str]:
        """The names that a call may be of."""
        for region in self._outwards():
            yield from (name for name, binding in region.bindings.items() if binding.layer)

    def _outwards(self) -> Iterator[Region]:
        """These braces, and those around them."""
        region: Region | None = self
        while region is not None:
            yield region
            region = region.outer
