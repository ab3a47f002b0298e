"""Folders of images."""

import os
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seqdsl.backends.inputs.images import read_input
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.training.data.batch import Data, Draw
from seqdsl.training.data.decode import read_image
from seqdsl.training.data.sets import open_data

LARGE, SMALL = TensorType(3, (64, 64), (3,)), TensorType(3, (32, 32), (3,))
RANDOM = np.random.default_rng(0)


def picture(width: int = 40, height: int = 50) -> Image.Image:
    return Image.fromarray(RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8))


def write(root: Path, classes: dict[str, int], suffix: str = ".png") -> Path:
    for name, count in classes.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            picture().save(root / name / f"{number}{suffix}")
    return root


def opened(path: Path, name: str = "folder", type: TensorType = LARGE, **options: int) -> Data:
    return open_data(name, path, type, **{"classes": 2, **options})


def refused(path: Path, name: str = "folder", **options: int) -> Diagnostic:
    with pytest.raises(Failure) as caught:
        opened(path, name, **options)
    return caught.value.diagnostic


def draws(split: object, epoch: int = 0) -> list[Draw]:
    return [Draw(epoch, index) for index in range(len(split))]  # type: ignore[arg-type]


@pytest.fixture
def both(tmp_path: Path) -> Path:
    write(tmp_path / "train", {"cat": 6, "dog": 4})
    write(tmp_path / "val", {"dog": 2, "cat": 3})
    return tmp_path


@pytest.mark.parametrize(
    ("name", "type"), [("imagenet", LARGE), ("folder", LARGE), ("folder", SMALL)]
)
def test_a_class_is_a_folder(both: Path, name: str, type: TensorType) -> None:
    data = opened(both, name, type)
    assert (data.classes, data.test) == (("cat", "dog"), None)
    train = data.train.__getitems__(draws(data.train))
    assert train.labels.tolist() == [0] * 6 + [1] * 4 and train.labels.dtype == torch.int64
    assert train.images.shape == (10, *type.shape) and train.images.dtype == torch.float32
    assert data.validation.__getitems__(draws(data.validation)).labels.tolist() == [0, 0, 0, 1, 1]
    assert data.validation.name(4) == str(both / "val" / "dog" / "1.png")
    assert not len(train.unreadable)


@pytest.mark.parametrize("type", [LARGE, SMALL, TensorType(1, (48, 64), (1,))])
def test_validation_sees_what_run_sees(both: Path, type: TensorType) -> None:
    picture(200, 90).save(both / "val" / "cat" / "0.png")
    split = opened(both, type=type).validation
    found = split.__getitems__(draws(split)).images
    for index in range(len(split)):
        expected = read_input(Path(split.name(index)), type)[0]
        assert np.allclose(found[index], expected, atol=1e-5)


def test_parts_and_holdouts(both: Path) -> None:
    write(both / "test", {"cat": 1, "dog": 1})
    for options, lengths in [({}, (10, 5, 2)), ({"holdout": 4}, (6, 4, 2))]:
        data = opened(both, **options)
        assert (len(data.train), len(data.validation), len(data.test or ())) == lengths
    assert opened(both, "imagenet").test is None
    data = opened(both / "train", holdout=3)
    assert (len(data.train), len(data.validation), data.test) == (7, 3, None)
    assert "holdout" in (refused(both / "train").help or "")
    assert "there are 10" in refused(both / "train", holdout=10).message


def test_what_is_no_image_is_passed_by(both: Path) -> None:
    cat = both / "train" / "cat"
    for name in ("notes.txt", ".hidden.png", "Thumbs.db", "a.npy"):
        (cat / name).write_text("x")
    (both / "train" / ".cache").mkdir()
    (both / "train" / "readme.png").write_text("x")
    (cat / "folder.png").mkdir()
    (cat / "gone.png").symlink_to("nowhere")
    (cat / "loop").symlink_to(cat)
    (cat / "deep" / "er").mkdir(parents=True)
    picture().save(cat / "deep" / "er" / "UPPER.JPEG")
    data = opened(both)
    assert len(data.train) == 11 and data.classes == ("cat", "dog")
    assert any("UPPER" in data.train.name(index) for index in range(11))


