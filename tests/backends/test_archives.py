"""A small file never takes much memory: what it declares is looked at before it is read."""

import io
import pickle
import struct
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from networks import compiled

from seqdsl.backends.weights.checkpoints import read_checkpoint
from seqdsl.backends.weights.state import load_state
from seqdsl.source.diagnostic import Failure

DECLARED = 300 * 10**6  # bytes, of files that are far smaller
ALLOWED = 100 * 10**6  # bytes that reading one may take above what a small checkpoint takes


def archive(state: object) -> zipfile.ZipFile:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return zipfile.ZipFile(buffer)


def deflated(path: Path) -> None:
    """Its tensor's zeros are compressed."""
    whole = archive({"a.weight": torch.zeros(DECLARED // 4)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for record in whole.infolist():
            file.writestr(record.filename, whole.read(record))


def deflated_pickle(path: Path) -> None:
    """Its pickle ends in a long comment, so to say."""
    whole = archive({"a.weight": torch.zeros(3)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for record in whole.infolist():
            more = bytes(DECLARED) if record.filename.endswith(".pkl") else b""
            file.writestr(record.filename, whole.read(record) + more)


def overlapping(path: Path) -> None:
    """100 records of its directory are the same 3 MB."""
    state = {f"{i}.weight": torch.full((750_000,), float(i)) for i in range(100)}
    whole = archive(state)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        first = None
        for record in whole.infolist():
            if "/data/" not in record.filename:
                file.writestr(record.filename, whole.read(record))
                continue
            if first is None:
                file.writestr(record.filename, whole.read(record))
                first = file.filelist[-1]
                continue
            again = zipfile.ZipInfo(record.filename)
            for name in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(again, name, getattr(first, name))
            file.filelist.append(again)
            file.NameToInfo[again.filename] = again
    path.write_bytes(buffer.getvalue())


def two_directories(path: Path) -> None:
    """The last bytes point at a directory of compressed records, before a harmless one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        whole = archive({"a.weight": torch.zeros(DECLARED // 4)})
        for record in whole.infolist():
            file.writestr(record.filename, whole.read(record))
    data = buffer.getvalue()
    start, size = file.start_dir, len(data) - 22 - file.start_dir
    plain = data[start : start + size].replace(b"\x08\x00\x00\x00", b"\x00\x00\x00\x00")
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(whole.infolist()), len(whole.infolist()),
                      size, start, 0)  # fmt: skip
    path.write_bytes(data[: start + size] + plain + end)


class Zeros:
    def __reduce__(self) -> tuple[object, tuple[int]]:
        return bytearray, (DECLARED,)


def bytearray_in_archive(path: Path) -> None:
    torch.save({"a.weight": torch.zeros(3), "more": Zeros()}, path)


def bytearray_in_capitals(path: Path) -> None:
    whole = archive({"a.weight": torch.zeros(3), "more": Zeros()})
    with zipfile.ZipFile(path, "w") as file:
        for record in whole.infolist():
            file.writestr(record.filename.replace("data.pkl", "DATA.pkl"), whole.read(record))


def bytearray_in_old_file(path: Path) -> None:
    torch.save({"a": Zeros()}, path, _use_new_zipfile_serialization=False)


def bare_bytearray(path: Path) -> None:
    path.write_bytes(pickle.dumps({"a": Zeros()}, protocol=2))


def short_old_file(path: Path) -> None:
    """It declares a storage, and ends before the storage begins."""
    torch.save({"a.weight": torch.zeros(DECLARED // 4)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:2000])


def long_header(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", DECLARED) + b'{"a":' + bytes(1000))


def large_tensor(path: Path) -> None:
    header = b'{"a.weight":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}'
    text = header % (DECLARED // 4, DECLARED)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(1000))


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "deflated": (deflated, "is compressed, which torch.save never does"),
    "a deflated pickle": (deflated_pickle, "is compressed, which torch.save never does"),
    "overlapping": (overlapping, "its records declare"),
    "two directories": (two_directories, "it is damaged"),
    "a bytearray": (bytearray_in_archive, "it holds a bytearray"),
    "a bytearray in capitals": (bytearray_in_capitals, "it holds a bytearray"),
    "a bytearray in an old file": (bytearray_in_old_file, "it holds a bytearray"),
    "a bare bytearray": (bare_bytearray, "it holds a bytearray"),
    "a short old file": (short_old_file, "it is damaged"),
    "a long header": (long_header, "it is damaged, or no safetensors"),
    "a large tensor": (large_tensor, "it is damaged, or no safetensors"),
}
READ = """
import sys
from pathlib import Path
from seqdsl.backends.weights.checkpoints import read_checkpoint
from seqdsl.backends.bench.resident import resident
from seqdsl.source.diagnostic import Failure
read_checkpoint(Path(sys.argv[1]))
before = resident("VmHWM")
try: read_checkpoint(Path(sys.argv[2]))
except Failure as failure: print(failure.diagnostic.code.id, failure.diagnostic.message)
print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a program's peak in /proc")
@pytest.mark.parametrize("kind", HOSTILE)
def test_memory_is_bounded_before_a_file_is_read(tmp_path: Path, kind: str) -> None:
    make, reason = HOSTILE[kind]
    path = tmp_path / f"x{'.safetensors' if 'no safetensors' in reason else '.pth'}"
    make(path)
    assert path.stat().st_size < 6 * 10**6
    torch.save({"a": torch.zeros(3)}, tmp_path / "small.pth")
    command = [sys.executable, "-c", READ, str(tmp_path / "small.pth"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said, taken = done.stdout.splitlines()
    assert said.startswith("SEQ602") and reason in said
    assert int(taken) < ALLOWED


@pytest.mark.parametrize("crc", [True, False])
def test_torch_never_compresses(tmp_path: Path, crc: bool) -> None:
    """What the refusal says of a compressed record."""
    torch.serialization.set_crc32_options(crc)
    try:
        torch.save({"a.weight": torch.zeros(10_000, 3)}, tmp_path / "w.pth")
    finally:
        torch.serialization.set_crc32_options(compute_crc32=True)
    with zipfile.ZipFile(tmp_path / "w.pth") as file:
        assert {record.compress_type for record in file.infolist()} == {zipfile.ZIP_STORED}
    assert read_checkpoint(tmp_path / "w.pth").shapes == {"a.weight": (10_000, 3)}


def test_a_torchscript_program_is_named(tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        torch.jit.save(torch.jit.script(torch.nn.Linear(3, 3)), tmp_path / "m.pt")
    with pytest.raises(Failure, match="it is a TorchScript program"):
        read_checkpoint(tmp_path / "m.pt")


def test_what_is_not_needed_is_not_read(tmp_path: Path) -> None:
    """A misfit is found from shapes: a large float16 file is not converted before."""
    network = compiled(tmp_path, "network N { input 3x4x4; conv2d 1x1, 4 }")
    one = torch.zeros(1, dtype=torch.int8)
    torch.save({"conv2d.weight": torch.zeros(4, 3, 1, 1), "x.weight": one}, tmp_path / "w.pth")
    with pytest.raises(Failure, match=r"unexpected x\.weight"):
        load_state(tmp_path / "w.pth", network)
