"""A network's schedules as a record that a file can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping

from seqdsl.graph.network import Network
from seqdsl.passes.schedule.aggregations import scheduled_aggregations
from seqdsl.passes.schedule.schedule import Schedule, Schedules
from seqdsl.source.json_text import parse_json

VERSION = 1


def record(network: Network, schedules: Schedules, notes: Mapping[str, object]) -> str:
    """The schedules as JSON, each under the path and place of its aggregation; notes beside."""
    found = {
        aggregation.key: {
            "block": schedule.block, "chunk": schedule.chunk, "scatter": schedule.scatter,
        }
        for aggregation, schedule in schedules.items()
    }  # fmt: skip
    whole = {"version": VERSION, "network": network.name, **notes, "schedules": found}
    return json.dumps(whole, indent=2) + "\n"


def recorded(network: Network, data: bytes) -> Schedules:
    """The schedules of a record. Raises ValueError, which says why, where it is none of these."""
    whole = parse_json(data)
    if not isinstance(whole, dict) or not isinstance(found := whole.get("schedules"), dict):
        raise ValueError("it holds no schedules")
    if whole.get("version") != VERSION:
        raise ValueError(f"it is of version {whole.get('version')}, not of {VERSION}")
    aggregations = {a.key: a for a in scheduled_aggregations(network)}
    if whole.get("network") != network.name:
        raise ValueError(f"it is of {whole.get('network')}, not of {network.name}")
    strange = next((key for key in found if key not in aggregations), None)
    if strange is not None:
        raise ValueError(f"{network.name} has no aggregation at {strange}")
    missing = next((key for key in aggregations if key not in found), None)
    if missing is not None:
        raise ValueError(f"it has no schedule for {missing}")
    return {aggregations[key]: _schedule(key, fields) for key, fields in found.items()}


def _schedule(key: str, fields: object) -> Schedule:
    match fields:
        case {"block": int(block), "chunk": int(chunk), "scatter": bool(scatter)} if (
            block >= 1
            and chunk >= 0
            and not isinstance(block, bool)
            and not isinstance(chunk, bool)
        ):
            return Schedule(block, chunk, scatter)
        case _:
            raise ValueError(f"the schedule of {key} is not a block, a chunk and scatter")