@pytest.mark.skipif(sys.platform != "linux", reason="names are other bytes elsewhere")
def test_names_are_any_bytes(tmp_path: Path) -> None:
    for name in (b"b\xff\xfe", "ä 'x' $(id)\n".encode()):
        folder = os.fsencode(tmp_path) + b"/" + name
        Path(os.fsdecode(folder)).mkdir()
        picture().save(os.fsdecode(folder + b"/\xfe.png"), format="PNG")
    data = opened(tmp_path, holdout=1)
    assert data.classes == ("b\\xff\\xfe", "ä 'x' $(id)\n")
    assert len(data.train.__getitems__(draws(data.train)).images) == 1
    assert data.train.name(0).encode().endswith(b"\\xfe.png")


def test_layouts_that_are_none(both: Path) -> None:
    assert refused(both / "none").code.name == "missing-data"
    assert refused(both / "train" / "cat" / "0.png").code.name == "missing-data"
    assert refused(both / "train" / "cat").code.name == "missing-data"
    assert "val/" in (refused(both / "train", "imagenet").help or "")
    assert "has 2 classes, and the network gives 1,000" in refused(both, classes=1000).message
    (both / "val" / "cow").mkdir()
    found = refused(both)
    assert found.code.name == "unfit-data" and "cow is no class" in found.message
    (both / "train" / "cow").mkdir()
    assert "cow holds no image" in refused(both, classes=3).message
    for channels in (2, 4):
        with pytest.raises(Failure):
            opened(both, type=TensorType(channels, (64, 64), (channels,)))


