"""Tuning: of what was measured, the fastest is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from networks import compiled

from seqdsl.backends import tuning
from seqdsl.backends.measuring import Timing
from seqdsl.backends.weights import initial_state
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

    def race(runs, _seconds):
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
    assert not tuned.schedules and steps == ["gather", "the best against one another"]
