"""Timings: stages add up to the whole, an inner stage is not counted for the outer one."""

from collections.abc import Iterator

import pytest

from seqdsl.source import timing
from seqdsl.source.timing import OTHER, START, TIMINGS, Timings, stage


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The seconds that a clock shows."""
    now = [0.0]
    monkeypatch.setattr(timing, "perf_counter", lambda: now[0])
    yield now


def test_nothing_is_kept_unless_asked() -> None:
    with stage("outer"):
        assert TIMINGS.get() is None
    assert stage("a") is stage("b")


def test_an_inner_stage_counts_for_itself_alone(passing: list[float]) -> None:
    timings = Timings()
    with timings.measure("outer"):
        passing[0] += 2
        with timings.measure("inner"):
            passing[0] += 3
    assert (timings.seconds["outer"], timings.seconds["inner"]) == (2, 3)


def test_a_stage_that_comes_again_is_one_row() -> None:
    timings = Timings()
    token = TIMINGS.set(timings)
    for _ in range(2):
        with stage("read"):
            pass
    TIMINGS.reset(token)
    rows = [line.split()[0] for line in timings.table().splitlines()]
    assert [rows[0], *rows[2:]] == ["stage", START, "read", OTHER, "total"]


def test_shares_add_up(passing: list[float]) -> None:
    timings = Timings()
    with timings.measure("read"):
        passing[0] += 0.002
    *rows, total = timings.table().splitlines()[2:]
    assert abs(sum(float(row.split()[1]) for row in rows) - float(total.split()[1])) < 0.5
    assert total.endswith("100.0 %")