def test_a_flat_validation_folder_is_explained(tmp_path: Path) -> None:
    write(tmp_path / "train", {"n01440764": 1, "n01443537": 1})
    (tmp_path / "val").mkdir()
    picture().save(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG")
    found = refused(tmp_path, "imagenet")
    assert found.code.name == "missing-data" and "into a folder of its class" in (found.help or "")


def test_modes_of_images(tmp_path: Path) -> None:
    """Whatever Pillow writes is read: as 8 bits of 3 channels, or of 1."""
    base = picture(20, 10)
    deep = Image.fromarray((np.arange(200, dtype=np.uint16) * 300).reshape(10, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    for name, image, options in [
        ("rgb.jpg", base, {}), ("cmyk.jpg", base.convert("CMYK"), {}),
        ("grey.jpg", base.convert("L"), {}), ("turned.jpg", base, {"exif": exif}),
        ("palette.png", base.convert("P"), {"transparency": 0}),
        ("bits.png", base.convert("1"), {}), ("progressive.jpg", base, {"progressive": True}),
        ("alpha.png", base.convert("RGBA"), {}), ("la.png", base.convert("LA"), {}),
        ("deep.png", deep, {}), ("deep.tif", deep, {}), ("gif.gif", base, {}),
        ("web.webp", base, {}), ("net.ppm", base, {}), ("a.bmp", base, {}),
        ("really_png.jpg", base, {"format": "PNG"}),
        ("ycbcr.tif", base.convert("YCbCr"), {}),
    ]:  # fmt: skip
        image.save(tmp_path / name, **options)
        for mode in ("RGB", "L"):
            found = read_image(tmp_path / name, mode)
            assert (found.mode, found.size) == (mode, (20, 10)), name
    deep_read = np.asarray(read_image(tmp_path / "deep.png", "L"))
    assert (deep_read == np.asarray(deep) >> 8).all()
    assert (np.asarray(read_image(tmp_path / "really_png.jpg", "RGB")) == np.asarray(base)).all()


def bomb() -> bytes:
    """A PNG that says it is 60,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def whole(suffix: str, tmp_path: Path) -> bytes:
    picture(64, 64).save(tmp_path / f"whole{suffix}")
    return (tmp_path / f"whole{suffix}").read_bytes()


def test_what_is_wrong_with_an_image(tmp_path: Path) -> None:
    ppm = b"P6 9000 11200 255\n"  # more than are read; Pillow only warns of so many
    jpeg, png = whole(".jpg", tmp_path), whole(".png", tmp_path)
    fractions = tmp_path / "f.tif"
    Image.fromarray(np.ones((4, 4), np.float32)).save(fractions)
    huge = tmp_path / "i.tif"
    Image.fromarray(np.full((4, 4), 2**20, np.int32)).save(huge)
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(evil) run\n"
    for data, told in [
        (b"", "is no image"),
        (b"x" * 1000, "is no image"),
        (script, "is no image"),
        (bomb(), "has too many pixels"),
        (ppm, "has too many pixels"),
        (jpeg[: len(jpeg) // 2], "is cut off"),
        (png[: len(png) // 2], "is cut off"),
        (jpeg[:100], ""),
        (fractions.read_bytes(), "holds fractions"),
        (huge.read_bytes(), "numbers of no known range"),
    ]:
        path = tmp_path / "a.jpg"
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(Failure) as caught:
                read_image(path, "RGB")
        assert caught.value.diagnostic.code.name == "unreadable-data"
        assert str(path) in caught.value.diagnostic.message
        assert told in caught.value.diagnostic.message
    with pytest.raises(Failure, match="No such file"):
        read_image(tmp_path / "none.jpg", "RGB")


@settings(max_examples=300)
@given(
    suffix=st.sampled_from([".jpg", ".png", ".gif", ".webp", ".tif", ".bmp", ".ppm"]),
    at=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 100),
)
def test_whatever_the_bytes_are(
    tmp_path: Path, suffix: str, at: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(whole(suffix, tmp_path))
    for place, byte in at:
        data[place % len(data)] = byte
    path = tmp_path / f"changed{suffix}"
    path.write_bytes(data[: len(data) - cut])
    try:
        assert read_image(path, "RGB").mode == "RGB"
    except Failure as failure:
        assert failure.diagnostic.code.name == "unreadable-data"


def test_a_line_of_pixels_can_train_but_not_fill_memory(both: Path) -> None:
    for part in ("train", "val"):
        Image.new("RGB", (60_000, 1)).save(both / part / "cat" / "0.png")
    data = opened(both, type=TensorType(3, (224, 224), (3,)))
    assert data.train.__getitems__([Draw(0, 0)]).images.isfinite().all()
    with pytest.raises(Failure, match="60000x1 pixels would become"):
        data.validation.__getitems__([Draw(0, 0)])


@pytest.mark.parametrize("type", [LARGE, SMALL])
def test_the_unreadable_is_named_or_passed_over(both: Path, type: TensorType) -> None:
    for broken in ("train/cat/1.png", "train/cat/2.png", "train/dog/3.png", "val/cat/0.png"):
        (both / broken).write_bytes(b"broken")
    strict = opened(both, type=type)
    with pytest.raises(Failure, match=r"1\.png is no image"):
        strict.train.__getitems__([Draw(0, 0), Draw(0, 1)])
    data = opened(both, type=type, skip_unreadable=True)
    batch = data.train.__getitems__(draws(data.train))
    assert batch.unreadable.tolist() == [1, 2, 9]
    assert batch.labels.tolist() == [0] * 6 + [1, 1, 1, 0]  # after the last comes the first
    alone = data.train.__getitems__([Draw(0, 9)])
    assert torch.equal(alone.images[0], batch.images[9]) and alone.unreadable.tolist() == [9]
    batch = data.validation.__getitems__(draws(data.validation))
    assert batch.unreadable.tolist() == [0] and batch.labels.tolist() == [0, 0, 1, 1]
    assert len(batch.images) == 4
    batch = data.validation.__getitems__([Draw(0, 0)])
    assert batch.images.shape == (0, *type.shape) and batch.labels.tolist() == []


def test_nothing_readable_ends_it(tmp_path: Path) -> None:
    write(tmp_path, {"a": 2, "b": 2})
    for path in tmp_path.rglob("*.png"):
        path.write_bytes(b"broken")
    split = opened(tmp_path, holdout=1, skip_unreadable=True).train
    with pytest.raises(Failure, match="nor can the 2 images after it"):
        split.__getitems__([Draw(0, 1)])


def test_files_that_may_not_be_read(both: Path) -> None:
    (both / "train" / "cat" / "0.png").chmod(0)
    if os.access(both / "train" / "cat" / "0.png", os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(Failure, match="Permission denied"):
        opened(both).train.__getitems__([Draw(0, 0)])
    (both / "train" / "cat").chmod(0)
    assert refused(both).code.name == "unreadable-data"
    (both / "train" / "cat").chmod(0o700)


@pytest.mark.parametrize("type", [LARGE, SMALL])
def test_a_sample_is_the_same_in_whatever_batch(both: Path, type: TensorType) -> None:
    split = opened(both, type=type, seed=5).train
    together = split.__getitems__([*draws(split), *draws(split, 1)]).images
    assert not torch.equal(together[:10], together[10:])
    for epoch, index in [(0, 0), (0, 9), (1, 4)]:
        alone = split.__getitems__([Draw(epoch, index)]).images[0]
        assert torch.equal(alone, together[10 * epoch + index])
