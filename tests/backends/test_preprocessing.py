"""One decoder of pictures and arrays, and the record of how an input is made."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seqdsl.backends.inputs.images import read_input
from seqdsl.backends.inputs.preprocessing import PRESETS, Preprocessing, usual
from seqdsl.backends.weights.checkpoints import read_metadata
from seqdsl.backends.weights.recorded import (
    NOTHING,
    Recorded,
    given_classes,
    given_preprocessing,
    of_metadata,
    recorded,
)
from seqdsl.backends.weights.state import save_state
from seqdsl.cli.common import exit_code
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.training.data.decode import read_image

GREY, COLOR = TensorType(1, (8, 8), (1,)), TensorType(3, (8, 8), (3,))


PLAIN = {
    "color": "RGB", "size": [8, 8], "resize": None, "crop": None, "interpolation": "bilinear",
    "scale": 1.0, "mean": [0, 0, 0], "std": [1, 1, 1],
}  # fmt: skip


PLAIN_GREY = {**PLAIN, "color": "L", "mean": [0], "std": [1]}


RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1040  # 0 to 65,520


def plain(type: TensorType) -> Preprocessing:
    """Bytes as they are."""
    return given_preprocessing(PLAIN if type.channels == 3 else PLAIN_GREY, type)


def bytes_of(path: Path, type: TensorType = GREY) -> np.ndarray:
    """What a network would see of a picture, and training's reader sees the same."""
    how = plain(type)
    found = read_input(path, type, how)[0]
    image = np.asarray(read_image(path, how.color), np.float32)
    assert np.array_equal(found if type.channels == 3 else found[0], np.moveaxis(image, -1, 0) if
                          type.channels == 3 else image)  # fmt: skip
    return found


def refusal(path: Path, type: TensorType = GREY) -> Diagnostic:
    with pytest.raises(Failure) as caught:
        read_input(path, type, plain(type))
    assert str(path) in caught.value.diagnostic.message
    return caught.value.diagnostic


# --- numbers of more than 8 bits


def png16(path: Path, values: np.ndarray) -> Path:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ))  # fmt: skip
    return path


def tiff(path: Path, data: bytes, *, bits: int, white_is_zero: bool = False, order: str = "<",
         format: int = 1) -> Path:  # fmt: skip
    """8x8 numbers, uncompressed."""
    entries = [
        (256, 8), (257, 8), (258, bits), (259, 1), (262, 0 if white_is_zero else 1),
        (273, 8), (277, 1), (278, 8), (279, len(data)), (339, format),
    ]  # fmt: skip
    start = 8 + len(data)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, start)
    table = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in entries)
    path.write_bytes(head + data + struct.pack(f"{order}H", len(entries)) + table + bytes(4))
    return path


def twelve_bits(values: np.ndarray) -> bytes:
    bits = "".join(f"{value:012b}" for value in values.ravel())
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: png16(path, RAMP),
        lambda path: tiff(path, RAMP.astype("<u2").tobytes(), bits=16),
        lambda path: tiff(path, RAMP.astype(">u2").tobytes(), bits=16, order=">"),
        lambda path: tiff(path, (~RAMP).astype("<u2").tobytes(), bits=16, white_is_zero=True),
        lambda path: tiff(path, twelve_bits(RAMP >> 4), bits=12),
        lambda path: path.write_bytes(b"P5 8 8 65535\n" + RAMP.astype(">u2").tobytes()),
        lambda path: Image.fromarray(RAMP).save(path, "TIFF", compression="tiff_deflate"),
    ],
    ids=["png", "tiff", "tiff, big-endian", "tiff, white is 0", "tiff, 12 bits", "pgm", "deflated"],
)  # fmt: skip
def test_the_upper_8_bits_of_a_grey_picture_are_seen(tmp_path: Path, make) -> None:
    make(tmp_path / "ramp.img")
    found = bytes_of(tmp_path / "ramp.img")
    assert np.array_equal(found[0], RAMP >> 8) and found.max() == 255
    in_color = bytes_of(tmp_path / "ramp.img", COLOR)
    assert all(np.array_equal(channel, RAMP >> 8) for channel in in_color)


