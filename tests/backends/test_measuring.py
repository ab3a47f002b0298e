"""Turns are fair, and figures are made of what was timed."""

import gc

import pytest

from seqdsl.backends.bench.measuring import LEAST, ROUNDS, Timing, take_turns


def test_contenders_take_turns_and_every_other_round_goes_backwards() -> None:
    called: list[str] = []
    runs = [lambda name=name: called.append(name) for name in "abc"]
    timings, interrupted = take_turns(runs, seconds=1e-9)  # a call a turn, the least of rounds
    assert not interrupted and all(len(t.rounds) == LEAST for t in timings)
    assert "".join(called) == "abc" + "abc" + "cba" + "abc"  # the first are estimates


def test_a_turn_of_several_calls_has_one_that_does_not_count() -> None:
    counts = [0, 0]

    def run(index: int) -> None:
        counts[index] += 1

    timings, _ = take_turns([lambda: run(0), lambda: run(1)], seconds=0.01)
    for timing, count in zip(timings, counts, strict=True):
        assert len(timing.rounds) <= ROUNDS
        assert count == 1 + sum(len(turn) + (len(turn) > 1) for turn in timing.rounds)


def test_the_collector_is_as_it_was() -> None:
    assert gc.isenabled()
    take_turns([lambda: None], 1e-9)
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        take_turns([lambda: 1 / 0], 1e-9)
    assert gc.isenabled()


@pytest.mark.parametrize("at", [1, 4, 7])
def test_what_is_complete_outlives_an_interruption(at: int) -> None:
    calls = 0

    def run() -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KeyboardInterrupt

    timings, interrupted = take_turns([run, run], 1e-9)
    assert interrupted
    complete = [0 if timing is None else len(timing.rounds) for timing in timings]
    assert sum(complete) == max(0, at - 3)  # two estimates, and the call that was broken off


def test_progress_reaches_the_end_and_never_goes_back() -> None:
    told: list[float] = []
    take_turns([lambda: None] * 3, 0.01, told.append)
    assert told == sorted(told) and told[0] > 0 and told[-1] == pytest.approx(1)


def test_figures_of_a_timing() -> None:
    timing = Timing(((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0, 10.0, 11.0)))
    assert timing.median == 6 and timing.spread == pytest.approx((2, 10))
    assert Timing(((3.0,),)).spread == (3, 3)


def test_a_speedup_is_made_round_by_round() -> None:
    base = Timing(((2.0, 2.0), (20.0, 22.0), (2.0,)))  # the machine was slow in the second round
    ours = Timing(((1.0, 9.0, 1.0), (10.5,), (1.0,)))
    assert ours.speedup(base) == pytest.approx(2)
    assert base.speedup(base) == 1
    assert Timing(((1.0,),)).speedup(base) == 2  # only rounds that both had
