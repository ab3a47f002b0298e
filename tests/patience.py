"""How tests wait: for what must come, and for as long as the slowest machine may take."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import HealthCheck, settings

HANG = 300.0  # seconds after which nothing will come any more; no test succeeds by waiting so long
_STEP = 0.02

# What depends on the machine's speed, or on how often a strategy throws the dice again.
_UNHEEDED = (
    HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example,
    HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture,
)  # fmt: skip


def use_our_profile() -> None:
    """Makes hypothesis judge by what a program does, and never by how long it takes."""
    settings.register_profile(
        "suite", deadline=None, print_blob=True, suppress_health_check=_UNHEEDED
    )
    settings.load_profile("suite")


def until(holds: Callable[[], object]) -> None:
    """Waits until something holds. Raises AssertionError where it never does."""
    end = time.monotonic() + HANG
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(_STEP)
