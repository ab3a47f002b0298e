"""Random numbers without a state: each is a function of the sample and of what it is for.

Whatever process draws a sample, and beside which others, it gets the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from seqdsl.source.frozen import frozen
from seqdsl.training.data.batch import Draw

Words: TypeAlias = npt.NDArray[np.uint64]
Integers: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_WORD = 2**64


class Use(IntEnum):
    """What numbers are for; those of one use tell nothing of another's."""

    HOLDOUT = 0
    SHIFT = 1
    MIRROR = 2
    CROP = 3
    JITTER = 4
    ORDER = 5
    LIGHT = 6


def mixed(words: Words, counter: Words) -> Words:
    """splitmix64's output number ``counter`` from the state ``words`` (Steele et al. 2014).

    For either argument fixed it is a bijection of the other.
    """
    z = words + (counter + np.uint64(1)) * _GAMMA
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


@frozen
class Chance:
    """The random numbers of some samples."""

    keys: Words  # [N], one a sample

    @classmethod
    def of(cls, seed: int, draws: Sequence[Draw]) -> Chance:
        numbers = np.array(draws, np.uint64).reshape(-1, 2)
        start = mixed(_words(seed % _WORD), numbers[:, 0])
        return cls(mixed(start, numbers[:, 1]))

    def at(self, sample: int) -> Chance:
        """That of one of the samples alone."""
        return Chance(self.keys[sample : sample + 1])

    def bits(self, use: Use, count: int) -> Words:
        """``[N, count]`` words of 64 random bits."""
        keys = mixed(self.keys, _words(use))
        return mixed(keys[:, None], np.arange(count, dtype=np.uint64))

    def uniform(self, use: Use, count: int) -> Numbers:
        """``[N, count]`` numbers in 0..1, below 1."""
        return (self.bits(use, count) >> np.uint64(11)) * np.float64(2.0**-53)

    def below(self, use: Use, *limits: int) -> Integers:
        """``[N, len(limits)]`` whole numbers, each column below its limit."""
        return (self.uniform(use, len(limits)) * limits).astype(np.int64)

    def normal(self, use: Use, count: int) -> Numbers:
        """``[N, count]`` numbers of mean 0 and deviation 1, by Box and Muller's method."""
        first, second = np.split(self.uniform(use, 2 * count), 2, axis=1)
        return np.asarray(np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second), np.float64)


def sample(seed: int, population: int, count: int) -> Integers:
    """Some of ``range(population)`` at random, each at most once, in order."""
    words = Chance(_words(seed % _WORD)).bits(Use.HOLDOUT, population)[0]
    return np.sort(np.argsort(words, kind="stable")[:count])


def _words(value: int) -> Words:
    return np.array([value], np.uint64)
