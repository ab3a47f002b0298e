"""Schedules in a file: what tuning found, to be used again."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING

from seqdsl.backends.files import first_bytes, write_whole
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.record import record, recorded
from seqdsl.passes.schedule.schedule import Schedules
from seqdsl.source.diagnostic import unlocated

if TYPE_CHECKING:
    from seqdsl.backends.bench.tuning import Tuned

_LIMIT = 10**7  # bytes


def write_schedules(path: Path, network: Network, tuned: Tuned, batch: int) -> None:
    """Writes what was found, and where. Raises `Failure` where the file can't be written."""
    notes = {
        "machine": platform.processor() or platform.machine(),
        "batch": batch,
        "milliseconds": round(tuned.milliseconds, 3),
        "milliseconds_by_gather": round(tuned.gathering, 3),
    }
    write_whole(path, record(network, tuned.schedules, notes).encode())


def read_schedules(path: Path, network: Network) -> Schedules:
    """The schedules of a file. Raises `Failure` where it can't be had or is of another network."""
    data = first_bytes(path, _LIMIT)
    try:
        return recorded(network, data)
    except ValueError as error:
        help = "make one with `seqdsl build --tune`, or leave out --schedule"
        message = f"{path} can't be used: {error}"
        raise unlocated("unreadable-schedule", message, path, help) from None
