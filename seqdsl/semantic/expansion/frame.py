"""Where a statement is evaluated: the names it sees, and the feature map that flows there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from seqdsl.graph.scope import Scope
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.values.value import Feature, Value
from seqdsl.source.frozen import frozen
from seqdsl.syntax import ast


class Broken:
    """Stands for what an error left undefined: statements on it are passed over in silence."""


BROKEN = Broken()
Flow: TypeAlias = Feature | Broken


@dataclass(slots=True, eq=False)
class Frame:
    """One pair of braces under evaluation.

    ``entry`` is what flowed in (``in``), ``current`` what flows now (``it``); None before the
    network's input.
    """

    module: LoadedModule
    scope: Scope
    entry: Feature | Broken | None
    current: Feature | Broken | None
    parent: Frame | None = None
    values: dict[str, Value | Broken] = field(default_factory=dict)
    rules: tuple[Rules, ...] = ()  # of derived networks, the innermost first
    stages: dict[str, Feature | Broken] = field(default_factory=dict)  # what left each

    def inner(self, scope: Scope, entry: Feature | Broken | None) -> Frame:
        """Braces inside these: they see these names, and what entered them is ``in``."""
        return Frame(self.module, scope, entry, entry, self, rules=self.rules)

    @property
    def outermost(self) -> Frame:
        """The braces of the network, block or derived network in whose text these are."""
        frame = self
        while frame.parent is not None:
            frame = frame.parent
        return frame

    def home(self, name: str) -> dict[str, Value | Broken] | None:
        """The values that a name is among, from here outwards; None where it is in no braces."""
        return next((f.values for f in self._outwards() if name in f.values), None)

    def stage(self, name: str) -> Feature | Broken | None:
        """What left the stage of a name, in these braces or around them."""
        return next((f.stages[name] for f in self._outwards() if name in f.stages), None)

    def names(self) -> Iterator[str]:
        for frame in self._outwards():
            yield from frame.values
            yield from frame.stages

    def _outwards(self) -> Iterator[Frame]:
        """These braces, and those around them."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent


@frozen
class Rules:
    """The replacements of one derived network, and the frame of its parameters."""

    replacements: tuple[ast.Replace, ...]
    frame: Frame
