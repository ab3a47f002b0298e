"""Checkpoint files of either kind: read without ever running code from them, written whole."""

from __future__ import annotations

import io
import json
import pickle
import re
import struct
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seqdsl.backends.files import first_bytes, write_whole
from seqdsl.passes.matching.units import Entry
from seqdsl.source.diagnostic import Failure, unlocated

if TYPE_CHECKING:
    import torch

SAFETENSORS = ".safetensors"
NO_METADATA: Mapping[str, str] = MappingProxyType({})
_LENGTH = struct.Struct("<Q")  # of a safetensors header, before it
_ENVELOPES = ("state_dict", "model")  # where training scripts put a state_dict
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"  # how torch.save's files begin, now and before


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tensors of a file as they are in it, whatever their types.

    Those of a torch checkpoint stand in order of registration. A safetensors file keeps no
    order; its tensors are sorted by name, numbers by their value.
    """

    name: str  # the file's, as diagnostics print it
    tensors: Mapping[str, torch.Tensor]
    registered: bool

    @property
    def entries(self) -> list[Entry]:
        return [Entry(key, tuple(tensor.shape)) for key, tensor in self.tensors.items()]

    def array(self, key: str) -> npt.NDArray[np.float32]:
        """A tensor as float32. Raises `Failure` for one that does not hold its own numbers."""
        import torch

        tensor = self.tensors[key]
        plain = (
            tensor.layout is torch.strided
            and not tensor.is_meta
            and not tensor.is_complex()
            and tensor.untyped_storage().nbytes() >= tensor.numel() * tensor.element_size()
        )
        try:
            if plain:
                return tensor.detach().float().numpy()
        except RuntimeError:  # a type that torch can't convert, such as a quantised one
            pass
        raise unreadable(
            self.name,
            f"{key} is no plain array of numbers, but sparse, quantised, complex or without data",
        )

    def is_floating(self, key: str) -> bool:
        return self.tensors[key].is_floating_point()

    def type_name(self, key: str) -> str:
        """The type of a tensor's numbers: ``float16``."""
        return str(self.tensors[key].dtype).removeprefix("torch.")

    def like(self, key: str, array: npt.NDArray[np.float32]) -> torch.Tensor:
        """An array in the shape and the type of a tensor that is here.

        Raises `Failure` for a number that is too large for the type.
        """
        import torch

        tensor, source = self.tensors[key], torch.from_numpy(array.copy())
        result = source.reshape(tensor.shape).to(tensor.dtype)
        if torch.isfinite(result).sum() != torch.isfinite(source).sum():
            raise unlocated(
                "weights-mismatch",
                f"{key} is {self.type_name(key)} in {self.name}, and a weight is too large for it",
                self.name,
            )
        return result


def read_checkpoint(path: Path) -> Checkpoint:
    """A safetensors file, or else a torch checkpoint, which holds a state_dict, or one under
    ``state_dict`` or ``model``. Raises `Failure` where it can't be read safely.
    """
    if _is_safetensors(path):
        tensors: dict[str, torch.Tensor] = _read_safetensors(path, "pt")
        ordered = dict(sorted(tensors.items(), key=_by_number))
        return Checkpoint(str(path), ordered, registered=False)
    return Checkpoint(str(path), _read_torch(path), registered=True)


def read_arrays(path: Path) -> Mapping[str, npt.NDArray[np.float32]]:
    """The arrays of a checkpoint, read without torch where that can be. Raises `Failure`."""
    if _is_safetensors(path):
        try:
            arrays: dict[str, npt.NDArray[Any]] = _read_safetensors(path, "np")
        except (TypeError, AttributeError):  # a type that numpy lacks, such as bfloat16
            arrays = {}
        if arrays and not any(np.iscomplexobj(array) for array in arrays.values()):
            return arrays
    checkpoint = read_checkpoint(path)
    return {key: checkpoint.array(key) for key in checkpoint.tensors}


def read_metadata(path: Path) -> Mapping[str, str]:
    """The metadata of a safetensors file; of any other file, none. Raises `Failure`."""
    if not _is_safetensors(path):
        return {}
    with _opened(path, "np") as file:
        return dict(file.metadata() or {})


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] = NO_METADATA
) -> None:
    """Writes safetensors with its metadata, or else what torch loads as a state_dict, which holds
    none. Raises `Failure`.
    """
    if _is_safetensors(path):
        from safetensors.torch import save

        # whatever their layout on the device, rows come one after another in a file
        plain = {key: tensor.contiguous() for key, tensor in tensors.items()}
        write_whole(path, in_order(save(plain, dict(metadata) or None)))
        return
    import torch

    buffer = io.BytesIO()
    torch.save(OrderedDict(tensors), buffer)
    write_whole(path, buffer.getvalue())


def in_order(data: bytes) -> bytes:
    """A safetensors file with its metadata sorted: the library writes them in another order each
    time, and the same weights are to be the same file.
    """
    start = len(_LENGTH.pack(0))
    (length,) = _LENGTH.unpack_from(data)
    header = json.loads(data[start : start + length])
    metadata = header.get("__metadata__", {})
    if len(metadata) < 2:
        return data
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text = text.ljust(-(-len(text) // start) * start)  # tensors begin at a multiple of 8
    return b"".join((_LENGTH.pack(len(text)), text, memoryview(data)[start + length :]))


def unreadable(name: str, reason: str) -> Failure:
    return unlocated(
        "unreadable-weights",
        f"{name} can't be read as a checkpoint: {reason}",
        name,
        "use safetensors, or a file that torch.save wrote from a state_dict",
    )


def _is_safetensors(path: Path) -> bool:
    return path.suffix.lower() == SAFETENSORS


def _read_safetensors(path: Path, framework: str) -> dict[str, Any]:
    with _opened(path, framework) as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


@contextmanager
def _opened(path: Path, framework: str) -> Iterator[Any]:
    """A safetensors file, as its library opens it. Raises `Failure`."""
    first_bytes(path, 1)  # or says why there are none
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except (SafetensorError, OSError, ValueError):
        raise unreadable(str(path), "it is damaged, or no safetensors at all") from None


def _read_torch(path: Path) -> dict[str, torch.Tensor]:
    start = first_bytes(path, len(_ZIP))  # before torch is imported, which takes seconds
    if not start.startswith((_ZIP, _PICKLE)):
        raise unreadable(str(path), "torch.save did not write it" if start else "it is empty")
    import torch

    try:
        with warnings.catch_warnings(action="ignore"):  # what goes wrong is said by us
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except pickle.UnpicklingError as error:
        raise unreadable(str(path), _refusal(str(error))) from None
    except Exception:  # damaged bytes raise whatever they come upon
        raise unreadable(str(path), "it is damaged, or torch.save did not write it") from None
    for key in _ENVELOPES:
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        raise unreadable(str(path), "it holds no state_dict")
    return {str(key): value for key, value in loaded.items() if isinstance(value, torch.Tensor)}


def _refusal(text: str) -> str:
    """Why torch's safe reader stops: at an instruction it does not know, or at what it forbids."""
    if "Unsupported operand" in text:
        return "its pickle is damaged, or not of protocol 2, in which torch.save writes"
    return "it holds more than tensors, and that is never loaded"


def _by_number(item: tuple[str, object]) -> tuple[tuple[int, str], ...]:
    """Sorts ``layer10`` behind ``layer9``."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"([0-9]{1,9})", item[0])
    )
