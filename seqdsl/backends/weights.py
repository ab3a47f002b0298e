"""The weights of a network as arrays: from a file under our keys, or drawn at random."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from seqdsl.backends.checkpoints import NO_METADATA, in_order, read_arrays
from seqdsl.backends.files import write_whole
from seqdsl.graph.network import Network
from seqdsl.graph.operations import Conv2d, Init, Linear
from seqdsl.graph.parameters import Parameter, Role, layout, size
from seqdsl.passes.matching.units import spell
from seqdsl.source.diagnostic import unlocated

if TYPE_CHECKING:
    import torch

Array: TypeAlias = npt.NDArray[np.float32]
State: TypeAlias = dict[str, Array]
Outputs: TypeAlias = dict[str, Array]  # what a network gives, by name: the logits first

_SHOWN = 5  # keys that a mismatch lists
_WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel, of torch.compile


def load_state(path: Path, network: Network) -> State:
    """A checkpoint's arrays in layout order: safetensors, or a torch checkpoint.

    A torch checkpoint holds a state_dict, or one under ``state_dict`` or ``model``. Raises
    `Failure` where the file can't be read safely, does not fit the network, or holds NaN or
    infinity.
    """
    state = fit(_unwrapped(read_arrays(path), network), network, str(path))
    bad = {key: count for key, value in state.items() if (count := not_finite(value))}
    if bad:
        raise unlocated(
            "not-finite",
            f"{path} holds NaN or infinity ({sum(bad.values()):,} in all), first in "
            f"{next(iter(bad))}",
            str(path),
            "the training that wrote it has diverged: take an earlier checkpoint",
        )
    return state


def _unwrapped(found: Mapping[str, Array], network: Network) -> Mapping[str, Array]:
    """Arrays without what stands before every key of a module that torch has wrapped."""
    keys = {parameter.key for parameter in layout(network)}
    while found and not keys & found.keys():
        prefix = next((p for p in _WRAPPERS if all(key.startswith(p) for key in found)), None)
        if prefix is None:
            break
        found = {key.removeprefix(prefix): value for key, value in found.items()}
    return found


def as_arrays(state: Mapping[str, Array | torch.Tensor]) -> State:
    """Numpy arrays of what may be tensors on any device."""
    return {key: _array(value) for key, value in state.items()}


def _array(value: Array | torch.Tensor) -> Array:
    detach = getattr(value, "detach", None)
    return np.asarray(detach().float().cpu().numpy() if detach else value)


def not_finite(array: Array) -> int:
    """How many elements are NaN or infinite."""
    return array.size - int(np.count_nonzero(np.isfinite(array)))


def fit(found: Mapping[str, Array], network: Network, name: str) -> State:
    """The arrays of a network in layout order, as float32. Raises `Failure` for a misfit."""
    wanted = {parameter.key: parameter.shape for parameter in layout(network)}
    extra = [k for k in found if k not in wanted and not k.endswith("num_batches_tracked")]
    problems = [f"missing {key}" for key in wanted if key not in found]
    problems += [f"unexpected {key}" for key in extra]
    problems += [
        f"{key} is {spell(found[key].shape)}, not {spell(shape)}"
        for key, shape in wanted.items()
        if key in found and tuple(found[key].shape) != shape
    ]
    if problems:
        shown = problems[:_SHOWN]
        more = len(problems) - len(shown)
        raise unlocated(
            "weights-mismatch",
            f"{name} does not fit {network.name}: {'; '.join(shown)}"
            + (f"; and {more} more" if more else ""),
            name,
            "the keys are the scope paths of the network; was it made from another one?",
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and that is reported
        return {key: np.ascontiguousarray(found[key], dtype=np.float32) for key in wanted}


def save_state(
    path: Path, state: Mapping[str, Array], metadata: Mapping[str, str] = NO_METADATA
) -> None:
    """Writes safetensors, with metadata such as `Recorded.as_metadata` gives."""
    from safetensors.numpy import save

    arrays = {key: np.ascontiguousarray(value) for key, value in state.items()}
    write_whole(path, in_order(save(arrays, dict(metadata) or None)))


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


def machine_memory() -> int:
    """Bytes of memory of this machine, or 64 GB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 64 * 10**9


def spell_bytes(count: int) -> str:
    return f"{count / 10**9:,.0f} GB" if count < 10**18 else f"{float(count):.1e} bytes"


def _initial(parameter: Parameter, rng: np.random.Generator) -> Array:
    shape, role = parameter.shape, parameter.role
    if role in (Role.BIAS, Role.RUNNING_MEAN):
        return np.zeros(shape, np.float32)
    operation = parameter.node.operation
    if not isinstance(operation, Conv2d | Linear):
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
