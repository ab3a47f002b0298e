"""The files of a folder in which each class is a folder, a million of them in 30 bytes each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seqdsl.backends.files import reason
from seqdsl.backends.inputs.pictures import SUFFIXES
from seqdsl.source.frozen import frozen
from seqdsl.training.data.failures import failure, shown

_SUFFIXES = tuple(suffix.encode() for suffix in SUFFIXES)


@frozen
class Listing:
    """Image files and the labels of their folders, as tensors, which workers share."""

    root: Path
    classes: tuple[str, ...]  # the folder of each label
    names: Tensor  # uint8, of all files, one after the other, in their classes' folders
    ends: Tensor  # int64 [N], where each name ends
    labels: Tensor  # int32 [N]

    def __len__(self) -> int:
        return len(self.ends)

    def path(self, row: int) -> Path:
        start, end = int(self.ends[row - 1]) if row else 0, int(self.ends[row])
        name = os.fsdecode(self.names[start:end].numpy().tobytes())
        return self.root / self.classes[int(self.labels[row])] / name


def class_folders(root: Path) -> tuple[str, ...]:
    """The folders of a folder, sorted; hidden ones are none. Raises `Failure`."""
    try:
        with os.scandir(root) as entries:
            return tuple(sorted(e.name for e in entries if e.is_dir() and e.name[0] != "."))
    except (OSError, ValueError) as error:
        message = f"{shown(root)} can't be listed: {reason(error)}"
        help = "it is a folder in which each class is a folder, or that has such in train/ and val/"
        raise failure("missing-data", message, root, help) from None


def listed(root: Path, classes: Sequence[str], present: Sequence[str]) -> Listing:
    """The images of those classes that are present. Raises `Failure`."""
    labels = {name: label for label, name in enumerate(classes)}
    names, lengths, counts = bytearray(), [], np.zeros(len(classes), np.int64)
    for folder in present:
        try:
            found = _images(os.fsencode(root / folder))
        except OSError as error:
            message = f"{shown(root / folder)} can't be listed: {reason(error)}"
            raise failure("unreadable-data", message, root / folder) from None
        names += b"".join(found)
        lengths.append(np.fromiter(map(len, found), np.int64, len(found)))
        counts[labels[folder]] = len(found)
    return Listing(
        root,
        tuple(classes),
        torch.from_numpy(np.frombuffer(bytes(names) or b"\0", np.uint8).copy()),
        torch.from_numpy(np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))),
        torch.from_numpy(np.repeat(np.arange(len(classes), dtype=np.int32), counts)),
    )


def _images(folder: bytes) -> list[bytes]:
    """The images in a folder and the folders in it, by name; links to folders are not followed."""
    found, inner = [], [b""]
    while inner:
        prefix = inner.pop()
        with os.scandir(folder + b"/" + prefix) as entries:
            for entry in entries:
                if entry.name.startswith(b"."):
                    continue
                if entry.name.lower().endswith(_SUFFIXES) and entry.is_file():
                    found.append(prefix + entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    inner.append(prefix + entry.name + b"/")
    return sorted(found)
