"""The search for assignments against a plain enumeration of them, on small random orders."""

from itertools import pairwise, permutations
from random import Random

import pytest

from seqdsl.passes.matching.assignment import Flow, Possible, Stuck, admissible, resolve
from seqdsl.passes.matching.orders import Numbered, Registered, series

NAMES = [
    ["conv1", "bn1", "conv2", "down.0", "down.1"],
    ["a.0", "a.1", "b.0", "b.1", "c"],
    ["b2.x", "b2.y", "b10.x", "b10.y", "stem"],
    ["m", "m.inner", "m.outer", "n"],
    ["x.1.p", "x.1.q", "x.2.p", "y", "x.2.q"],
]


def random_flow(size: int, random: Random) -> Flow:
    reads = [
        tuple(sorted((j for j in range(i) if random.random() < 0.4), reverse=True))
        for i in range(size)
    ]
    readers = [tuple(i for i in range(size) if j in reads[i]) for j in range(size)]
    return Flow(tuple(reads), tuple(readers))


def depends(flow: Flow, first: int, second: int) -> bool:
    return any(r == first or depends(flow, first, r) for r in flow.reads[second])


def is_traversal(order: tuple[int, ...], names: list[str]) -> bool:
    """Whether modules are met in one piece each, and numbered siblings by their numbers."""
    met = [names[i].split(".") for i in order]
    for i, path in enumerate(met):
        for depth in range(1, len(path) + 1):
            inside = [j for j, p in enumerate(met) if p[:depth] == path[:depth]]
            if inside != list(range(inside[0], inside[-1] + 1)):
                return False
            for other in met[:i]:
                shared = other[: depth - 1] == path[: depth - 1] and len(other) >= depth
                if shared and follows(other[depth - 1], path[depth - 1]):
                    return False
    return True


def follows(first: str, second: str) -> bool:
    a, b = first.rstrip("0123456789"), second.rstrip("0123456789")
    return a == b and first != a and second != b and int(first[len(a) :]) > int(second[len(b) :])


def by_enumeration(traversals, flow: Flow, allowed) -> set[tuple[int, ...]]:
    everything = permutations(range(len(allowed)))
    fitting = [t for t in everything if all(v in allowed[u] for u, v in enumerate(t))]
    found = set()
    for order in traversals:
        for targets in fitting:
            met = [targets[unit] for unit in order]
            if all(set(flow.reads[v]) <= set(met[:i]) for i, v in enumerate(met)):
                found.add(targets)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_all_assignments_and_no_others(seed: int) -> None:
    random = Random(seed)
    names = random.choice(NAMES)
    size = len(names)
    flow = random_flow(size, random)
    kinds = [random.choice("abc"[: random.randint(1, 3)]) for _ in range(size)]
    truth = random.sample(range(size), size)
    allowed = tuple(
        frozenset(v for v in range(size) if kinds[v] == kinds[truth[u]]) for u in range(size)
    )
    cases = [
        (Registered(), [tuple(range(size))]),
        (Numbered(names), [o for o in permutations(range(size)) if is_traversal(o, names)]),
    ]
    for order, traversals in cases:
        expected = by_enumeration(traversals, flow, allowed)
        found = admissible(order, flow, allowed)
        if not expected:
            assert isinstance(found, Stuck)
            continue
        assert isinstance(found, Possible)
        assert found.targets == tuple(frozenset(column) for column in zip(*expected, strict=True))
        assert found.unique == (len(expected) == 1)


@pytest.mark.parametrize("seed", range(40))
def test_the_first_of_several_is_that_of_the_lowest_numbers(seed: int) -> None:
    """In order of registration, each unit takes the earliest of ours with which the rest fits."""
    random = Random(seed)
    flow = random_flow(6, random)
    allowed = tuple(frozenset(random.sample(range(6), 5)) for _ in range(6))
    expected = by_enumeration([tuple(range(6))], flow, allowed)
    found = admissible(Registered(), flow, allowed, first=True)
    if not expected:
        assert isinstance(found, Stuck)
        return
    assert isinstance(found, Possible)
    assert found.targets == tuple(frozenset((unit,)) for unit in min(expected))


