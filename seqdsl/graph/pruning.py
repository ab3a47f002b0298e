"""The first pass after an expansion: what no output reads is no part of a network."""

from __future__ import annotations

from seqdsl.graph.contract import rewrite
from seqdsl.graph.liveness import pruned
from seqdsl.graph.verify import ALL, Invariant

PRUNE = rewrite(
    "pruning",
    pruned,
    needs=ALL - {Invariant.LIVENESS, Invariant.AGGREGATIONS},  # they are named here
    keeps=ALL,
)
