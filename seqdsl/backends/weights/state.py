"""The weights of a network as arrays: from a file under our keys, or drawn at random."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqdsl.backends.arrays import Array, State, machine_memory, not_finite, spell_bytes
from seqdsl.backends.files import write_whole
from seqdsl.backends.weights.checkpoints import NO_METADATA, read_checkpoint, sort_metadata
from seqdsl.backends.weights.envelopes import choose, unreadable
from seqdsl.graph.network import Network
from seqdsl.graph.operations import Conv2d, Init, Linear, Role
from seqdsl.graph.parameters import Parameter, layout, size
from seqdsl.passes.matching.keys import is_counter, renamed
from seqdsl.passes.matching.units import spell
from seqdsl.source.diagnostic import unlocated

_SHOWN = 5  # keys that a mismatch lists


def load_state(
    path: Path,
    network: Network,
    ema: bool | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> State:
    """Read a checkpoint's arrays in layout order: safetensors, or a torch checkpoint.

    A torch checkpoint holds a state_dict, bare or in an envelope; ``ema`` chooses an average of
    weights, where it has one. ``tell`` is called with notes on how the file was read. Raises
    `Failure` where the file can't be read safely, does not fit the network, or holds NaN,
    infinity, or a running variance below zero.
    """
    file = read_checkpoint(path, ema)
    for note in file.notes:
        tell(note)
    state = _fitted(file.shapes, file.array, network, file.name)
    require_finite(state.items(), file.name)
    return state


def require_finite(arrays: Iterable[tuple[str, Array]], name: str) -> None:
    """Raises `Failure` where weights of a file hold NaN or infinity."""
    bad = {key: count for key, value in arrays if (count := not_finite(value))}
    if bad:
        raise unlocated(
            "not-finite",
            f"{name} holds NaN or infinity ({sum(bad.values()):,} in all), first in "
            f"{next(iter(bad))}",
            name,
            "the training that wrote it has diverged: take an earlier checkpoint",
        )


def require_variances(arrays: Iterable[tuple[str, Array]], name: str) -> None:
    """Raise `Failure` for a running variance below zero, of which a batch norm may give NaN."""
    bad = {k: n for k, value in arrays if (n := int(np.count_nonzero(value < 0)))}
    if bad:
        count, (first, *_) = sum(bad.values()), bad
        some = "a running variance" if count == 1 else f"{count:,} running variances"
        raise unlocated(
            "negative-variance",
            f"{name} has {some} below zero, first in {first}",
            name,
            "a variance is never negative: the file is damaged, or its entries are mixed up",
        )


def fit(state_dict: Mapping[str, Any], network: Network, name: str) -> State:
    """The arrays of a state_dict, or of a checkpoint that holds one, in layout order as float32.

    Raises `Failure` for a misfit. Where a checkpoint holds an average of its weights, too, a
    warning says that it is passed over.
    """
    chosen = choose(state_dict, name, None)
    if chosen.passed_over:
        warnings.warn(" ".join(chosen.notes), stacklevel=4)
    tensors = chosen.tensors
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    return _fitted(shapes, lambda key: _floats(tensors[key], key, name), network, name)


def _floats(value: Any, key: str, name: str) -> Array:
    """An array of what may be a tensor. Raises `Failure` for one that is not floating point."""
    if hasattr(value, "detach"):
        from seqdsl.backends.weights.torch_files import to_array

        return to_array(value, key, name)
    array = np.asarray(value)
    if array.dtype.kind in "biucOSU":
        raise unreadable(name, f"{key} is {array.dtype}, not floating point")
    return array


def _fitted(
    shapes: Mapping[str, tuple[int, ...]],
    read: Callable[[str], Array],
    network: Network,
    name: str,
) -> State:
    """The arrays of a network; what it does not need is never read."""
    wanted = {parameter.key: parameter for parameter in layout(network)}
    theirs = renamed([key for key in shapes if not is_counter(key)], wanted)
    keys = {ours: key for key, ours in theirs.items()}
    problems = [f"missing {key}" for key in wanted if key not in keys]
    problems += [f"unexpected {key}" for ours, key in keys.items() if ours not in wanted]
    problems += [
        f"{keys[key]} is {spell(shapes[keys[key]])}, not {spell(parameter.shape)}"
        for key, parameter in wanted.items()
        if key in keys and shapes[keys[key]] != parameter.shape
    ]
    if problems:
        shown = problems[:_SHOWN]
        more = len(problems) - len(shown)
        raise unlocated(
            "weights-mismatch",
            f"{name} does not fit {network.name}: {'; '.join(shown)}"
            + (f"; and {more} more" if more else ""),
            name,
            "does it belong to another network, or to other parameters? Weights from elsewhere "
            "come in by `seqdsl weights import`",
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and that is reported
        state = {k: np.ascontiguousarray(read(keys[k]), dtype=np.float32) for k in wanted}
    variances = [(keys[k], state[k]) for k, p in wanted.items() if p.role is Role.RUNNING_VAR]
    require_variances(variances, name)
    return state


def save_state(
    path: Path, state: Mapping[str, Array], metadata: Mapping[str, str] = NO_METADATA
) -> None:
    """Writes safetensors, with metadata such as `Recorded.as_metadata` gives."""
    from safetensors.numpy import save

    arrays = {key: np.ascontiguousarray(value) for key, value in state.items()}
    write_whole(path, sort_metadata(save(arrays, dict(metadata) or None)))


def initial_state(network: Network, seed: int = 0) -> State:
    """Weights as section 4.2 initialises them: what training would start from.

    Raises `Failure` where there are more than memory holds.
    """
    require_memory(network)
    rng = np.random.default_rng(seed)
    return {parameter.key: _initial(parameter, rng) for parameter in layout(network)}


def random_state(network: Network, seed: int = 0) -> State:
    """Weights and statistics that are all random, so that every path matters to the output.

    Raises `Failure` where there are more than memory holds.
    """
    require_memory(network)
    rng = np.random.default_rng(seed)
    return {parameter.key: _random(parameter, rng) for parameter in layout(network)}


def require_memory(network: Network) -> None:
    """Raises `Failure` where a network has more weights than this machine can hold."""
    needed, there = size(network), machine_memory()
    if needed > there:
        raise unlocated(
            "backend",
            f"the weights of {network.name} take {spell_bytes(needed)}, and this machine has "
            f"{spell_bytes(there)} of memory",
            network.root.span.source.name,
            "is a digit too many in a width?",
        )


def _initial(parameter: Parameter, rng: np.random.Generator) -> Array:
    shape, role = parameter.shape, parameter.role
    if role in (Role.BIAS, Role.RUNNING_MEAN):
        return np.zeros(shape, np.float32)
    operation = parameter.node.operation
    if not isinstance(operation, Conv2d | Linear):  # a norm starts as the identity
        return np.ones(shape, np.float32)
    match operation.init:
        case Init.ZERO:
            return np.zeros(shape, np.float32)
        case Init.HE:
            return _he(shape, rng)
        case Init.GLOROT:
            taps = int(np.prod(shape[2:]))
            bound = np.sqrt(6 / ((shape[0] + shape[1]) * taps))
            return rng.uniform(-bound, bound, shape).astype(np.float32)


def _random(parameter: Parameter, rng: np.random.Generator) -> Array:
    shape = parameter.shape
    match parameter.role:
        case Role.BIAS | Role.RUNNING_MEAN:
            return rng.normal(0, 0.1, shape).astype(np.float32)
        case Role.RUNNING_VAR:
            return rng.uniform(0.5, 1.5, shape).astype(np.float32)
        case Role.WEIGHT if len(shape) == 1:
            return rng.uniform(0.5, 1.5, shape).astype(np.float32)
        case Role.WEIGHT:
            return _he(shape, rng)


def _he(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    fan_in = int(np.prod(shape[1:]))
    return rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
