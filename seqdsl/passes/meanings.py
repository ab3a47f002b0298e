"""What a printed figure can mean: the ways of counting that make it true of a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from seqdsl.graph.claims import Quantity
from seqdsl.graph.conventions import CONVENTIONS, MACS
from seqdsl.graph.costs import Cost
from seqdsl.passes.claims import Verdict, compare
from seqdsl.source.frozen import frozen

_FIGURE = re.compile(r"([0-9][0-9,]{0,30})(?:\.([0-9]{0,20}))?([KMGBTkmgbt]?)")
_UNITS = ("", "K", "M", "G", "T")


@frozen
class Meaning:
    """One way to count, and the figure beside what it computes to."""

    counted: str  # params, activations, or the name of a convention
    about: str
    quantity: Quantity
    verdict: Verdict


def read_figure(text: str) -> Quantity | None:
    """Return a figure as a paper prints it (``4.11G``, ``25,557,032``, ``4.1B``), if it is one."""
    found = _FIGURE.fullmatch(text.strip())
    if found is None:
        return None
    whole, decimals, suffix = found[1].replace(",", ""), found[2] or "", found[3].upper()
    suffix = "G" if suffix == "B" else suffix  # a billion
    return Quantity(
        Fraction(f"{whole}.{decimals}0"), Fraction(1, 10 ** len(decimals)), suffix, text
    )


def meanings(quantity: Quantity, cost: Cost) -> list[Meaning]:
    """Return every way to count, the nearest first, each with the unit that fits best.

    A figure with a unit has no other.
    """
    units = (quantity.suffix,) if quantity.suffix else _UNITS
    found = [
        min((_meaning(*way, quantity, unit) for unit in units), key=_distance)
        for way in _ways(cost)
    ]
    return sorted(found, key=lambda each: (not each.verdict.holds, _distance(each)))


def _ways(cost: Cost) -> Iterator[tuple[str, str, int, dict[str, int]]]:
    """Each way to count: its name, what it is, the count, and what its units stand for."""
    thousands = {unit: MACS.scale(unit) for unit in _UNITS}
    yield "params", "trained parameters", cost.params, thousands
    yield "activations", "outputs of convolutions and linear layers", cost.activations, thousands
    for convention in CONVENTIONS.values():
        scales = {unit: convention.scale(unit) for unit in _UNITS}
        yield convention.name, convention.description, convention.count(cost), scales


def _meaning(
    name: str, about: str, count: int, scales: dict[str, int], quantity: Quantity, unit: str
) -> Meaning:
    printed = Quantity(quantity.value, quantity.unit, unit, quantity.text)
    return Meaning(name, about, printed, compare(printed, count, scales[unit]))


def _distance(meaning: Meaning) -> Fraction:
    """How far a figure is from what is computed, relative to the larger of the two."""
    printed, computed = meaning.verdict.printed, meaning.verdict.computed
    return abs(computed - printed) / max(Fraction(computed), printed, Fraction(1))
