"""Tuning: of what was measured, the fastest is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from networks import compiled

from seqdsl.backends.bench import tuning
from seqdsl.backends.bench.measuring import Timing
from seqdsl.backends.weights.state import initial_state
from seqdsl.passes.schedule.choose import CANDIDATES
from seqdsl.passes.schedule.strategy import Strategy

NETWORK = """
use std.seqconv
network N { input 3x8x8; seqconv 3x3, 8, k=2; wseqconv 3x3, 8, k=2; global_average_pool; fc 4 }
"""
MIXED = 1  # where the best of each aggregation stands among those that are raced


def test_the_best_of_each_are_mixed_and_the_winner_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = compiled(tmp_path, NETWORK)
    profiled: list[int] = []

    def profile(_model, _x, found):
        """The first aggregation is fastest by the third candidate, the second by the sixth."""
        profiled.append(len(profiled))
        return {a: abs(profiled[-1] - best) for a, best in zip(found, (2, 5), strict=True)}

    def race(runs, _seconds, _report):
        return [Timing(((2.0 if n != MIXED else 1.0,),)) for n in range(len(runs))], False

    monkeypatch.setattr(tuning, "_profile", profile)
    monkeypatch.setattr(tuning, "take_turns", race)
    tuned = tuning.tune(network, initial_state(network), 1, lambda *_: None)
    candidates = CANDIDATES[Strategy.AUTO]
    assert list(tuned.schedules.values()) == [candidates[2], candidates[5]]
    assert (tuned.milliseconds, tuned.gathering) == (1000, 2000)


def test_a_network_without_aggregations_is_profiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; conv 3x3, 4; fc 2 }")
    steps: list[str] = []
    monkeypatch.setattr(tuning, "_SECONDS", 0.001)
    tuned = tuning.tune(network, initial_state(network), 1, lambda step, _: steps.append(step))
    assert not tuned.schedules
    assert list(dict.fromkeys(steps)) == ["gather", "the best against one another"]


def test_aggregations_side_by_side_are_profiled_apart() -> None:
    """What one takes is the time of the nodes in its groups, less those of one inside them."""
    events = [
        {"cat": "Node", "name": f"{path}/conv2d_kernel_time", "dur": dur}
        for path, dur in (("group1", 1), ("group1_2", 10), ("group1/group1", 100), ("conv1", 1000))
    ]
    run = {"cat": "Session", "name": "model_run", "dur": 0}
    groups = {"group1/": "first", "group1_2/": "second", "group1/group1/": "inner"}
    found = list(tuning._by_run([*events, run, run], groups))
    assert found == [{"first": 1, "second": 10, "inner": 100}, dict.fromkeys(found[0], 0)]


def test_two_convolutions_over_one_window_are_tuned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "a = it | conv 1x1, 4; b = in | conv 3x3, 4; add a, b"
    text = f"network N {{ input 4x6x6; aggregate i in 1..2 {{ {body} }}; relu; fc 2 }}"
    network = compiled(tmp_path, text)
    monkeypatch.setattr(tuning, "_SECONDS", 0.001)
    tuned = tuning.tune(network, initial_state(network), 1, lambda *_: None)
    assert [each.aggregation.path for each in tuned.schedules] == ["aggregate1"] * 2
