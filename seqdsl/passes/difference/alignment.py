"""Which of two sequences correspond: the equal first, then the like.

Both answers mirror: those for (b, a) are those for (a, b), turned around.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

T = TypeVar("T")

MAX_WORK = 500_000  # comparisons; what needs more is matched at its ends only


def equal_stretches(a: Sequence[bytes], b: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """Stretches ``(i, j, n)`` with ``a[i : i + n] == b[j : j + n]``, in order; the last, of
    length 0, stands at both ends.
    """
    if _order(b) < _order(a):
        return [(i, j, n) for j, i, n in equal_stretches(b, a)]
    head = 0
    while head < min(len(a), len(b)) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < min(len(a), len(b)) - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    stretches = [(0, 0, head)] if head else []
    inner_a, inner_b = a[head : len(a) - tail], b[head : len(b) - tail]
    counts = Counter(inner_b)
    if sum(counts[key] for key in inner_a) <= MAX_WORK:
        matcher = SequenceMatcher(None, inner_a, inner_b, autojunk=False)
        stretches += [(head + m.a, head + m.b, m.size) for m in matcher.get_matching_blocks()[:-1]]
    if tail:
        stretches.append((len(a) - tail, len(b) - tail, tail))
    return [*stretches, (len(a), len(b), 0)]


def best_pairs(
    a: Sequence[T], b: Sequence[T], key: Callable[[T], bytes], score: Callable[[T, T], float]
) -> list[tuple[int, int]]:
    """The pairs ``(i, j)``, in order and none across another, whose scores add up to the most.

    A score of 0 says that two are not to be paired.
    """
    if _order([*map(key, b)]) < _order([*map(key, a)]):
        return [(i, j) for j, i in best_pairs(b, a, key, score)]
    if len(a) * len(b) > MAX_WORK:
        return []
    scores = [[score(x, y) for y in b] for x in a]
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]  # of what follows i and j
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + scores[i][j])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(a) and j < len(b):
        if scores[i][j] and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _order(keys: Sequence[bytes]) -> tuple[int, list[bytes]]:
    return len(keys), list(keys)
