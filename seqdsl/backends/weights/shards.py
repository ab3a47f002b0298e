"""Checkpoints in several files, with an index that says which key is in which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seqdsl.backends.files import read_text
from seqdsl.backends.weights.weights_file import WeightsFile
from seqdsl.passes.matching.keys import listed
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.json_text import parse_json

if TYPE_CHECKING:
    import torch

SUFFIX = ".index.json"  # model.safetensors.index.json, pytorch_model.bin.index.json
_LARGEST = 2**25  # bytes of an index: one of 100,000 keys takes 8 MB


class Sharded(WeightsFile):
    """The tensors of all files of an index, as if they were in one."""

    def __init__(self, path: Path, read: Callable[[Path], WeightsFile]) -> None:
        self.name = str(path)
        weight_map, total = _read_index(path)
        self._files = {file.name: read(file) for file in _present(path, weight_map)}
        self._in = {key: file for file in self._files.values() for key in file.shapes}
        for name, file in self._files.items():
            _compare(path, name, {k for k, at in weight_map.items() if at == name}, file)
        self.registered = all(file.registered for file in self._files.values())
        self.shapes = {key: file.shapes[key] for key, file in self._in.items()}
        self.notes = tuple(note for file in self._files.values() for note in file.notes)
        if total is not None and total != self.size:
            note = f"{path} says that its tensors are {total:,} bytes, and they are {self.size:,}"
            self.notes += (note,)

    def array(self, key: str) -> npt.NDArray[np.float32]:
        return self._in[key].array(key)

    def tensor(self, key: str) -> torch.Tensor:
        return self._in[key].tensor(key)

    @property
    def size(self) -> int:
        return sum(file.size for file in self._files.values())


def shards_of(path: Path) -> list[Path]:
    """List the files of an index, in order. Raises `Failure`."""
    return _present(path, _read_index(path)[0])


def _present(path: Path, weight_map: Mapping[str, str]) -> list[Path]:
    """The files that an index names. Raises `Failure` where one is missing."""
    files = [path.parent / name for name in sorted(set(weight_map.values()))]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise _bad(path, f"{len(missing)} of its {len(files)} files are missing: "
                   f"{', '.join(missing[:3])}{', ...' if missing[3:] else ''}")  # fmt: skip
    return files


def _compare(path: Path, name: str, keys: set[str], file: WeightsFile) -> None:
    """Raise `Failure` where a file holds other keys than the index says."""
    lacking, extra = sorted(keys - file.shapes.keys()), sorted(file.shapes.keys() - keys)
    if lacking:
        raise _bad(path, f"{name} lacks {listed(lacking)}")
    if extra:
        raise _bad(path, f"it does not place what {name} holds: {listed(extra)}")


def _read_index(path: Path) -> tuple[dict[str, str], int | None]:
    """Which key is in which file, and the bytes of all. Raises `Failure`."""
    try:
        index = parse_json(read_text(path, _LARGEST))
    except ValueError as error:
        raise _bad(path, str(error)) from None
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(index, dict) or not isinstance(weight_map, dict) or not weight_map:
        raise _bad(path, "it has no `weight_map`")
    for name in weight_map.values():
        if not _is_plain(name):
            raise _bad(path, f"{name!r} is no name of a file beside it")
    metadata = index.get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, Mapping) else None
    return weight_map, total if isinstance(total, int) else None


def _is_plain(name: object) -> bool:
    """Whether a name is that of a file in the index's own folder, and of weights."""
    return (
        isinstance(name, str)
        and not set(name) & set("/\\:\0")
        and not name.startswith(".")
        and not name.endswith(SUFFIX)
    )


def _bad(path: Path, reason: str) -> Failure:
    return unlocated(
        "bad-index",
        f"{path} can't be used as an index of shards: {reason}",
        path,
        "the files that it names belong beside it, all of them",
    )
