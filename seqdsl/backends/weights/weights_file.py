"""What every file of weights offers, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seqdsl.passes.matching.units import Entry, Shape

if TYPE_CHECKING:
    import torch


class WeightsFile(ABC):
    """The tensors of a file as they are in it, whatever their types; each is read when asked for.

    Those of a torch checkpoint are in order of registration. A safetensors file keeps no order;
    its tensors are sorted by name, numbers by their value.
    """

    name: str  # the file's, as diagnostics print it
    registered: bool  # whether the order is that of registration
    shapes: Mapping[str, Shape]
    notes: tuple[str, ...] = ()  # what a reader should know of how the file was read

    @property
    def entries(self) -> list[Entry]:
        return [Entry(key, shape) for key, shape in self.shapes.items()]

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        return {key: self.tensor(key) for key in self.shapes}

    @abstractmethod
    def array(self, key: str) -> npt.NDArray[np.float32]:
        """A tensor as float32.

        Raises `Failure` for one that is no floating point, or does not hold its own numbers.
        """

    @abstractmethod
    def tensor(self, key: str) -> torch.Tensor:
        """A tensor as it is in the file. Raises `Failure` where torch has no such type."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The bytes of all tensors."""
