"""Settings that a layer can have and no network is known to have: mostly another convention's."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from seqdsl.source.frozen import frozen

Amount = int | Fraction


@frozen
class Odd:
    """What is odd about a setting, what to write, and the number that may be meant."""

    name: str
    what: str  # goes on from the name
    help: str
    instead: Amount | None = None


def odd_norm(eps: Amount, momentum: Amount) -> Iterator[Odd]:
    """What is odd about the settings of a batch norm."""
    if momentum > Fraction(1, 2):
        yield Odd(
            "momentum",
            "is the share of each batch in the running statistics, as in PyTorch",
            "Keras counts the share that stays: take 1 less its number",
            1 - momentum if momentum < 1 else None,
        )
    if momentum == 0:
        yield Odd(
            "momentum",
            "of 0 leaves the running statistics as they begin",
            "give the share of each batch in them, such as 0.1",
        )
    if eps >= Fraction(1, 10):
        yield Odd(
            "eps",
            "is added to the variance, and this is as large as a variance",
            "leave it out, or write a small number such as 1e-5",
        )


def odd_slope(slope: Amount) -> Iterator[Odd]:
    """What is odd about the slope of a leaky ReLU."""
    if not 0 <= slope < 1:
        yield Odd(
            "slope",
            "is the slope below zero, where above zero it is 1",
            "take a number from 0 up to, not including, 1, such as 0.01",
        )


def odd_rate(rate: Amount) -> Iterator[Odd]:
    """What is odd about the rate of a dropout."""
    if rate >= Fraction(4, 5):
        yield Odd(
            "rate",
            "is the share of the elements that is zeroed, and leaves few",
            "where a paper prints the share that stays, take 1 less its number",
            1 - rate,
        )
