"""Safetensors files: their header is read at once, each tensor when it is asked for."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from seqdsl.backends.weights.envelopes import StateDict, chosen_of, is_average, unreadable
from seqdsl.backends.weights.weights_file import WeightsFile

if TYPE_CHECKING:
    import torch

_OF_NUMPY = frozenset({"F16", "F32", "F64"})  # the floats that numpy has
_FLOATS = re.compile(r"B?F[0-9]")  # BF16, F8_E4M3, F4: those of torch, too
_BITS = re.compile(r"[0-9]+")


class SafeFile(WeightsFile):
    """A safetensors file. It is read without torch where numpy has its types."""

    registered = False

    def __init__(self, path: Path, ema: bool | None = None) -> None:
        self.name = str(path)
        self._path = path
        self._opened: dict[str, Any] = {}  # by framework: the header is read once for each
        try:
            file = self._open("np")
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
            ordered = dict(sorted(slices.items(), key=_by_number))
            self.shapes = {key: tuple(part.get_shape()) for key, part in ordered.items()}
            self._types = {key: str(part.get_dtype()) for key, part in ordered.items()}
        except (SafetensorError, OSError, ValueError):
            raise unreadable(self.name, "it is damaged, or no safetensors at all") from None
        found = StateDict("", is_average(self.shapes), self.shapes)
        self.notes = chosen_of([found], self.name, ema).notes

    def array(self, key: str) -> npt.NDArray[np.float32]:
        kind = self._types[key]
        if not _FLOATS.match(kind):
            raise unreadable(self.name, f"{key} is {kind}, not floating point")
        if kind in _OF_NUMPY:
            with np.errstate(over="ignore"):  # what is too large becomes infinite, and is reported
                return np.asarray(self._get(key, "np"), np.float32)
        from seqdsl.backends.weights.torch_files import to_array

        return to_array(self.tensor(key), key, self.name)

    def tensor(self, key: str) -> torch.Tensor:
        tensor: torch.Tensor = self._get(key, "pt")
        return tensor

    @property
    def metadata(self) -> dict[str, str]:
        """The texts of its header."""
        return dict(self._open("np").metadata() or {})

    @property
    def size(self) -> int:
        return sum(
            prod(shape) * int((_BITS.search(self._types[key]) or ["8"])[0]) // 8
            for key, shape in self.shapes.items()
        )

    def _open(self, framework: str) -> Any:
        if framework not in self._opened:
            self._opened[framework] = safe_open(self._path, framework=framework)
        return self._opened[framework]

    def _get(self, key: str, framework: str) -> Any:
        try:
            return self._open(framework).get_tensor(key)
        except (SafetensorError, OSError, ValueError, TypeError, AttributeError):
            reason = f"{key} is {self._types[key]}, which can't be read here"
            raise unreadable(self.name, reason) from None


def _by_number(item: tuple[str, object]) -> tuple[tuple[int, str], ...]:
    """A key that sorts ``layer10`` after ``layer9``."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"([0-9]{1,9})", item[0])
    )
