"""A network's classifier, and what a checkpoint has in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seqdsl.graph.network import Network
from seqdsl.graph.parameters import layout
from seqdsl.passes.matching.units import Entry, units
from seqdsl.source.diagnostic import unlocated
from seqdsl.source.frozen import frozen


@frozen
class Head:
    """The entries of a classifier: ours, which is left as initialised, and theirs, left out."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]  # none where the checkpoint has no classifier


def new_head(network: Network, entries: Sequence[Entry], name: str) -> Head:
    """The network's last layer with weights, and the one that the checkpoint has more than the
    rest of the network: of several alike, the last.

    Raises `Failure` where the network has no such layer.
    """
    index = network.logits.index
    while network.nodes[index].operands:
        if network.nodes[index].operation.linear:
            break
        index = network.nodes[index].operands[0]
    else:
        raise unlocated(
            "no-head",
            f"{network.name} has no convolution or linear layer for --head new to initialise",
            name,
            "leave out --head",
        )
    ours = [p.key for p in layout(network) if p.node.index == index]
    rest = [Entry(p.key, p.shape) for p in layout(network) if p.node.index != index]
    others = units(entries)
    spare = Counter(u.signature for u in others) - Counter(u.signature for u in units(rest))
    theirs = next((unit for unit in reversed(others) if spare[unit.signature]), None)
    if theirs is None:
        return Head(tuple(ours), ())
    return Head(tuple(ours), tuple(theirs.entry(leaf).key for leaf, _ in theirs.entries))
