"""Random numbers without a state."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqdsl.training.data.batch import Draw
from seqdsl.training.data.chance import Chance, Use, mixed, sample

DRAWS = [Draw(epoch, index) for epoch in range(10) for index in range(10_000)]
CHANCE = Chance.of(1, DRAWS)


def uniformity(numbers: np.ndarray, parts: int) -> float:
    """How many deviations a chi-squared statistic of equal parts is off its mean."""
    counts = np.bincount((numbers.ravel() * parts).astype(int), minlength=parts)
    expected = numbers.size / parts
    statistic = ((counts - expected) ** 2 / expected).sum()
    return (statistic - (parts - 1)) / np.sqrt(2 * (parts - 1))


def test_the_generator_is_splitmix64() -> None:
    """The first outputs of the reference implementation from the state 1234567."""
    state = np.array([1234567], np.uint64)
    outputs = [int(mixed(state, np.array([n], np.uint64))[0]) for n in range(5)]
    assert outputs == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize("use", Use)
def test_numbers_are_uniform(use: Use) -> None:
    numbers = CHANCE.uniform(use, 3)
    assert numbers.min() >= 0 and numbers.max() < 1
    assert abs(uniformity(numbers, 256)) < 5
    pairs = (np.floor(numbers[:, 0] * 16) + numbers[:, 1]) / 16  # of two numbers of a sample
    assert abs(uniformity(pairs, 256)) < 5


def test_neighbours_are_independent() -> None:
    """Of samples, epochs, uses, columns and seeds."""
    grid = CHANCE.uniform(Use.CROP, 2).reshape(10, 10_000, 2)
    other = Chance.of(2, DRAWS).uniform(Use.CROP, 2).reshape(grid.shape)
    light = CHANCE.uniform(Use.LIGHT, 2).reshape(grid.shape)
    for left, right in [
        (grid[:, 1:], grid[:, :-1]),
        (grid[1:], grid[:-1]),
        (grid[..., 0], grid[..., 1]),
        (grid, other),
        (grid, light),
    ]:
        assert abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 5 / np.sqrt(left.size)


def test_no_two_samples_share_a_key() -> None:
    assert len(np.unique(CHANCE.keys)) == len(DRAWS)


def test_limits_are_met_and_never_reached() -> None:
    numbers = CHANCE.below(Use.SHIFT, 9, 5, 1)
    assert numbers.min(0).tolist() == [0, 0, 0] and numbers.max(0).tolist() == [8, 4, 0]
    counts = np.bincount(numbers[:, 0])
    assert abs(counts - len(DRAWS) / 9).max() < 5 * np.sqrt(len(DRAWS) / 9)


def test_normal_numbers_are_normal() -> None:
    numbers = CHANCE.normal(Use.LIGHT, 3)
    assert np.isfinite(numbers).all()
    assert abs(numbers.mean(0)).max() < 0.02 and abs(numbers.std(0) - 1).max() < 0.02
    assert abs((abs(numbers) < 1).mean() - 0.6827) < 0.01
    assert abs((abs(numbers) < 2).mean() - 0.9545) < 0.01
    assert abs(np.corrcoef(numbers.T) - np.eye(3)).max() < 0.02


@given(
    seed=st.integers(),
    draws=st.lists(
        st.builds(Draw, st.integers(0, 10**6), st.integers(0, 10**9)), min_size=1, max_size=9
    ),
)
def test_a_sample_has_its_numbers_in_whatever_batch(seed: int, draws: list[Draw]) -> None:
    together = Chance.of(seed, draws).normal(Use.LIGHT, 3)
    for row, draw in zip(together, draws, strict=True):
        assert (Chance.of(seed, [draw]).normal(Use.LIGHT, 3)[0] == row).all()


def test_no_global_generator_is_touched() -> None:
    python, numpy = random.getstate(), np.random.get_state()[1].copy()
    CHANCE.uniform(Use.CROP, 3)
    sample(0, 100, 10)
    assert random.getstate() == python and (np.random.get_state()[1] == numpy).all()


@given(seed=st.integers(), population=st.integers(0, 300), part=st.floats(0, 1))
def test_a_sample_has_each_row_at_most_once(seed: int, population: int, part: float) -> None:
    count = int(part * population)
    rows = sample(seed, population, count)
    assert len(rows) == count and (np.diff(rows) > 0).all()
    assert all(0 <= row < population for row in rows)


def test_every_row_is_chosen_as_often() -> None:
    times = np.bincount(np.concatenate([sample(seed, 50, 10) for seed in range(2000)]))
    assert abs(times - 400).max() < 5 * np.sqrt(400 * 0.8)
