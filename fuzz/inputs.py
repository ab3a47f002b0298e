"""Damages pictures and arrays: `python fuzz/inputs.py --count 100000 --seed 1`.

Valid files of every format that Pillow writes here, and of `.npy` in every kind of header, are
changed byte by byte, number by number, and cut off. Whatever comes of it, reading one ends in an
array of the right shape, or in a diagnostic that names the file, and memory stays bounded. A file
that breaks this is kept in `fuzz/found/`.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from seqdsl.backends.bench.resident import resident
from seqdsl.backends.inputs.images import read_input
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Failure

FOUND = Path(__file__).parent / "found"
TYPE = TensorType(3, (8, 8), (3,))
BYTES = 10**9  # resident, at the most
SECONDS = 20  # of the processor for one file, at the most
_HEADER = 300  # bytes at the start, which are changed more often
_TOKENS = (
    b"'O'", b"'|O8'", b"'<f8'", b"'>i2'", b"'<U8'", b"'|V8'", b"'<M8[s]'", b"[('a', '<f4')]", b"''",
    b"True", b"False", b"None", b"()", b"(8,)", b"(0, 3, 8, 8)", b"(-1, 3, 8, 8)", b"(3, 8, 8)",
    b"(1000000000000, 3, 8, 8)", b"(99999999999999999999, 3, 8, 8)", b"(3, 8, 8", b"((((((((",
    b"__import__('os')", b"1e9", b"{", b"}", b"\xff\xfe", b"\0", b"\n", b"1" * 5000, b"(" * 5000,
)  # fmt: skip


@cache
def valid_files() -> dict[str, bytes]:
    """A small file of each kind, by its name."""
    return {**dict(_pictures()), **dict(_arrays())}


def _pictures() -> Iterator[tuple[str, bytes]]:
    Image.init()
    random = np.random.default_rng(0)
    color = Image.fromarray(random.integers(0, 256, (17, 13, 3), np.uint8))
    deep = Image.fromarray(random.integers(0, 2**16, (17, 13), np.uint16))
    modes = {mode: color.convert(mode) for mode in ("RGB", "L", "P", "1", "RGBA", "LA", "CMYK")}
    for mode, image in (*modes.items(), ("I;16", deep), ("F", modes["L"].convert("F"))):
        for format in sorted(Image.SAVE):
            yield from _saved(f"{format}-{mode}", image, format)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4"):
        image = modes["1"] if compression == "group4" else color
        yield from _saved(f"TIFF-{compression}", image, "TIFF", compression=compression)
    frames = {"save_all": True, "append_images": [color.rotate(180)]}
    for format in ("GIF", "PNG", "WEBP", "TIFF"):
        yield from _saved(f"{format}-frames", color, format, **frames)
    yield from _saved("JPEG-progressive", color, "JPEG", progressive=True)
    yield "PPM-plain", b"P3 2 2 300 " + b" 7 8 9" * 4
    yield "PPM-float", b"PF 2 2 -1.0\n" + bytes(48)


def _saved(
    name: str, image: Image.Image, format: str, **options: object
) -> Iterator[tuple[str, bytes]]:
    buffer = io.BytesIO()
    with suppress(OSError, ValueError, KeyError, NotImplementedError):  # not in this mode, or build
        image.save(buffer, format, **options)
    if buffer.getvalue():
        yield name, buffer.getvalue()


def _arrays() -> Iterator[tuple[str, bytes]]:
    values = np.arange(192).reshape(3, 8, 8)
    for dtype in ("<f4", ">f4", "<f2", "<f8", "|u1", ">i2", "<i8", "|b1"):
        for name, array in (("C", values), ("F", np.asfortranarray(values))):
            yield f"{dtype}-{name}.npy", _npy(array.astype(dtype, order="K"))
    yield "batch.npy", _npy(np.stack([values] * 3).astype(np.float32))
    yield "version2.npy", _npy(values.astype(np.float32), (2, 0))
    yield "version3.npy", _npy(values.astype(np.float32), (3, 0))
    yield "empty.npy", _npy(np.zeros((0, 3, 8, 8), np.float32))
    yield "records.npy", _npy(np.zeros((3, 8, 8), [("ä", "<f4"), ("b", "<i2")]), (3, 0))
    yield "objects.npy", _npy(np.array([None, {}], object))
    yield "words.npy", _npy(np.array(["a", "b"]))
    yield "number.npy", _npy(np.array(3.0))


def _npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version)
    return buffer.getvalue()


def damaged(data: bytes, random: Random) -> bytes:
    """A file with a few changes."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        if not changed:
            break
        at = random.randrange(min(len(changed), _HEADER) if random.random() < 0.7 else len(changed))
        match random.randrange(8):
            case 0 | 1:
                changed[at] = random.randrange(256)
            case 2:
                changed[at] ^= 1 << random.randrange(8)
            case 3:
                width, order = random.choice((1, 2, 4, 8)), random.choice(("little", "big"))
                value = random.choice((0, 1, 2**15, 2**31 - 1, 10_000, 2 ** (8 * width) - 1))
                value %= 2 ** (8 * width)
                changed[at : at + width] = value.to_bytes(width, order)  # type: ignore[arg-type]
            case 4:
                del changed[at:]
            case 5:
                del changed[at : at + random.randint(1, 40)]
            case 6:
                part = changed[at : at + random.randint(1, 40)]
                changed[at:at] = part * random.randint(1, 3)
            case _:
                token = random.choice(_TOKENS)
                changed[at : at + random.randint(0, len(token))] = token
    return bytes(changed)


def judge(path: Path) -> str:
    """``read``, or the code of the diagnostic. Raises AssertionError for anything else."""
    start = time.process_time()
    try:
        array = read_input(path, TYPE)
    except Failure as failure:
        found = failure.diagnostic
        assert str(path) in found.message and found.code.id in ("SEQ604", "SEQ608"), found
        assert len(found.message) < 1000, "the message is too long"
        outcome = found.code.id
    else:
        assert array.dtype == np.float32 and array.shape[1:] == TYPE.shape and len(array)
        assert np.isfinite(array).all()
        outcome = "read"
    assert time.process_time() - start < SECONDS, "it took too long"
    return outcome


def run(count: int, seed: int) -> tuple[dict[str, int], list[str]]:
    """How many files came to which end, and what broke."""
    files = valid_files()
    names, tally, broke = sorted(files), dict[str, int](), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            random = Random(f"{seed} {number}")
            name = names[number % len(names)]
            path = Path(folder) / f"a{'.npy' if name.endswith('.npy') else '.img'}"
            data = damaged(files[name], random)
            path.write_bytes(data)
            try:
                outcome = judge(path)
                tally[outcome] = tally.get(outcome, 0) + 1
            except Exception as error:
                broke.append(f"{name}, number {number}: {type(error).__name__}: {error}")
                FOUND.mkdir(exist_ok=True)
                (FOUND / f"input-{seed}-{number}{path.suffix}").write_bytes(data)
    return tally, broke


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tally, broke = run(given.count, given.seed)
    peak = resident("VmHWM")
    print(*broke, sep="\n", end="\n" if broke else "")
    print(", ".join(f"{count:,} {name}" for name, count in sorted(tally.items())))
    print(f"{len(broke)} broke it, {peak / 2**20:,.0f} MiB at the most")
    sys.exit(1 if broke or peak > BYTES else 0)


if __name__ == "__main__":
    main()
