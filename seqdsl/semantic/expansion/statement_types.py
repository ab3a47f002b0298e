"""What flowed through each statement of the user's: for whoever shows shapes beside the source."""

from __future__ import annotations

from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen_value
from seqdsl.source.text import Span

MAX_KEPT = 8  # of the ways in which a statement of a block is passed


@frozen_value
class Passage:
    """What came in, None for an input, and what left."""

    entry: TensorType | None
    result: TensorType


class Passages:
    """The different passages of each statement, in the order in which they were seen."""

    def __init__(self) -> None:
        self.by_span: dict[Span, list[Passage]] = {}

    def note(self, span: Span, entry: TensorType | None, result: TensorType) -> None:
        kept = self.by_span.setdefault(span, [])
        passage = Passage(entry, result)
        if passage not in kept and len(kept) < MAX_KEPT:
            kept.append(passage)
