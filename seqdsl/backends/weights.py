"""Weights in files: read without ever running code from them, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from seqdsl.backends.files import first_bytes, write_whole
from seqdsl.graph.network import Network
from seqdsl.graph.operations import Conv2d, Init, Linear
from seqdsl.graph.parameters import Parameter, Role, layout
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure

if TYPE_CHECKING:
    import torch

Array: TypeAlias = npt.NDArray[np.float32]
State: TypeAlias = dict[str, Array]

_SHOWN = 5  # keys that a mismatch lists
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"  # how torch.save's files begin, of old and before


def load_state(path: Path, network: Network) -> State:
    """A checkpoint's arrays in layout order: safetensors, or a torch checkpoint.

    A torch checkpoint holds a state_dict, or one under ``state_dict`` or ``model``. Raises
    `Failure` where the file can't be read safely, does not fit the network, or holds NaN or
    infinity.
    """
    start = first_bytes(path, len(_ZIP))  # before torch is imported, which takes seconds
    if path.suffix.lower() == ".safetensors":
        found = _read_safetensors(path)
    else:
        found = _read_torch(path, start)
    found = {key.removeprefix("module."): value for key, value in found.items()}
    state = fit(found, network, str(path))
    bad = {key: count for key, value in state.items() if (count := not_finite(value))}
    if bad:
        raise _failure(
            "not-finite",
            f"{path} holds NaN or infinity ({sum(bad.values()):,} in all), first in "
            f"{next(iter(bad))}",
            str(path),
            "the training that wrote it has diverged: take an earlier checkpoint",
        )
    return state


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
        f"{key} is {_shape(found[key].shape)}, not {_shape(shape)}"
        for key, shape in wanted.items()
        if key in found and tuple(found[key].shape) != shape
    ]
    if problems:
        shown = problems[:_SHOWN]
        more = len(problems) - len(shown)
        raise _failure(
            "weights-mismatch",
            f"{name} does not fit {network.name}: {'; '.join(shown)}"
            + (f"; and {more} more" if more else ""),
            name,
            "the keys are the scope paths of the network; was it made from another one?",
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and that is reported
        return {key: np.ascontiguousarray(found[key], dtype=np.float32) for key in wanted}


def save_state(path: Path, state: Mapping[str, Array]) -> None:
    """Writes safetensors."""
    from safetensors.numpy import save

    write_whole(path, save({key: np.ascontiguousarray(value) for key, value in state.items()}))


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
    needed, there = sum(4 * parameter.size for parameter in layout(network)), _memory()
    if needed > there:
        raise _failure(
            "backend",
            f"the weights of {network.name} take {_bytes(needed)}, and this machine has "
            f"{_bytes(there)} of memory",
            network.root.span.source.name,
            "is a digit too many in a width?",
        )


def _memory() -> int:
    """Bytes of memory of this machine, or 64 GB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 64 * 10**9


def _bytes(count: int) -> str:
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


def _read_safetensors(path: Path) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (TypeError, AttributeError):  # a type that numpy lacks, such as bfloat16
        from safetensors.torch import load_file as load_tensors

        return {key: _array(path, key, tensor) for key, tensor in load_tensors(path).items()}
    except (SafetensorError, OSError, ValueError):
        raise _unreadable(path, "it is damaged, or no safetensors at all") from None


def _read_torch(path: Path, start: bytes) -> dict[str, Array]:
    if not start.startswith((_ZIP, _PICKLE)):
        raise _unreadable(path, "it is empty" if not start else "torch.save did not write it")

    import pickle
    import warnings

    import torch

    try:
        with warnings.catch_warnings(action="ignore"):  # what goes wrong is said by us
            loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except pickle.UnpicklingError as error:
        raise _unreadable(path, _refusal(str(error))) from None
    except Exception:  # damaged bytes raise whatever they come upon
        raise _unreadable(path, "it is damaged, or torch.save did not write it") from None
    for key in ("state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        raise _unreadable(path, "it holds no state_dict")
    tensors = {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
    return {key: _array(path, key, tensor) for key, tensor in tensors.items()}


def _refusal(text: str) -> str:
    """Why torch's safe reader stops: at an instruction it does not know, or at what it forbids."""
    if "Unsupported operand" in text:
        return "its pickle is damaged, or not of protocol 2, in which torch.save writes"
    return "it holds more than tensors, and that is never loaded"


def _array(path: Path, key: str, tensor: torch.Tensor) -> Array:
    try:
        if tensor.is_complex():
            raise TypeError
        array: Array = tensor.detach().float().numpy()
    except (RuntimeError, TypeError):
        raise _unreadable(path, f"{key} is sparse, quantised, complex or without data") from None
    return array


def _unreadable(path: Path, reason: str) -> Failure:
    return _failure(
        "unreadable-weights",
        f"{path} can't be read as a checkpoint: {reason}",
        str(path),
        "use safetensors, or a file that torch.save wrote from a state_dict",
    )


def _failure(code: str, message: str, name: str, help: str | None = None) -> Failure:
    return Failure(Diagnostic(BY_NAME[code], message, None, help=help, name=name))


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a scalar"
