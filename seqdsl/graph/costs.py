"""What a network costs, by arithmetic on types (DESIGN section 3).

A `Cost` holds quantities; a convention (`graph/conventions.py`) makes one number of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seqdsl.source.frozen import frozen_value


@frozen_value
class Elements:
    """The elements that all operations of one kind read and write, for one sample."""

    kind: str  # `Node.kind`, or the interpolation of an upsampling
    read: int  # of the first operand
    written: int


@frozen_value
class Cost:
    """Counts for one sample; they add up over any part of a network."""

    params: int = 0  # trained parameters: weights and biases, no running statistics
    macs: int = 0  # multiply-accumulates of convolutions and linear layers, biases not counted
    normalized: int = 0  # elements that pass a normalisation
    activated: int = 0  # elements that pass an activation
    activations: int = 0  # elements that convolutions and linear layers put out
    biased: int = 0  # those of them that a bias is added to
    norm_params: int = 0  # those of `params` that scale and shift in norms
    elements: tuple[Elements, ...] = ()  # of activations, pools, sums and the like, by kind

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.params + other.params,
            self.macs + other.macs,
            self.normalized + other.normalized,
            self.activated + other.activated,
            self.activations + other.activations,
            self.biased + other.biased,
            self.norm_params + other.norm_params,
            _by_kind((*self.elements, *other.elements))
            if self.elements and other.elements
            else self.elements or other.elements,
        )

    def __mul__(self, count: int) -> Cost:
        return Cost(
            self.params * count,
            self.macs * count,
            self.normalized * count,
            self.activated * count,
            self.activations * count,
            self.biased * count,
            self.norm_params * count,
            tuple(Elements(e.kind, e.read * count, e.written * count) for e in self.elements),
        )


ZERO = Cost()


def spell_count(count: int, digits: int, sign: str = "", kilo: int = 1000) -> str:
    """A count in so many digits, and a power of ``kilo``: ``11.9M``; ``sign`` as in a format."""
    for power, suffix in ((4, "T"), (3, "G"), (2, "M"), (1, "K")):
        if abs(count) >= kilo**power:
            scaled = count / kilo**power
            decimals = digits - len(str(int(abs(scaled))))
            return f"{scaled:{sign}.{max(decimals, 0)}f}{suffix}"
    return f"{count:{sign}}" if count else "0"


def total(costs: Sequence[Cost]) -> Cost:
    """Return the sum, made in one pass."""
    return Cost(
        sum(c.params for c in costs),
        sum(c.macs for c in costs),
        sum(c.normalized for c in costs),
        sum(c.activated for c in costs),
        sum(c.activations for c in costs),
        sum(c.biased for c in costs),
        sum(c.norm_params for c in costs),
        _by_kind(each for c in costs for each in c.elements),
    )


def _by_kind(found: Iterable[Elements]) -> tuple[Elements, ...]:
    """Return one entry for each kind, in the kinds' order: equal costs are then equal values."""
    read: dict[str, int] = {}
    written: dict[str, int] = {}
    for each in found:
        read[each.kind] = read.get(each.kind, 0) + each.read
        written[each.kind] = written.get(each.kind, 0) + each.written
    return tuple(Elements(kind, read[kind], written[kind]) for kind in sorted(read))
