"""Chooses how each aggregation of a network is computed."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.aggregations import Aggregation, by_group
from seqdsl.graph.network import Network
from seqdsl.graph.tracing import Tracing
from seqdsl.passes.schedule.aggregations import Convolutions, scheduled_aggregations
from seqdsl.passes.schedule.cost import seconds
from seqdsl.passes.schedule.lower import Sketcher
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
        tracing = Tracing.at_inference(network)
        found = scheduled_aggregations(network, tracing)
        candidates = CANDIDATES[strategy]
        if len(candidates) == 1 or not found:
            return dict.fromkeys(found, candidates[0])
        pricing = _Pricing(network, tracing, [each.aggregation for each in found], batch)
        costs = [pricing.expected(dict.fromkeys(found, c)) for c in candidates]
        return {a: _cheapest(a, candidates, costs) for a in found}


class _Pricing:
    """What aggregations of a network are expected to take by one schedule and another."""

    def __init__(
        self, network: Network, tracing: Tracing, aggregations: Sequence[Aggregation], batch: int
    ) -> None:
        self._sketcher = Sketcher(network, tracing)
        self._aggregations = aggregations
        self._batch = batch
        owner = by_group(aggregations)
        self._around = {
            scope: next((owner[s] for s in scope.ancestry() if s in owner), None)
            for scope in {node.scope for node in network.nodes}
        }

    def expected(self, schedules: Schedules) -> dict[Aggregation, float]:
        """The seconds that each aggregation takes, less those of others in its groups."""
        executed = self._sketcher.sketch(schedules)
        taken = dict.fromkeys(self._aggregations, 0.0)
        for node in executed.nodes:
            around = self._around[node.scope]
            if around is not None:
                taken[around] += seconds(node, executed, self._batch)
        return taken


def _cheapest(
    convolutions: Convolutions,
    candidates: Sequence[Schedule],
    costs: Sequence[dict[Aggregation, float]],
) -> Schedule:
    of_each = [cost[convolutions.aggregation] for cost in costs]
    return candidates[of_each.index(min(of_each))]