def test_other_depths_of_pgm_are_scaled_by_their_own_range(tmp_path: Path) -> None:
    path = tmp_path / "ten_bits.pgm"
    path.write_bytes(b"P5 8 8 1023\n" + np.full(64, 1023, ">u2").tobytes())
    assert (bytes_of(path) == 255).all()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda p: Image.fromarray(np.ones((8, 8), np.float32)).save(p, "TIFF"), "fractions"),
        (lambda p: p.write_bytes(b"Pf 8 8 -1.0\n" + np.ones(64, "<f4").tobytes()), "fractions"),
        (lambda p: Image.fromarray(RAMP.astype(np.int32)).save(p, "TIFF"), "no known range"),
        (lambda p: tiff(p, np.ones(64, "<i2").tobytes(), bits=16, format=2), "no known range"),
        (lambda p: tiff(p, np.ones(64, "<u4").tobytes(), bits=32), "no known range"),
    ],
    ids=["float tiff", "pfm", "32-bit tiff", "signed tiff", "unsigned 32-bit tiff"],
)
def test_what_has_no_range_is_refused_with_the_way_out(tmp_path: Path, make, told: str) -> None:
    make(tmp_path / "a.img")
    found = refusal(tmp_path / "a.img")
    assert told in found.message and ".npy" in (found.help or "")
    with pytest.raises(Failure, match=told):
        read_image(tmp_path / "a.img", "L")


# --- colours


def test_colours_of_every_mode(tmp_path: Path) -> None:
    """Alpha is dropped, a palette looked up, CMYK converted, EXIF's turn not made."""
    red = (200, 10, 10)
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, *red])
    exif = Image.Exif()
    exif[0x0112] = 6
    left_half = Image.new("RGB", (8, 8))
    left_half.paste(red, (0, 0, 4, 8))
    cases: list[tuple[str, Image.Image, dict[str, object], tuple[int, ...]]] = [
        ("rgba.png", Image.new("RGBA", (8, 8), (*red, 0)), {}, red),
        ("la.png", Image.new("LA", (8, 8), (90, 0)), {}, (90, 90, 90)),
        ("palette.png", palette, {}, red),
        ("see_through.png", palette, {"transparency": 1}, red),
        ("bits.png", Image.new("1", (8, 8), 1), {}, (255, 255, 255)),
        ("cmyk.tif", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), {}, (255, 0, 0)),
        ("turned.png", left_half, {"exif": exif}, red),
    ]
    for name, image, options, expected in cases:
        image.save(tmp_path / name, **options)
        assert tuple(bytes_of(tmp_path / name, COLOR)[:, 7, 0]) == expected, name
    grey = round(0.299 * 200 + 0.587 * 10 + 0.114 * 10)
    assert (bytes_of(tmp_path / "rgba.png") == grey).all()


@pytest.mark.parametrize("channels", [2, 4])
def test_other_channels_take_arrays(tmp_path: Path, channels: int) -> None:
    type = TensorType(channels, (8, 8), (channels,))
    np.save(tmp_path / "x.npy", np.ones((channels, 8, 8), np.float32))
    assert read_input(tmp_path / "x.npy", type).shape == (1, channels, 8, 8)
    Image.new("RGBA", (8, 8)).save(tmp_path / "x.png")
    with pytest.raises(Failure) as caught:
        read_input(tmp_path / "x.png", type)
    found = caught.value.diagnostic
    assert "x.png is taken for a picture" in found.message and f"{channels}x8x8" in found.message
    assert ".npy" in (found.help or "")


@pytest.mark.parametrize("format", ["DDS", "TGA", "ICO", "EPS", "AVIF"])
def test_formats_that_are_not_in_the_list_are_not_parsed(tmp_path: Path, format: str) -> None:
    Image.init()
    if format not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {format}")
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png", format)
    found = refusal(tmp_path / "a.png")
    assert "is no image" in found.message and "JPEG, PNG" in (found.help or "")


# --- sizes

SIZED = TensorType(3, (8, 12), (3,))


