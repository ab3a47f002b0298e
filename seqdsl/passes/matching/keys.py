"""Keys of a state_dict: what wrappers of modules add to them, which only count, which to skip."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase

from seqdsl.source.diagnostic import unlocated
from seqdsl.source.suggest import nearest

# Parts that torch.compile, FullyShardedDataParallel and activation checkpointing put into keys.
WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
AVERAGED = "n_averaged"  # AveragedModel's own entry, beside those of its `module`
_COUNTED = "num_batches_tracked"  # torch counts training steps there; no output depends on it
_SHOWN = 3  # keys that a note lists


def is_counter(key: str) -> bool:
    """Whether an entry counts steps: no output depends on it."""
    return key == AVERAGED or key.rpartition(".")[2] == _COUNTED


def renamed(theirs: Collection[str], ours: Collection[str]) -> dict[str, str]:
    """Each name as ``ours`` would have it: without parts of wrappers and the prefix of all.

    Parts that all names begin with are dropped one by one, until one of ours is met. Names stay
    as they are where none ever is.
    """
    names = {key: _unwrapped(key) for key in theirs}
    wanted = set(ours)
    while names and wanted.isdisjoint(names.values()):
        first, dot, _ = next(iter(names.values())).partition(".")
        prefix = first + dot
        if not dot or not all(name.startswith(prefix) for name in names.values()):
            return {key: key for key in theirs}
        names = {key: name.removeprefix(prefix) for key, name in names.items()}
    if len(set(names.values())) < len(names):  # two would become one
        return {key: key for key in theirs}
    return names


def _unwrapped(key: str) -> str:
    return ".".join(part for part in key.split(".") if part not in WRAPPERS)


def matching(pattern: str, keys: Iterable[str]) -> list[str]:
    """The keys that a glob matches, in which ``*`` crosses dots, or that are in a subtree."""
    return [k for k in keys if fnmatchcase(k, pattern) or k.startswith(f"{pattern}.")]


def skipped(patterns: Sequence[str], keys: Collection[str], name: str) -> dict[str, list[str]]:
    """The keys that each pattern leaves out. Raises `Failure` for one that matches none."""
    found = {pattern: matching(pattern, keys) for pattern in patterns}
    for pattern, some in found.items():
        if not some:
            parts = {key.rsplit(".", depth)[0]: None for key in keys for depth in range(9)}
            near = nearest(pattern.rstrip("*."), parts)
            raise unlocated(
                "idle-skip",
                f"--skip {pattern} matches no key of {name}",
                name,
                f"did you mean {near}?" if near else f"one of its keys is {next(iter(keys), '-')}",
            )
    return found


def listed(keys: Sequence[str]) -> str:
    """A few keys, and how many there are: ``3 entries: a, b, c``."""
    count = "1 entry" if len(keys) == 1 else f"{len(keys):,} entries"
    more = ", ..." if len(keys) > _SHOWN else ""
    return f"{count}: {', '.join(keys[:_SHOWN])}{more}"
