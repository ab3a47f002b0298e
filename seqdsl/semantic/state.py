"""What an expansion has made so far: shared by the statements, layers and aggregations of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from seqdsl.graph.claims import Claim
from seqdsl.graph.network import Output
from seqdsl.graph.scope import Scope
from seqdsl.semantic.dataflow import Dataflow
from seqdsl.semantic.frame import Frame
from seqdsl.semantic.locate import fail
from seqdsl.semantic.recorder import Recorder
from seqdsl.semantic.replay import Replays
from seqdsl.semantic.suspect import Windowed
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.text import Span
from seqdsl.syntax import ast

MAX_STATEMENTS = 1_000_000


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
    outputs: dict[str, tuple[Output, Span]] = field(default_factory=dict)  # by their names
    named: set[Span] = field(default_factory=set)  # the calls that make named values
    windows: dict[Span, Windowed] = field(default_factory=dict)  # of the user's aggregations
    statements: int = 0
    replacements: int = 0  # layers that a derived network has replaced
    applied_rules: set[ast.Replace] = field(default_factory=set)
    recorder: Recorder | None = None  # where the network is to be written out again

    def count(self, span: Span, scope: Scope, work: int = 1) -> None:
        """Counts a statement, a turn of a loop, or the ``work`` of as many. Raises `Aborted`."""
        self.statements += work
        if self.statements <= MAX_STATEMENTS:
            return
        failure = fail(
            "node-limit",
            f"the expansion takes more than {MAX_STATEMENTS:,} statements",
            span,
            scope,
            help="nested repeats multiply: is a digit too many somewhere?",
        )
        self.diagnostics.append(failure.diagnostic)
        raise Aborted

    @property
    def findings(self) -> int:
        """How much was said or claimed so far: what is silent can be replayed."""
        return len(self.diagnostics) + len(self.dataflow.diagnostics) + len(self.claims)
