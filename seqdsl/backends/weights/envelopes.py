"""Where a checkpoint keeps its weights: what training scripts wrap around a state_dict."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from seqdsl.passes.matching.keys import AVERAGED
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen

WEIGHTS = ("state_dict", "model_state_dict", "model", "net", "params", "module", "weights")
AVERAGES = (
    "ema", "ema_state_dict", "ema_model", "ema_model_state_dict", "model_ema", "params_ema",
    "state_dict_ema",
)  # fmt: skip
# Lightning's WeightAveraging puts the average into `state_dict`, and the weights that are trained
# beside it.
_AVERAGING, _CURRENT = "averaging_state", "current_model_state"
_OF_TRAINING = ("optim", "sched", "lr_", "scaler", "callbacks", "loops", "rng", "amp", "args")


@frozen
class StateDict:
    """A state_dict and where in a checkpoint it is."""

    path: str  # ``ema.module``; empty for a bare one
    averaged: bool  # an exponential or a plain average of weights over training
    tensors: Mapping[str, Any]


@frozen
class Chosen:
    """The tensors of one state_dict, and what a reader of the checkpoint should know."""

    tensors: Mapping[str, Any]
    notes: tuple[str, ...]  # none for a bare state_dict
    passed_over: bool  # whether there are an average and other weights, and nobody chose


def choose(loaded: Mapping[Any, Any], name: str, ema: bool | None) -> Chosen:
    """Choose the weights of a checkpoint: an average with ``ema``, the others without.

    If nobody chooses (None), the others are taken, or an average that is alone. Raises `Failure`
    where there are no such weights, or several.
    """
    found = list(_known(loaded)) or list(_unknown(loaded))
    chosen = chosen_of(found, name, ema)
    lost = [key for key in AVERAGES if isinstance(loaded.get(key), Mapping | list | tuple)]
    if ema is None and lost and not any(each.averaged for each in found):
        note = f"{name}: `{lost[0]}` holds no state_dict, and is passed over"
        return Chosen(chosen.tensors, (*chosen.notes, note), passed_over=True)
    return chosen


def chosen_of(found: Sequence[StateDict], name: str, ema: bool | None) -> Chosen:
    """Choose among the state_dicts that a file holds, as `choose` does."""
    averages = [each for each in found if each.averaged]
    others = [each for each in found if not each.averaged]
    if not found:
        raise unreadable(name, "it holds no state_dict")
    wanted = averages if ema or (ema is None and not others) else others
    if not wanted:
        raise _missing(name, found, bool(ema))
    if len(wanted) > 1:
        raise unreadable(
            name,
            f"it holds several state_dicts, under {_paths(wanted)}",
            "save the one that you want in a file of its own",
        )
    (taken,) = wanted
    both = bool(averages and others)
    note = _note(taken, averages, others, ema)
    notes = (f"{name}: {note}",) if note else ()
    return Chosen(taken.tensors, notes, both and ema is None)


def _note(
    taken: StateDict, averages: Sequence[StateDict], others: Sequence[StateDict], ema: bool | None
) -> str | None:
    where = f"the weights are those under `{taken.path}`" if taken.path else "the weights are"
    if taken.averaged:
        text = f"{where}, an average over training" if taken.path else f"{where} an average"
        if not others:
            return f"{text}; there are no others" if ema is None else text
        return text
    if averages and ema is None:
        return f"{where}; an EMA is under {_paths(averages)}, too: --ema takes it"
    return where if taken.path else None


def _missing(name: str, found: Sequence[StateDict], ema: bool) -> Failure:
    which = "no EMA, only the weights" if ema else "only an EMA of its weights, that"
    where = f" under {_paths(found)}" if found[0].path else ""
    return unlocated(
        "missing-weights",
        f"{name} holds {which}{where}",
        name,
        "leave out --ema" if ema else "leave out --no-ema",
    )


def _paths(some: Sequence[StateDict]) -> str:
    return " and ".join(f"`{each.path}`" for each in some)


def _known(loaded: Mapping[Any, Any]) -> Iterator[StateDict]:
    """Every state_dict that is bare, or under names which training scripts use."""
    pending: list[tuple[str, bool, Mapping[Any, Any]]] = [("", False, loaded)]
    seen: set[tuple[int, bool]] = set()
    while pending:
        path, averaged, mapping = pending.pop()
        if (id(mapping), averaged) in seen:  # a pickle can hold itself
            continue
        seen.add((id(mapping), averaged))
        inner = [
            (f"{path}.{key}" if path else key, averaged or average, mapping[key])
            for key, average in _names(mapping)
        ]
        pending += reversed(inner)
        if not inner and (not loaded or any(map(is_tensor, mapping.values()))):
            yield _state_dict(path, averaged, mapping)


def _names(mapping: Mapping[Any, Any]) -> Iterator[tuple[str, bool]]:
    """The known names of a mapping that hold mappings, and whether they hold an average."""
    swapped = _AVERAGING in mapping and isinstance(mapping.get(_CURRENT), Mapping)
    if swapped:
        yield _CURRENT, False
    for key in (*WEIGHTS, *AVERAGES):
        if isinstance(mapping.get(key), Mapping):
            yield key, key in AVERAGES or (swapped and key == "state_dict")


def _unknown(loaded: Mapping[Any, Any]) -> Iterator[StateDict]:
    """The state_dicts under other names than those of an optimizer and its like."""
    for key, value in loaded.items():
        if value and isinstance(value, Mapping) and not str(key).startswith(_OF_TRAINING):
            for found in _known(value):
                path = f"{key}.{found.path}" if found.path else str(key)
                yield StateDict(path, found.averaged, found.tensors)


def _state_dict(path: str, averaged: bool, mapping: Mapping[Any, Any]) -> StateDict:
    tensors = {str(key): value for key, value in mapping.items() if is_tensor(value)}
    return StateDict(path, averaged or is_average(tensors), tensors)


def is_average(keys: Collection[str]) -> bool:
    """Whether a state_dict is that of torch's AveragedModel."""
    return AVERAGED in keys and all(key.startswith("module.") for key in keys if key != AVERAGED)


def is_tensor(value: object) -> bool:
    """Whether a value is an array, of torch or numpy."""
    return hasattr(value, "dtype") and hasattr(value, "shape")


def unreadable(name: str, reason: str, help: str | None = None) -> Failure:
    return unlocated(
        "unreadable-weights",
        f"{name} can't be read as a checkpoint: {reason}",
        name,
        help or "use safetensors, or a file that torch.save wrote from a state_dict",
    )
