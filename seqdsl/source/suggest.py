"""``did you mean``: the nearest of the names that would have been right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from seqdsl.source.elsewhere import WORDS, foreign_argument, foreign_layer, plain
from seqdsl.source.fix import Fix, replacing
from seqdsl.source.meter import METER
from seqdsl.source.text import Span

MAX_LENGTH = 64
_LIKE = 0.7  # of 1: `rleu` is like `relu`, and `const` not like `conv`
_SHORT, _LIKE_SHORT = 3, 0.6  # letters at the most, where one is much of a name: `kk` is like `k`
_VERY_LIKE = 0.8  # `cnv` and `conv`, but not `seqconv` and `conv`
MAX_CANDIDATES = 2_000


def did_you_mean(
    name: str, candidates: Iterable[str], span: Span, otherwise: str | None = None
) -> tuple[str | None, Fix | None]:
    """The way on from a name that nothing has, and the edit; ``span`` is where the name stands."""
    near = nearest(name, candidates)
    if near is None:
        return otherwise, None
    # a typo is one even beside another mistake
    instead = None if is_like(name, near) else otherwise or ""
    return f"did you mean `{near}`?", replacing(span, near, otherwise=instead)


def is_like(name: str, other: str) -> bool:
    """Whether two names differ by a slip of the hand."""
    from difflib import SequenceMatcher

    return len(name) <= MAX_LENGTH and SequenceMatcher(None, name, other).ratio() >= _VERY_LIKE


def nearest(name: str, candidates: Iterable[str], *, foreign: bool = True) -> str | None:
    """The candidate most like a misspelt name, or None where none is near.

    With ``foreign``, what another language calls by this name comes first.
    """
    from difflib import get_close_matches

    meter = METER.get()
    if len(name) > MAX_LENGTH or (meter is not None and not meter.hints):
        return None
    short = list(islice((c for c in candidates if len(c) <= MAX_LENGTH), MAX_CANDIDATES))
    by_lower = {c.lower(): c for c in short}
    if name.lower() in by_lower and by_lower[name.lower()] != name:
        return by_lower[name.lower()]
    for elsewhere in _elsewhere(name) if foreign else ():
        if elsewhere in short:
            return elsewhere
    if meter is not None:
        meter.compare(len(short))
    cutoff = _LIKE_SHORT if len(name) <= _SHORT else _LIKE
    matches = get_close_matches(name, short, n=1, cutoff=cutoff)
    return matches[0] if matches else None


def _elsewhere(name: str) -> Iterator[str]:
    """What a name of another language or framework may be here, as word, layer or parameter."""
    word, layer, argument = WORDS.get(plain(name)), foreign_layer(name), foreign_argument(name)
    if "." in name:
        word, layer, argument = WORDS.get(name.lower()), None, None
    found = (word, layer and layer.write, argument and argument.write)
    yield from (each for each in found if each)
