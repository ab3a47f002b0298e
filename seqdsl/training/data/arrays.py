"""A data set that is held in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from seqdsl.backends.arrays import Bytes
from seqdsl.backends.inputs.preprocessing import Preprocessing
from seqdsl.source.frozen import frozen
from seqdsl.training.data.batch import Batch, Draw
from seqdsl.training.data.chance import Chance
from seqdsl.training.data.small import Look, present


@frozen
class Samples:
    """Images and their labels, as tensors, which workers share: arrays would be copied."""

    images: Tensor  # uint8 [N, c, h, w]
    labels: Tensor  # int64 [N]
    files: tuple[tuple[str, int], ...]  # that they come from, and how many from each

    @classmethod
    def of(cls, images: Bytes, labels: npt.ArrayLike, files: Sequence[tuple[str, int]]) -> Samples:
        numbers = np.ascontiguousarray(labels, np.int64)
        return cls(torch.from_numpy(images), torch.from_numpy(numbers), tuple(files))

    def name(self, row: int) -> str:
        """Where a sample comes from; records are counted from 0."""
        for file, count in self.files:
            if row < count:
                return f"{file}, record {row}"
            row -= count
        raise IndexError(row)


class ArraySplit:
    """Some rows of samples; with a seed they are augmented."""

    def __init__(
        self, samples: Samples, rows: npt.NDArray[np.int64], look: Look, seed: int | None
    ) -> None:
        self._samples, self._look, self._seed = samples, look, seed
        self._rows = torch.from_numpy(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitems__(self, draws: Sequence[Draw]) -> Batch:
        rows = self._rows[torch.tensor([draw.index for draw in draws], dtype=torch.int64)]
        chance = None if self._seed is None else Chance.of(self._seed, draws)
        images = resized(self._samples.images.numpy()[rows.numpy()], self._look.preprocessing)
        nothing = torch.empty(0, dtype=torch.int64)
        return Batch(present(images, self._look, chance), self._samples.labels[rows], nothing)

    def name(self, index: int) -> str:
        return self._samples.name(int(self._rows[index]))


def resized(images: Bytes, how: Preprocessing) -> Bytes:
    """``[N, c, h, w]`` bytes in the size and colours that a network is shown them in."""
    _, channels, height, width = images.shape
    if channels == len(how.mean) and how.keeps(width, height):
        return images
    pictures = images[:, 0] if channels == 1 else images.transpose(0, 2, 3, 1)
    return np.stack([how.pixels(Image.fromarray(picture)) for picture in pictures])
