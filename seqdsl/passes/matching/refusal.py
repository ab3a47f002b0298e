"""Why a checkpoint has no match: a row for each unit that does not fit, and a way on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from seqdsl.passes.matching.units import Unit
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.frozen import frozen_value

DIFFERENT = "the shapes differ"
_ALTERNATIVES = 3  # that a cell of a table or a help names


@frozen_value
class Row:
    """A unit that did not fit, or the units that stand in for one another."""

    ours: str
    our_shape: str
    theirs: str
    their_shape: str
    why: str


@frozen_value
class Refusal:
    """Why there is no match, with a row for each unit that did not fit."""

    diagnostic: Diagnostic
    rows: tuple[Row, ...]


def way_on(rows: Sequence[Row], last: str, theirs: Collection[str]) -> str:
    """What may be done about units without a counterpart.

    ``last`` is the name of our last unit, ``theirs`` are all keys of the checkpoint.
    """
    if [row.ours for row in rows] == [last] and rows[0].theirs != "-":
        return "the numbers of classes differ: `weights import --head new` leaves out theirs"
    if any(row.ours != "-" for row in rows):
        return "is it a checkpoint of this network, with these parameters and classes?"
    spare = {row.theirs for row in rows}
    extra = [key for key in theirs if key.rpartition(".")[0] in spare]
    fitting = {prefix for key in theirs if key not in set(extra) for prefix in prefixes(key)}
    patterns = dict.fromkeys(_pattern(key, fitting) for key in extra)
    options = " ".join(f"--skip '{pattern}'" for pattern in list(patterns)[:_ALTERNATIVES])
    return f"leave out what the network does not have: {options}"


def _pattern(key: str, fitting: Collection[str]) -> str:
    """A glob for a key, and for others like it, that leaves what fits."""
    whole = next((p for p in reversed(prefixes(key)) if p not in fitting), key)
    leaf = key.rpartition(".")[2]
    if whole != key:
        return f"{whole}.*"
    return key if any(fit.endswith(leaf) for fit in fitting) else f"*{leaf}"


def prefixes(key: str) -> list[str]:
    """The key and the names of what it is in."""
    parts = key.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def any_of(alternatives: Sequence[Unit]) -> tuple[str, str]:
    """The names and the shapes of some units, for a cell each."""
    shown = alternatives[:_ALTERNATIVES]
    more = ["..."] if len(alternatives) > len(shown) else []
    names = " or ".join([unit.name for unit in shown] + more)
    return names, " or ".join(dict.fromkeys(str(unit) for unit in shown))


def row(ours: Unit | None, theirs: Unit | None, why: str) -> Row:
    return Row(
        ours.name if ours else "-",
        str(ours) if ours else "-",
        theirs.name if theirs else "-",
        str(theirs) if theirs else "-",
        why,
    )


def why(ours: Unit | None, theirs: Unit | None) -> str:
    if ours is None:
        return "not in the network"
    if theirs is None:
        return "not in the checkpoint"
    if [leaf for leaf, _ in ours.entries] != [leaf for leaf, _ in theirs.entries]:
        return "other entries"
    return DIFFERENT


def layers(count: int) -> str:
    return "1 layer has" if count == 1 else f"{count} layers have"
