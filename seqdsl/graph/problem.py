"""What is wrong with a graph: a mistake of the compiler, which no source file can make."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.frozen import frozen_value
from seqdsl.source.text import Span

_SHOWN = 3  # problems besides the first


@frozen_value
class Problem:
    """A sentence about one node, scope or aggregation."""

    where: str  # `conv4/conv1/conv2d (%17)`
    message: str
    span: Span  # of the source that it was made from

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class MalformedGraph(Failure):
    """A graph that breaks an invariant after a pass, with every problem that was found."""

    def __init__(self, name: str, after: str, problems: Sequence[Problem]) -> None:
        self.after = after
        self.problems = tuple(problems)
        first, *others = problems
        more = f", and {len(others):,} more" if others else ""
        super().__init__(
            Diagnostic(
                BY_NAME["malformed-graph"],
                f"the graph of {name} is malformed after {after}: {first}{more}",
                Label(first.span, first.message),
                tuple(Label(other.span, str(other)) for other in others[:_SHOWN]),
                help="this is a mistake of seqdsl, and not of the file: please report it with the "
                "file",
            )
        )
