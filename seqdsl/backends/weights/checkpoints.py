"""Files of weights, of whichever kind: read without ever running code from them, written whole."""

from __future__ import annotations

import io
import json
import struct
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from seqdsl.backends.files import first_bytes, require_readable, write_whole
from seqdsl.backends.weights.archives import PICKLE, ZIP
from seqdsl.backends.weights.envelopes import unreadable
from seqdsl.backends.weights.shards import SUFFIX, Sharded, shards_of
from seqdsl.backends.weights.weights_file import WeightsFile

if TYPE_CHECKING:
    import torch

SAFETENSORS = ".safetensors"
NO_METADATA: Mapping[str, str] = MappingProxyType({})
_LENGTH = struct.Struct("<Q")  # of a safetensors header, before it


def read_checkpoint(path: Path, ema: bool | None = None) -> WeightsFile:
    """Read a safetensors file, an index of shards, or else what ``torch.save`` wrote.

    ``ema`` chooses an average of weights over training, or with False the weights themselves;
    if it is None, an average is taken only where there is nothing else. Raises `Failure` where
    the file can't be read safely, or has no such weights.
    """
    if _is_index(path):
        return Sharded(path, partial(_read_file, ema=ema))
    return _read_file(path, ema)


def _read_file(path: Path, ema: bool | None) -> WeightsFile:
    if _is_safetensors(path):
        require_readable(path)
        from seqdsl.backends.weights.safe_files import SafeFile

        return SafeFile(path, ema)
    start = first_bytes(path, len(ZIP))  # before torch is imported, which takes seconds
    if not start.startswith((ZIP, PICKLE)):
        raise unreadable(str(path), "torch.save did not write it" if start else "it is empty")
    from seqdsl.backends.weights.torch_files import read_torch

    return read_torch(path, ema)


def files_of(path: Path) -> list[Path]:
    """List the files that an index of shards names, or a file itself. Raises `Failure`."""
    return shards_of(path) if _is_index(path) else [path]


def read_metadata(path: Path) -> Mapping[str, str]:
    """Read the metadata of a safetensors file; any other file has none. Raises `Failure`."""
    if not _is_safetensors(path):
        return {}
    require_readable(path)
    from seqdsl.backends.weights.safe_files import SafeFile

    return SafeFile(path).metadata


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] = NO_METADATA
) -> None:
    """Write safetensors with its metadata, or else what torch loads as a state_dict, which holds
    none. Raises `Failure`.
    """
    if _is_safetensors(path):
        from safetensors.torch import save

        # whatever their layout on the device, rows come one after another in a file
        plain = {key: tensor.contiguous() for key, tensor in tensors.items()}
        write_whole(path, sort_metadata(save(plain, dict(metadata) or None)))
        return
    import torch

    buffer = io.BytesIO()
    torch.save(OrderedDict(tensors), buffer)
    write_whole(path, buffer.getvalue())


def sort_metadata(data: bytes) -> bytes:
    """Sort the metadata of a safetensors file: the library writes them in another order each time,
    and the same weights shall be the same file.
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


def _is_index(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIX)


def _is_safetensors(path: Path) -> bool:
    return path.suffix.lower() == SAFETENSORS
