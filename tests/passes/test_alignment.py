"""Alignment: what is equal stays in order, and the answer does not depend on the direction."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seqdsl.passes.difference.alignment import MAX_WORK, best_pairs, equal_stretches

sequences = st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=12)


def pairs(a: list[bytes], b: list[bytes]) -> list[tuple[int, int]]:
    return [(i + n, j + n) for i, j, size in equal_stretches(a, b) for n in range(size)]


@given(sequences, sequences)
def test_stretches_are_equal_in_order_and_mirrored(a: list[bytes], b: list[bytes]) -> None:
    found = pairs(a, b)
    assert all(a[i] == b[j] for i, j in found)
    assert all(x[0] < y[0] and x[1] < y[1] for x, y in pairwise(found))
    assert equal_stretches(a, b)[-1] == (len(a), len(b), 0)
    assert pairs(b, a) == [(j, i) for i, j in found]


@given(sequences, sequences, sequences)
def test_an_insertion_leaves_the_rest_alone(
    head: list[bytes], new: list[bytes], tail: list[bytes]
) -> None:
    assert len(pairs(head + tail, head + new + tail)) == len(head + tail)


def test_more_work_than_the_limit_matches_the_ends() -> None:
    many = MAX_WORK // 400
    a, b = [b"a", b"b"] * many, [b"b", b"a"] * many
    assert pairs([b"x", *a, b"y"], [b"x", *b, b"y"]) == [(0, 0), (2 * many + 1, 2 * many + 1)]


@given(sequences, sequences)
def test_best_pairs_mirror_and_do_not_cross(a: list[bytes], b: list[bytes]) -> None:
    def score(x: bytes, y: bytes) -> float:
        return {0: 3.0, 1: 1.0, 2: 0.0}[abs(x[0] - y[0])]

    found = best_pairs(a, b, bytes, score)
    assert all(score(a[i], b[j]) for i, j in found)
    assert all(x[0] < y[0] and x[1] < y[1] for x, y in pairwise(found))
    if sorted(a) != sorted(b):
        assert best_pairs(b, a, bytes, score) == [(j, i) for i, j in found]
