"""Every assignment of a checkpoint's units to a network's that both orders allow.

An assignment is admissible where some traversal of the checkpoint (`orders`), read
through it, meets each unit of the network behind all that it reads. Assignments are not listed:
they are walked together, a layer for each unit met, and what they share is walked once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from seqdsl.graph.network import Network
from seqdsl.passes.matching.orders import Order
from seqdsl.source.frozen import frozen

MAX_STEPS = 20_000  # from one layer to the next: past that, nothing tells the units apart

State: TypeAlias = tuple[int, int]  # of the checkpoint's order, and a bit mask of ours
Targets: TypeAlias = tuple[frozenset[int], ...]


@frozen
class Flow:
    """The dataflow between a network's units: ``reads[i]`` are those right before unit i, the
    latest first. Units are numbered in dataflow order.
    """

    reads: tuple[tuple[int, ...], ...]
    readers: tuple[tuple[int, ...], ...]

    def start(self) -> tuple[int, ...]:
        return tuple(unit for unit, reads in enumerate(self.reads) if not reads)

    def ready_after(self, ready: tuple[int, ...], unit: int, met: int) -> tuple[int, ...]:
        """What can be met next, once ``unit`` of ``ready`` has been."""
        more = (w for w in self.readers[unit] if all(met >> r & 1 for r in self.reads[w]))
        return (*(other for other in ready if other != unit), *more)

    def reaches(self, first: int, second: int) -> bool:
        """Whether ``second`` depends on ``first``."""
        seen, pending = {second}, [second]
        while pending:
            for unit in self.reads[pending.pop()]:
                if unit == first:
                    return True
                if unit > first and unit not in seen:
                    seen.add(unit)
                    pending.append(unit)
        return False


def dataflow(network: Network, indices: Sequence[int]) -> Flow:
    """The flow between the nodes of these ascending indices, past all others."""
    numbers = {index: number for number, index in enumerate(indices)}
    before: list[frozenset[int]] = []  # the chosen ones that each node's output comes from
    reads: list[tuple[int, ...]] = []
    readers: list[list[int]] = [[] for _ in indices]
    for node in network.nodes:
        sources = {before[operand] for operand in node.operands}
        found = sources.pop() if len(sources) == 1 else frozenset().union(*sources)
        if node.index in numbers:
            number = numbers[node.index]
            reads.append(tuple(sorted(found, reverse=True)))
            for source in found:
                readers[source].append(number)
            found = frozenset((number,))
        before.append(found)
    return Flow(tuple(reads), tuple(map(tuple, readers)))


@frozen
class Possible:
    """For each unit of the checkpoint, those of the network that it may be: one or more."""

    targets: Targets

    @property
    def unique(self) -> bool:
        return all(len(targets) == 1 for targets in self.targets)


@frozen
class Stuck:
    """How far any assignment came: the units that could come next on each side."""

    theirs: tuple[int, ...]
    ours: tuple[int, ...]
    crowded: bool = False  # it came further, but by more ways than are walked


@frozen
class _Step:
    before: State
    theirs: int
    ours: int
    after: State


def admissible(order: Order, flow: Flow, allowed: Targets, first: bool = False) -> Possible | Stuck:
    """All admissible assignments with ``allowed`` targets for each unit of the checkpoint.

    With ``first``, the one of them in which each unit, as it is met, takes the earliest of ours.
    """
    targets: list[set[int]] = [set() for _ in allowed]
    layer: dict[State, tuple[int, ...]] = {(0, 0): flow.start()}
    steps: list[list[_Step]] = []
    for _ in allowed:
        reached: dict[State, tuple[int, ...]] = {}
        taken = list(islice(_steps(order, allowed, layer), MAX_STEPS + 1))
        if not 0 < len(taken) <= MAX_STEPS:
            return _stuck(order, layer, crowded=bool(taken))
        for step in taken:
            if step.after not in reached:
                ready = layer[step.before]
                reached[step.after] = flow.ready_after(ready, step.ours, step.after[1])
        layer = reached
        steps.append(taken)
        if len(layer) == 1:  # every assignment comes by here
            _settle(steps, layer, targets, first)
            steps = []
    return Possible(tuple(map(frozenset, targets)))


def _steps(order: Order, allowed: Targets, layer: dict[State, tuple[int, ...]]) -> Iterator[_Step]:
    for before, ready in layer.items():
        state, placed = before
        for theirs, following in order.following(state):
            for ours in allowed[theirs].intersection(ready):
                yield _Step(before, theirs, ours, (following, placed | 1 << ours))


def _settle(
    steps: list[list[_Step]],
    last: dict[State, tuple[int, ...]],
    targets: list[set[int]],
    first: bool,
) -> None:
    """Keeps the targets on the ways that lead to the last layer, or on the first of them."""
    alive = set(last)
    ways: list[list[_Step]] = []
    for taken in reversed(steps):
        kept = [step for step in taken if step.after in alive]
        ways.append(kept)
        alive = {step.before for step in kept}
    (state,) = alive
    for kept in reversed(ways):
        if first:
            step = min((s for s in kept if s.before == state), key=lambda s: (s.theirs, s.ours))
            targets[step.theirs].add(step.ours)
            state = step.after
            continue
        for step in kept:
            targets[step.theirs].add(step.ours)


def _stuck(order: Order, layer: dict[State, tuple[int, ...]], crowded: bool) -> Stuck:
    theirs = {unit for state, _ in layer for unit, _ in order.following(state)}
    ours = {unit for ready in layer.values() for unit in ready}
    return Stuck(tuple(sorted(theirs)), tuple(sorted(ours)), crowded)


def resolve(
    order: Order, flow: Flow, allowed: Targets, chains: Sequence[tuple[int, ...]]
) -> Possible | Stuck:
    """The admissible assignments; of several, those in which every chain holds that can.

    A chain of the checkpoint's units holds where each depends on the one before it. Chains that
    contradict one another leave the assignments as they were.
    """
    found = admissible(order, flow, allowed)
    if isinstance(found, Stuck) or found.unique:
        return found
    able = [chain for chain in chains if _in_chain(chain, flow, found.targets) is not None]
    while (left := _in_chains(able, flow, found.targets)) != found.targets:
        closer = None if left is None else admissible(order, flow, left)
        if not isinstance(closer, Possible):
            break
        found = closer
    return found


def _in_chains(chains: Sequence[tuple[int, ...]], flow: Flow, targets: Targets) -> Targets | None:
    """The targets that are left where all chains hold; None where one can't."""
    left = list(targets)
    for chain in chains:
        kept = _in_chain(chain, flow, targets)
        if kept is None:
            return None
        for unit, some in zip(chain, kept, strict=True):
            left[unit] &= some
    return tuple(left)


def _in_chain(chain: tuple[int, ...], flow: Flow, targets: Targets) -> list[frozenset[int]] | None:
    """The targets of each link that are on a whole chain; None where there is none."""
    forward = [targets[chain[0]]]
    for unit in chain[1:]:
        before = forward[-1]
        onward = (b for b in targets[unit] if any(flow.reaches(a, b) for a in before))
        forward.append(frozenset(onward))
    kept = [forward[-1]]
    for some in reversed(forward[:-1]):
        behind = kept[-1]
        kept.append(frozenset(a for a in some if any(flow.reaches(a, b) for b in behind)))
    return kept[::-1] if all(kept) else None
