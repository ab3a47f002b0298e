"""Chooses how each aggregation of a network is computed."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope
from seqdsl.passes.schedule.aggregations import Aggregation, scheduled_aggregations
from seqdsl.passes.schedule.cost import seconds
from seqdsl.passes.schedule.lower import lower
from seqdsl.passes.schedule.schedule import GATHER, Schedule, Schedules
from seqdsl.passes.schedule.strategy import Strategy
from seqdsl.source.timing import stage

SCATTER = Schedule(scatter=True)
BLOCKED = tuple(Schedule(block, chunk) for block in (2, 4, 8) for chunk in (0, 32))
APART = tuple(Schedule(1, chunk) for chunk in (1, 32, 64, 128))

CANDIDATES = {
    Strategy.GATHER: (GATHER,),
    Strategy.SCATTER: (SCATTER,),
    Strategy.BLOCKED: BLOCKED,
    Strategy.AUTO: (GATHER, *APART, *BLOCKED, SCATTER),
}


def choose(network: Network, strategy: Strategy = Strategy.AUTO, batch: int = 1) -> Schedules:
    """The cheapest schedule of a strategy for each aggregation, at a batch size."""
    with stage("schedule"):
        found = scheduled_aggregations(network)
        candidates = CANDIDATES[strategy]
        if len(candidates) == 1 or not found:
            return dict.fromkeys(found, candidates[0])
        costs = [expected(network, dict.fromkeys(found, c), batch) for c in candidates]
        return {a: _cheapest(a, candidates, costs) for a in found}


def expected(network: Network, schedules: Schedules, batch: int) -> dict[Scope, float]:
    """The seconds that each aggregation is expected to take, with all that is inside it."""
    executed = lower(network, schedules).network
    scopes = {aggregation.scope: 0.0 for aggregation in schedules}
    for node in executed.nodes:
        around = next((s for s in node.scope.ancestry() if s in scopes), None)
        if around is not None:
            scopes[around] += seconds(node, executed, batch)
    return scopes


def _cheapest(
    aggregation: Aggregation, candidates: Sequence[Schedule], costs: Sequence[dict[Scope, float]]
) -> Schedule:
    of_each = [cost[aggregation.scope] for cost in costs]
    return candidates[of_each.index(min(of_each))]
