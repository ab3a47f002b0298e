"""What is to be known of a part of a network: for a tooltip, and for a page."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.costs import Cost, spell_count
from seqdsl.graph.scope import ScopeKind
from seqdsl.graph.tensor import TensorType, spell_shape
from seqdsl.source.frozen import frozen
from seqdsl.source.project import source_path
from seqdsl.source.text import Span


@frozen
class Facts:
    """``cost`` is that of all ``times`` copies that the part stands for, for one sample."""

    path: str
    detail: str  # `1x1 → 3x3, 128, k=32`
    input: tuple[tuple[int, ...], ...]  # the shape that it reads of each source
    output: TensorType
    ends: tuple[int, ...]  # the operations whose values leave it, by index
    cost: Cost
    times: int
    span: Span
    kind: ScopeKind | None = None  # of the scope that it is

    @property
    def lines(self) -> tuple[str, ...]:
        """A line each of path, what it does, shapes, costs, and place in the source."""
        cost = self.cost
        counts = f"{spell_count(cost.params, 4)} params, {spell_count(cost.macs, 4)} MACs"
        copies = f" in all {self.times} copies" if self.times > 1 else ""
        said = (
            self.path,
            self.detail,
            f"{spell_shapes(self.input)} → {self.output}" if self.input else f"{self.output}",
            f"{counts}{copies}" if cost.params or cost.macs else "",
            f"{source_path(self.span.source)}:{self.span.line}:{self.span.column}",
        )
        return tuple(filter(None, said))


def spell_shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return " + ".join(map(spell_shape, shapes))