def sized(**changes: object) -> Preprocessing:
    return given_preprocessing({**PLAIN, "size": [8, 12], **changes}, SIZED)


@pytest.mark.parametrize(
    ("changes", "size", "resized"),
    [
        ({}, (12, 8), (12, 8)),
        ({"crop": "center"}, (40, 50), (40, 50)),
        ({"resize": [10, 20], "crop": "center"}, (40, 50), (20, 10)),
        ({"resize": [8, 12]}, (40, 50), (12, 8)),
        ({"resize": 16, "crop": "center"}, (40, 50), (16, 20)),
        ({"resize": 16, "crop": "center"}, (90, 30), (48, 16)),
        ({"resize": "cover", "crop": "center"}, (40, 50), (12, 15)),
        ({"resize": "cover", "crop": 0.5}, (40, 50), (24, 30)),
        ({"resize": "cover", "crop": 0.5}, (50, 20), (40, 16)),
    ],
)
def test_sizes(changes: dict[str, object], size: tuple[int, int], resized: tuple[int, int]) -> None:
    how = sized(**changes)
    picture = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    )
    assert how.resized(*size) == resized
    expected = picture.resize(resized, Image.Resampling.BILINEAR)
    left, top = (resized[0] - 12) // 2, (resized[1] - 8) // 2
    expected = expected.crop((left, top, left + 12, top + 8))
    assert np.array_equal(how.pixels(picture), np.asarray(expected).transpose(2, 0, 1))


@pytest.mark.parametrize("changes", [{}, {"crop": "center"}, {"resize": 6, "crop": "center"}])
def test_a_picture_that_does_not_come_to_the_size_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    Image.new("RGB", (10, 8)).save(tmp_path / "a.png")
    with pytest.raises(Failure, match="the network takes 12x8") as caught:
        read_input(tmp_path / "a.png", SIZED, sized(**changes))
    assert caught.value.diagnostic.code.id == "SEQ604"


def test_the_arithmetic_is_that_of_the_record() -> None:
    how = given_preprocessing({**PLAIN, "scale": 0.5, "mean": [1, 2, 3], "std": [1, 2, 4]}, COLOR)
    found = how.input(Image.new("RGB", (8, 8), (10, 20, 30)), 3)
    assert np.allclose(found[0, :, 0, 0], [(5 - 1) / 1, (10 - 2) / 2, (15 - 3) / 4])


# --- the record


def test_a_record_is_what_it_was() -> None:
    for name in PRESETS:
        for type in (GREY, COLOR, TensorType(3, (224, 200), (3,))):
            how = given_preprocessing(name, type)
            if how.misfit(type):
                continue
            classes = ("a", "ä \n'\"\\", "")
            metadata = Recorded(how, classes).as_metadata()
            assert of_metadata(metadata, "x") == Recorded(how, classes)
            assert how.alike(given_preprocessing(json.dumps(how.as_json()), type))
    assert of_metadata({"format": "pt"}, "x") == NOTHING and NOTHING.as_metadata() == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"color": "CMYK"}, "`color` must be one of RGB, L"),
        ({"color": ["RGB"]}, "`color`"),
        ({"size": [8]}, "`size` must be [height, width]"),
        ({"size": [8, 8, 3]}, "`size`"),
        ({"size": [8, 0]}, "`size` must be a whole number of pixels"),
        ({"size": [8, -8]}, "`size`"),
        ({"size": [8, True]}, "`size`"),
        ({"size": [8, 8.5]}, "`size`"),
        ({"size": [60_000, 60_000]}, "`size` must be at most 100,000,000 pixels"),
        ({"size": [8, 10**40]}, "`size`"),
        ({"size": "8x8"}, "`size`"),
        ({"resize": 0}, "`resize`"),
        ({"resize": "shorter"}, "`resize`"),
        ({"resize": [8, [8]]}, "`resize`"),
        ({"resize": True}, "`resize`"),
        ({"crop": 1.5, "resize": "cover"}, "`crop` must be null"),
        ({"crop": 0, "resize": "cover"}, "`crop`"),
        ({"crop": 0.875}, 'unless resize is "cover"'),
        ({"crop": "top"}, "`crop`"),
        ({"interpolation": "magic"}, "`interpolation` must be one of nearest"),
        ({"scale": 0}, "`scale` must be a number above 0"),
        ({"scale": -1}, "`scale`"),
        ({"scale": float("nan")}, "`scale` must be a finite number"),
        ({"scale": "1/255"}, "`scale`"),
        ({"scale": 1e-20, "std": [1e25] * 3}, "float32"),
        ({"mean": [0, 0]}, "`mean` must be 3 numbers"),
        ({"mean": [0, 0, float("inf")]}, "`mean` must be finite"),
        ({"mean": [0, 0, 10**400]}, "`mean`"),
        ({"mean": 0}, "`mean`"),
        ({"std": [1, 0, 1]}, "`std` must be above 0"),
        ({"std": [1, -1, 1]}, "`std`"),
        ({"scale": 1e20, "std": [1e-29, 1, 1]}, "float32"),
        ({"std": [1, 1, float("nan")]}, "`std`"),
        ({"deviation": 1}, "no key `deviation`"),
        ({"sizes": 1}, "did you mean `size`?"),
    ],
)
def test_a_damaged_record_is_refused_by_its_key(change: dict[str, object], told: str) -> None:
    with pytest.raises(Failure) as caught:
        given_preprocessing({**PLAIN, **change}, COLOR)
    found = caught.value.diagnostic
    assert found.code.id == "SEQ617" and told in f"{found.message} {found.help}"
    assert len(found.message) < 200


