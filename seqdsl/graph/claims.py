"""A number that a `.seq` file claims of a network or a stage: ``expect params 26.2M``."""

from __future__ import annotations

from fractions import Fraction

from seqdsl.graph.scope import Scope
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span


@frozen
class Quantity:
    """A number as printed: ``4.32G`` has value 4.32, unit 0.01 and suffix G."""

    value: Fraction
    unit: Fraction  # one unit of the last digit printed
    suffix: str  # "", K, M, G or T
    text: str

    @property
    def decimals(self) -> int:
        return len(str(self.unit.denominator)) - 1


@frozen
class Claim:
    """``metric`` is params, macs or flops; ``convention`` says how flops are counted.

    ``tolerance`` is relative (2 % is 1/50) and replaces the rule of the last digit.
    """

    metric: str
    quantity: Quantity
    quantity_span: Span
    convention: str
    stated: bool  # whether the source names the convention
    tolerance: Fraction | None
    tolerance_span: Span | None  # of all that a tolerance adds to the line
    scope: Scope
    span: Span