def test_the_first_holds_in_a_numbered_order_too() -> None:
    names = ["b", "a", "c"]  # three branches, in any order
    flow = Flow(((), (), ()), ((), (), ()))
    found = admissible(Numbered(names), flow, (frozenset(range(3)),) * 3, first=True)
    assert isinstance(found, Possible) and found.unique
    assert len(frozenset().union(*found.targets)) == 3


@pytest.mark.parametrize("seed", range(30))
def test_dependence(seed: int) -> None:
    flow = random_flow(8, Random(seed))
    for a in range(8):
        for b in range(8):
            assert flow.reaches(a, b) == depends(flow, a, b)


def test_series_differ_in_one_number() -> None:
    names = ["l1.0.conv2", "l1.0.conv1", "l1.1.conv1", "l2.0.conv1", "x3y", "x4y"]
    found = {tuple(names[i] for i in chain) for chain in series(names)}
    assert found == {
        ("l1.0.conv1", "l1.0.conv2"),
        ("l1.0.conv1", "l1.1.conv1"),
        ("l1.0.conv1", "l2.0.conv1"),
    }


BESIDE = Flow(((), (0,), (0,)), ((1, 2), (), ()))  # 1 and 2 beside one another behind 0
EITHER = (frozenset({0}), frozenset({1, 2}), frozenset({1, 2}))


def test_a_chain_that_cannot_hold_says_nothing() -> None:
    found = resolve(Registered(), BESIDE, EITHER, [(0, 1, 2)])
    assert isinstance(found, Possible) and found.targets == EITHER


def test_a_chain_settles_what_stands_beside_it() -> None:
    flow = Flow(((), (), (0,)), ((2,), (), ()))  # 2 behind 0, and 1 beside them
    targets = (frozenset({0}), frozenset({1, 2}), frozenset({1, 2}))
    found = resolve(Registered(), flow, targets, [(0, 1)])
    assert isinstance(found, Possible) and found.targets == tuple(map(frozenset, [{0}, {2}, {1}]))


def test_chains_that_contradict_settle_nothing() -> None:
    flow = Flow(((), (), (0,)), ((2,), (), ()))
    targets = (frozenset({0}), frozenset({1, 2}), frozenset({1, 2}))
    found = resolve(Registered(), flow, targets, [(0, 1), (0, 2)])
    assert isinstance(found, Possible) and found.targets == targets


@pytest.mark.parametrize("seed", range(40))
def test_what_chains_settle_is_the_one_assignment_in_which_they_hold(seed: int) -> None:
    random = Random(seed)
    flow = random_flow(5, random)
    allowed = (frozenset(range(5)),) * 5
    chains = [tuple(random.sample(range(5), random.randint(2, 4))) for _ in range(3)]
    everything = by_enumeration([tuple(range(5))], flow, allowed)

    def holds(chain: tuple[int, ...], targets: tuple[int, ...]) -> bool:
        return all(depends(flow, targets[a], targets[b]) for a, b in pairwise(chain))

    found = resolve(Registered(), flow, allowed, chains)
    assert isinstance(found, Possible)
    if found.unique and len(everything) > 1:
        able = [chain for chain in chains if any(holds(chain, t) for t in everything)]
        (one,) = [t for t in everything if all(holds(chain, t) for chain in able)]
        assert found.targets == tuple(frozenset({v}) for v in one)


def test_what_has_too_many_assignments_is_given_up_soon() -> None:
    size = 60
    flow = Flow(((),) * size, ((),) * size)
    found = admissible(Numbered([f"{c}_" for c in map(chr, range(65, 65 + size))]), flow,
                       (frozenset(range(size)),) * size)  # fmt: skip
    assert isinstance(found, Stuck) and found.crowded
