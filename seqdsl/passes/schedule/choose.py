"""Chooses how each aggregation of a network is computed."""

from __future__ import annotations

from seqdsl.graph.network import Network
from seqdsl.passes.schedule.aggregations import aggregations
from seqdsl.passes.schedule.pieces import Pieces
from seqdsl.passes.schedule.schedule import GATHER, Schedule, Schedules, Strategy


def choose(network: Network, strategy: Strategy, batch: int = 1) -> Schedules:
    """A schedule for each aggregation whose convolutions have some choice."""
    found = [a for a in aggregations(network, Pieces(network)) if len(a.members) > 1]
    match strategy:
        case Strategy.GATHER:
            return dict.fromkeys(found, GATHER)
        case Strategy.SCATTER:
            return dict.fromkeys(found, Schedule(scatter=True))
        case _:
            return dict.fromkeys(found, Schedule(block=4))
