"""Files of ``torch.save``: read without ever running code from them."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from seqdsl.backends.weights.archives import require_bounded
from seqdsl.backends.weights.envelopes import choose, unreadable
from seqdsl.backends.weights.weights_file import WeightsFile

_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")  # in torch's words


class Inert:
    """Takes the place of what training scripts save beside weights. It holds nothing."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


_INERT = (
    "argparse.Namespace", "datetime.datetime", "datetime.timedelta", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar", "numpy.dtype", "pathlib.PosixPath", "pathlib.WindowsPath",
    "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
    *(f"numpy.dtypes.{kind}DType" for kind in ("Float16", "Float32", "Float64", "Int32", "Int64")),
)  # fmt: skip


class TorchFile(WeightsFile):
    """A state_dict that ``torch.save`` wrote."""

    registered = True

    def __init__(
        self, name: str, tensors: Mapping[str, torch.Tensor], notes: tuple[str, ...]
    ) -> None:
        self.name = name
        self._tensors = tensors
        self.notes = notes
        # a nested tensor has no shape
        self.shapes = {k: () if t.is_nested else tuple(t.shape) for k, t in tensors.items()}

    def array(self, key: str) -> npt.NDArray[np.float32]:
        return to_array(self._tensors[key], key, self.name)

    def tensor(self, key: str) -> torch.Tensor:
        return self._tensors[key]

    @property
    def size(self) -> int:
        return sum(t.numel() * t.element_size() for t in self._tensors.values())


def read_torch(path: Path, ema: bool | None) -> TorchFile:
    """Read the weights of a checkpoint, which is bare or in an envelope.

    Raises `Failure` where it can't be read safely, or has no such weights.
    """
    require_bounded(path)
    name = str(path)
    loaded = _load(path)
    if not isinstance(loaded, Mapping):
        raise unreadable(name, "it holds no state_dict")
    chosen = choose(loaded, name, ema)
    return TorchFile(name, chosen.tensors, chosen.notes)


def to_array(tensor: torch.Tensor, key: str, name: str) -> npt.NDArray[np.float32]:
    """A tensor as float32. Raises `Failure` for one that does not hold its own numbers."""
    require_floating(tensor, key, name)
    plain = (
        tensor.layout is torch.strided
        and not tensor.is_meta
        and not tensor.is_nested
        and tensor.untyped_storage().nbytes() >= tensor.numel() * tensor.element_size()
    )
    try:
        if plain:
            return tensor.detach().float().cpu().numpy()
    except RuntimeError:  # a type that torch can't convert
        pass
    raise unreadable(name, f"{key} is no plain array of numbers, but sparse or without data")


def require_floating(tensor: torch.Tensor, key: str, name: str) -> None:
    """Raise `Failure` for a tensor of whole, complex or quantised numbers."""
    if not tensor.is_floating_point():
        raise unreadable(name, f"{key} is {type_name(tensor)}, not floating point")


def type_name(tensor: torch.Tensor) -> str:
    """The type of a tensor's numbers: ``float16``."""
    return str(tensor.dtype).removeprefix("torch.")


def _load(path: Path) -> Any:
    harmless: list[Any] = [(Inert, name) for name in _INERT]
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # what goes wrong is said by us
            torch.serialization.safe_globals(harmless),
        ):
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except pickle.UnpicklingError as error:
        raise unreadable(str(path), _refusal(str(error))) from None
    except Exception:  # damaged bytes raise whatever they come upon
        raise unreadable(str(path), "it is damaged, or torch.save did not write it") from None


def _refusal(text: str) -> str:
    """Why torch's safe reader stops: at an instruction it does not know, or at what it forbids."""
    if "Unsupported operand" in text:
        return "its pickle is damaged, or not of protocol 2, in which torch.save writes"
    found = _GLOBAL.search(text)
    what = f" ({found[1]})" if found else ""
    return f"it holds more than tensors{what}, and that is never loaded"
