"""Files of ``torch.save``, looked at before torch reads them: what they would take in memory.

A zip archive that torch writes holds its records as they are. A record that is compressed, or
several that share their bytes, would let a small file fill the memory.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from seqdsl.backends.weights.envelopes import unreadable

ZIP, PICKLE = b"PK\x03\x04", b"\x80"  # how torch.save's files begin, now and before 1.6
_END = struct.Struct("<4s4H2LH")  # the end record of a zip archive
_RECORD = struct.Struct("<4s5H3L2H")  # what is before each record, its name and extra field
_LOCATOR = struct.Struct("<4sLQL")  # zip64: where its end record is
_END64 = struct.Struct("<4sQ2H2L4Q")  # zip64's end record
_BYTEARRAY = b"\nbytearray\n"  # a pickle's call that makes zeros of any length
_STATE = "data.pkl"  # the record that says what is in the others
_SCRIPT = "constants.pkl"  # that each TorchScript archive has, too


def require_bounded(path: Path) -> None:
    """Raise `Failure` for a file that takes more memory than its own size, or is no checkpoint.

    Nothing is inflated or unpickled here.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(ZIP))
            if start == ZIP:
                calls = _BYTEARRAY in _checked_pickle(path, file)
            else:  # pickles, then the tensors' bytes
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    calls = data.find(_BYTEARRAY) >= 0
        if calls:
            reason = "it holds a bytearray, which is no tensor and has no bound"
            raise unreadable(str(path), reason)
    except (zipfile.BadZipFile, struct.error, OSError, ValueError, RuntimeError, EOFError):
        raise unreadable(str(path), "it is damaged, or torch.save did not write it") from None


def _checked_pickle(path: Path, file: BinaryIO) -> bytes:
    """The pickle of an archive in which nothing takes more memory than it has bytes."""
    size = file.seek(0, 2)
    with zipfile.ZipFile(file) as archive:
        records = archive.infolist()
        if archive.start_dir != _directory(file, size):  # torch would read other records than these
            raise zipfile.BadZipFile
    names = {_base(record) for record in records}
    if _STATE not in names:
        raise unreadable(str(path), "it is an archive that torch.save did not write")
    if _SCRIPT in names:
        raise unreadable(
            str(path),
            "it is a TorchScript program",
            "load it with torch.jit.load, and save its state_dict() with torch.save",
        )
    for record in records:
        if record.compress_type != zipfile.ZIP_STORED or record.compress_size != record.file_size:
            raise unreadable(
                str(path),
                f"its record {record.filename} is compressed, which torch.save never does",
                "load it with torch, and save its state_dict again with torch.save",
            )
    declared = sum(record.file_size for record in records)
    if declared > size:
        reason = f"its records declare {declared:,} bytes, and the file has {size:,}"
        raise unreadable(str(path), reason)
    return b"\n".join(_bytes(file, record) for record in records if _base(record) == _STATE)


def _bytes(file: BinaryIO, record: zipfile.ZipInfo) -> bytes:
    """A stored record. Its checksum is not checked: torch can leave it out."""
    file.seek(record.header_offset)
    *_, name, extra = _RECORD.unpack(file.read(_RECORD.size))
    file.seek(name + extra, 1)
    return file.read(record.file_size)


def _base(record: zipfile.ZipInfo) -> str:
    """The last part of a record's name, which torch reads in any case."""
    return record.filename.rpartition("/")[2].lower()


def _directory(file: BinaryIO, size: int) -> int:
    """Where the archive's last bytes say that its directory is."""
    tail_size = _END64.size + _LOCATOR.size + _END.size
    file.seek(max(size - tail_size, 0))
    tail = file.read()
    end = _END.unpack(tail[-_END.size :])
    locator = _LOCATOR.unpack(tail[-_END.size - _LOCATOR.size : -_END.size])
    if locator[0] != b"PK\x06\x07":
        return int(end[6]) if end[0] == b"PK\x05\x06" else -1
    whole = _END64.unpack(tail[: _END64.size])
    agrees = whole[0] == b"PK\x06\x06" and locator[2] == size - tail_size
    return int(whole[-1]) if agrees else -1
