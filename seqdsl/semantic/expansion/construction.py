"""What an expansion has made so far: shared by the statements, layers and aggregations of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from seqdsl.graph.claims import Claim
from seqdsl.graph.network import Output
from seqdsl.graph.recipe import Training
from seqdsl.semantic.expansion.frame import Broken, Frame
from seqdsl.semantic.expansion.recorder import Record, Recorder
from seqdsl.semantic.expansion.replay import Replays
from seqdsl.semantic.expansion.seldom_meant import Windowed
from seqdsl.semantic.expansion.statement_types import Passages
from seqdsl.semantic.primitives.dataflow import Dataflow
from seqdsl.semantic.values.value import Feature
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.meter import Meter, current
from seqdsl.source.text import Span
from seqdsl.syntax import ast


class Aborted(Exception):
    """The expansion is past a limit and stops at once."""


@dataclass(slots=True, eq=False)
class State:
    """The graph under construction, the findings, and ``run``, which runs braces in a frame."""

    run: Callable[[Sequence[ast.Statement], Frame], None]
    dataflow: Dataflow = field(default_factory=Dataflow)
    replays: Replays = field(default_factory=Replays)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    training: Training | None = None
    outputs: dict[str, tuple[Output, Span]] = field(default_factory=dict)  # by their names
    windows: dict[Span, Windowed] = field(default_factory=dict)  # of the user's aggregations
    passages: Passages = field(default_factory=Passages)
    meter: Meter = field(default_factory=current)
    applied_rules: set[ast.Replace] = field(default_factory=set)
    recorder: Recorder | None = None  # where the network is to be written out again

    def note(self, span: Span, entry: Feature | Broken | None, result: Feature) -> None:
        """Keeps what flowed through a statement that the user wrote."""
        if not span.source.library:
            came = entry.type if isinstance(entry, Feature) else None
            self.passages.note(span, came, result.type)

    def recording(self) -> AbstractContextManager[list[Record]]:
        """What is recorded meanwhile, if anything is, goes into a list of its own."""
        return nullcontext([]) if self.recorder is None else self.recorder.inside()

    @property
    def findings(self) -> int:
        """How much was said or claimed so far: what is silent can be replayed."""
        said = len(self.diagnostics) + len(self.dataflow.diagnostics)
        return said + len(self.claims) + len(self.outputs)
