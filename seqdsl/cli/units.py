"""Units of columns of counts: thousands, millions, ..."""

from __future__ import annotations

from seqdsl.cli.tables import Number
from seqdsl.graph.conventions import Convention
from seqdsl.source.frozen import frozen_value


@frozen_value
class Unit:
    """What a column is counted in: ``M`` and 10^6."""

    suffix: str
    scale: int

    def of(self, count: int, digits: int = 3) -> Number:
        text = f"{count / self.scale:.{digits}f}{self.suffix}" if self.suffix else str(count)
        return Number(count, text)


def fitting_unit(largest: int, convention: Convention) -> Unit:
    """The largest unit that a column's largest count is at least one of."""
    units = [Unit(suffix, convention.scale(suffix)) for suffix in ("", "K", "M", "G", "T")]
    return max((unit for unit in units if unit.scale <= max(largest, 1)), key=lambda u: u.scale)
