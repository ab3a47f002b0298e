"""Chooses how each aggregation of a network is computed."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope
from seqdsl.passes.schedule.aggregations import Aggregation, scheduled_aggregations
from seqdsl.passes.schedule.cost import seconds
from seqdsl.passes.schedule.lower import Sketcher
from seqdsl.passes.schedule.pieces import Pieces
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
        pieces = Pieces(network)
        found = scheduled_aggregations(network, pieces)
        candidates = CANDIDATES[strategy]
        if len(candidates) == 1 or not found:
            return dict.fromkeys(found, candidates[0])
        pricing = _Pricing(network, pieces, [a.scope for a in found], batch)
        costs = [pricing.expected(dict.fromkeys(found, c)) for c in candidates]
        return {a: _cheapest(a, candidates, costs) for a in found}


class _Pricing:
    """What aggregations of a network are expected to take by one schedule and another."""

    def __init__(
        self, network: Network, pieces: Pieces, scopes: Sequence[Scope], batch: int
    ) -> None:
        self._sketcher = Sketcher(network, pieces)
        self._scopes = scopes
        self._batch = batch
        wanted = frozenset(scopes)
        self._around = {
            scope: next((s for s in scope.ancestry() if s in wanted), None)
            for scope in {node.scope for node in network.nodes}
        }

    def expected(self, schedules: Schedules) -> dict[Scope, float]:
        """The seconds that each aggregation takes, with all that is inside it."""
        executed = self._sketcher.sketch(schedules)
        taken = dict.fromkeys(self._scopes, 0.0)
        for node in executed.nodes:
            around = self._around[node.scope]
            if around is not None:
                taken[around] += seconds(node, executed, self._batch)
        return taken


def _cheapest(
    aggregation: Aggregation, candidates: Sequence[Schedule], costs: Sequence[dict[Scope, float]]
) -> Schedule:
    of_each = [cost[aggregation.scope] for cost in costs]
    return candidates[of_each.index(min(of_each))]