def test_what_is_given_in_files(tmp_path: Path) -> None:
    (tmp_path / "how.json").write_text(json.dumps(PLAIN))
    (tmp_path / "run.json").write_text(json.dumps({"preprocessing": PLAIN, "classes": ["a", "b"]}))
    (tmp_path / "names.txt").write_text("cat\n\n  dog \n")
    for name in ("how.json", "run.json"):
        assert given_preprocessing(str(tmp_path / name), COLOR) == plain(COLOR)
    assert given_classes(tmp_path / "run.json") == ("a", "b")
    assert given_classes(tmp_path / "names.txt") == ("cat", "dog")
    (tmp_path / "bom.txt").write_text("cat\ndog\n", encoding="utf-8-sig")
    assert given_classes(tmp_path / "bom.txt") == ("cat", "dog")
    for value in ("imagnet", str(tmp_path / "names.txt")):
        with pytest.raises(Failure, match="is no preprocessing"):
            given_preprocessing(value, COLOR)
    with pytest.raises(Failure, match="does not exist"):
        given_preprocessing(str(tmp_path / "none.json"), COLOR)


@pytest.mark.parametrize(
    ("data", "told"), [(b"a\xff", "it is not UTF-8: byte 1 is 0xff"), (b" " * (2**24 + 1), "bytes")]
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "x.json").write_bytes(data)
    for read in (given_classes, lambda path: given_preprocessing(str(path), COLOR)):
        with pytest.raises(Failure, match=told) as caught:
            read(tmp_path / "x.json")
        assert exit_code([caught.value.diagnostic]) == 2


def test_the_same_weights_are_the_same_file(tmp_path: Path) -> None:
    """Whatever order safetensors writes metadata in."""
    state = {"b": np.ones((3, 2), np.float32), "a": np.arange(5, dtype=np.float32)}
    metadata = {key: f'"{key}" ü\n' for key in "qwertyuiopasdfg"}
    written = set()
    for number in range(4):
        path = tmp_path / f"{number}.safetensors"
        save_state(path, state, metadata)
        written.add(path.read_bytes())
    assert len(written) == 1 and read_metadata(path) == metadata
    assert recorded(path) == NOTHING and recorded(tmp_path / "x.pth") == NOTHING
    from safetensors.numpy import load_file

    loaded = load_file(path)
    assert all(np.array_equal(loaded[key], state[key]) for key in state)


def test_what_is_usual_goes_by_size() -> None:
    assert usual(COLOR)[0] == "cifar" and usual(TensorType(3, (33, 20), (3,)))[0] == "imagenet"
