"""Every step sees the same samples, however many processes share them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqdsl.training.sampling import EvaluationBatches, Share, TrainingBatches

shares = st.tuples(st.integers(1, 4), st.integers(1, 3))


def steps(
    samples: int, batch: int, processes: int, parts: int, epoch: int, start: int
) -> list[list[int]]:
    """The samples of each step, over all processes and parts, in the order of one process."""
    each = [
        list(TrainingBatches(samples, batch, Share(rank, processes, parts), 5, epoch, start))
        for rank in range(processes)
    ]
    found = []
    for step in range(len(each[0]) // parts):
        turns = [each[r][step * parts + part] for part in range(parts) for r in range(processes)]
        found.append([draw.index for turn in turns for draw in turn])
    return found


@given(st.integers(0, 60), shares, st.integers(1, 5), st.integers(0, 3))
def test_shares_make_the_batches_of_one_process(
    samples: int, share: tuple[int, int], size: int, epoch: int
) -> None:
    processes, parts = share
    batch = size * processes * parts
    alone = steps(samples, batch, 1, 1, epoch, 0)
    assert steps(samples, batch, processes, parts, epoch, 0) == alone
    seen = [index for step in alone for index in step]
    assert len(seen) == samples // batch * batch == len(set(seen))
    assert set(seen) <= set(range(samples))


@given(st.integers(1, 60), st.integers(1, 7), st.data())
def test_epoch_goes_on_from_any_step(samples: int, batch: int, data: st.DataObject) -> None:
    whole = steps(samples, batch, 1, 1, 2, 0)
    start = data.draw(st.integers(0, len(whole)))
    assert steps(samples, batch, 1, 1, 2, start) == whole[start:]


def test_epochs_have_orders_of_their_own() -> None:
    assert steps(50, 10, 1, 1, 0, 0) != steps(50, 10, 1, 1, 1, 0)


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 4))
def test_evaluation_sees_each_sample_once(samples: int, batch: int, processes: int) -> None:
    seen = [
        draw.index
        for rank in range(processes)
        for draws in EvaluationBatches(samples, batch, Share(rank, processes))
        for draw in draws
    ]
    assert sorted(seen) == list(range(samples))


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (Share(0, 3), "a batch of 64 can't be divided among 3 processes"),
        (Share(0, 1, 3), "a batch of 64 can't be divided among 1 process of 3 parts"),
        (Share(0, 65), "a batch of 64 can't be divided among 65 processes"),
    ],
    ids=["processes", "parts", "too many"],
)
def test_uneven_shares_are_refused(share: Share, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        share.size(64)
