"""A data set of image files, each read when it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from seqdsl.backends.arrays import Bytes
from seqdsl.backends.files import reason
from seqdsl.backends.inputs.preprocessing import Preprocessing
from seqdsl.source.diagnostic import Failure
from seqdsl.training.data.batch import Batch, Draw
from seqdsl.training.data.chance import Chance, Integers
from seqdsl.training.data.decode import read_image, unreadable
from seqdsl.training.data.failures import shown
from seqdsl.training.data.listing import Listing

_PATIENCE = 100  # unreadable files one after the other, behind which the disk is at fault


class Way(Protocol):
    """How an image is shown to a network."""

    @property
    def preprocessing(self) -> Preprocessing: ...

    def pixels(self, image: Image.Image, chance: Chance | None) -> Bytes:
        """``[c, H, W]`` of one. Raises ValueError where it can't be shown."""
        ...

    def batch(self, images: Bytes, chance: Chance | None) -> Tensor:
        """``[N, C, H, W]`` of many, normalised."""
        ...


class FileSplit:
    """Some rows of a listing; with a seed they are augmented.

    An unreadable file that is skipped gives its place to the next readable one where samples are
    augmented, and leaves it elsewhere, where no sample may count twice.
    """

    def __init__(
        self, listing: Listing, rows: Integers, way: Way, *, seed: int | None, skip: bool
    ) -> None:
        self._listing, self._way, self._seed, self._skip = listing, way, seed, skip
        self._rows = torch.from_numpy(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitems__(self, draws: Sequence[Draw]) -> Batch:
        chance = None if self._seed is None else Chance.of(self._seed, draws)
        how = self._way.preprocessing
        images = np.empty((len(draws), len(how.mean), *how.size), np.uint8)
        rows: list[int] = []
        passed: list[int] = []
        for sample, draw in enumerate(draws):
            found = self._read(draw.index, chance.at(sample) if chance else None)
            if found is None or found[0] != int(self._rows[draw.index]):
                passed.append(draw.index)
            if found is not None:
                images[len(rows)] = found[1]
                rows.append(found[0])
        labels = self._listing.labels[torch.tensor(rows, dtype=torch.int64)].long()
        shown = self._way.batch(images[: len(rows)], chance)
        return Batch(shown, labels, torch.tensor(passed, dtype=torch.int64))

    def name(self, index: int) -> str:
        return shown(self._listing.path(int(self._rows[index])))

    def _read(self, index: int, chance: Chance | None) -> tuple[int, Bytes] | None:
        """The row and the pixels of a sample, or of the one in its place. Raises `Failure`."""
        tries = min(_PATIENCE, len(self)) if chance else 1
        for step in range(tries):
            row = int(self._rows[(index + step) % len(self)])
            try:
                return row, self._pixels(row, chance)
            except Failure:
                if not self._skip:
                    raise
        if chance is None:
            return None
        path = self._listing.path(int(self._rows[index]))
        raise unreadable(path, f"can't be read, nor can the {tries - 1} images after it")

    def _pixels(self, row: int, chance: Chance | None) -> Bytes:
        path = self._listing.path(row)
        image = read_image(path, self._way.preprocessing.color)
        try:
            return self._way.pixels(image, chance)
        except (ValueError, MemoryError) as error:
            raise unreadable(path, f"can't be shown: {reason(error)}") from None
