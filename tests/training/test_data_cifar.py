"""CIFAR in its published binary layout."""

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqdsl.backends.inputs.preprocessing import CIFAR
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Diagnostic, Failure
from seqdsl.training.data import cifar
from seqdsl.training.data.batch import Data, Draw
from seqdsl.training.data.sets import open_data

INPUT = TensorType(3, (32, 32), (3,))
MEANS, DEVIATIONS = (np.array(values)[:, None, None] for values in CIFAR)
NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
TEN = [*[f"data_batch_{n}.bin" for n in range(1, 6)], "test_batch.bin"]
HUNDRED = ["train.bin", "test.bin"]


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Layouts with 20 records a training file and 10 in the test file."""
    published = cifar.LAYOUTS
    cifar.LAYOUTS = {n: replace(layout, records=(20, 10)) for n, layout in published.items()}
    yield
    cifar.LAYOUTS = published


def write(folder: Path, files: list[str], *, label_bytes: int = 1, classes: int = 10) -> np.ndarray:
    """Files of random records, which are returned: [N, label bytes + 3072]."""
    folder.mkdir(parents=True, exist_ok=True)
    random, written = np.random.default_rng(0), []
    for file in files:
        records = random.integers(0, 256, (10 if "test" in file else 20, label_bytes + 3072))
        records[:, :label_bytes] %= classes
        (folder / file).write_bytes(records.astype(np.uint8).tobytes())
        written.append(records)
    return np.concatenate(written)


def archive(path: Path, folder: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, folder.name)
    return path


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ten")
    write(root / "cifar-10-batches-bin", TEN)
    (root / "cifar-10-batches-bin" / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    return root


def opened(path: Path | None, name: str = "cifar10", **options: int) -> Data:
    return open_data(name, path, INPUT, **{"classes": 10, **options})


def refused(path: Path | None, name: str = "cifar10", **options: int) -> Diagnostic:
    with pytest.raises(Failure) as caught:
        opened(path, name, **options)
    return caught.value.diagnostic


def images(data: Data, part: str = "validation", epoch: int = 0) -> np.ndarray:
    split = getattr(data, part)
    return split.__getitems__([Draw(epoch, i) for i in range(len(split))]).images.numpy()


def test_records_are_read_as_published(ten: Path) -> None:
    data = opened(ten)
    assert (data.name, data.test) == ("cifar10", None)
    assert data.classes == tuple(NAMES)
    assert (len(data.train), len(data.validation)) == (100, 10)
    bytes = (ten / "cifar-10-batches-bin" / "test_batch.bin").read_bytes()
    batch = data.validation.__getitems__([Draw(0, 7)])
    assert batch.labels.tolist() == [bytes[7 * 3073]]
    assert batch.images.dtype == torch.float32 and batch.labels.dtype == torch.int64
    for channel, row, column in [(0, 0, 0), (0, 0, 1), (0, 1, 0), (2, 31, 30)]:
        byte = bytes[7 * 3073 + 1 + 1024 * channel + 32 * row + column]
        expected = (byte / 255 - CIFAR[0][channel]) / CIFAR[1][channel]
        assert batch.images[0, channel, row, column] == pytest.approx(expected, abs=1e-5)
    assert data.validation.name(7) == "test_batch.bin, record 7"
    assert data.train.name(57) == "data_batch_3.bin, record 17"


def test_the_fine_label_of_cifar100_counts(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-binary"
    records = write(folder, HUNDRED, label_bytes=2, classes=100)
    (folder / "fine_label_names.txt").write_text("\n".join(f"class_{n}" for n in range(100)))
    data = opened(tmp_path, "cifar100", classes=100)
    batch = data.validation.__getitems__([Draw(0, i) for i in range(10)])
    assert batch.labels.tolist() == records[20:, 1].tolist()
    expected = (records[20:, 2:].reshape(-1, 3, 32, 32) / 255 - MEANS) / DEVIATIONS
    assert np.allclose(batch.images, expected, atol=1e-5)
    assert data.classes[42] == "class_42"


def test_published_sizes_are_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layouts = {n: replace(layout, records=r) for (n, layout), r in zip(
        cifar.LAYOUTS.items(), [(10_000, 10_000), (50_000, 10_000)], strict=True
    )}  # fmt: skip
    monkeypatch.setattr(cifar, "LAYOUTS", layouts)
    sizes = [dict.fromkeys(TEN, 30_730_000), {"train.bin": 153_700_000, "test.bin": 30_740_000}]
    for name, files, classes in zip(layouts, sizes, (10, 100), strict=True):
        for file, size in files.items():
            with (tmp_path / file).open("wb") as written:
                written.truncate(size)
        data = opened(tmp_path, name, classes=classes, holdout=5000)
        lengths = [len(split) for split in (data.train, data.validation, data.test)]
        assert lengths == [45_000, 5000, 10_000]
    with (tmp_path / "data_batch_4.bin").open("r+b") as written:
        written.truncate(29_000)
    found = refused(tmp_path)
    assert found.code.name == "unreadable-data"
    assert found.message.endswith("data_batch_4.bin is 29,000 bytes, and 30,730,000 are expected")


def test_every_way_to_name_the_data_gives_the_same(ten: Path, tmp_path: Path) -> None:
    folder = ten / "cifar-10-batches-bin"
    published = archive(tmp_path / "cifar-10-binary.tar.gz", folder)
    renamed = archive(tmp_path / "mine.tgz", folder)
    expected = images(opened(ten), "train")
    for path in (folder, published, tmp_path, renamed):
        data = opened(path)
        assert data.classes == tuple(NAMES) and (images(data, "train") == expected).all()


def test_what_is_missing_is_told_with_its_source(tmp_path: Path) -> None:
    for path in (None, tmp_path, tmp_path / "none", tmp_path / "\0", tmp_path / ("x" * 300)):
        found = refused(path)
        assert found.code.name == "missing-data", path
    assert found.name
    assert "cifar-10-binary.tar.gz of the CIFAR page" in (refused(tmp_path).help or "")
    write(tmp_path, TEN[:3])
    assert "data_batch_4.bin does not exist" in refused(tmp_path).message
    lacking = archive(tmp_path / "cifar.tgz", tmp_path)
    found = refused(lacking)
    assert found.code.name == "missing-data" and "has no file data_batch_4.bin" in found.message


@pytest.mark.parametrize(
    "made", ["cifar-10-batches-py/", "cifar-10-python.tar.gz", "data_batch_1", "deep/"]
)
def test_pickles_are_refused(tmp_path: Path, made: str) -> None:
    pickled = b"cos\nsystem\n(S'touch evil'\ntR."
    root = tmp_path / made
    if made.endswith("/"):
        root = root / "cifar-10-batches-py"
        root.mkdir(parents=True)
        (root / "data_batch_1").write_bytes(pickled)
    else:
        root.write_bytes(pickled)
    for path in {root, root.parent}:
        if path.name == "data_batch_1":
            continue
        found = refused(path)
        assert found.code.name == "missing-data"
        assert "a pickle can run code" in found.message
        assert "cifar-10-binary.tar.gz" in (found.help or "")


def test_a_label_that_is_none_is_placed(tmp_path: Path) -> None:
    write(tmp_path, TEN)
    with (tmp_path / "data_batch_2.bin").open("r+b") as file:
        file.seek(7 * 3073)
        file.write(b"\x0c")
    assert "label 12 of record 7 of data_batch_2.bin" in refused(tmp_path).message
    assert "is not below 10" in refused(tmp_path).message


def test_what_does_not_fit_the_network(ten: Path) -> None:
    assert "has 10 classes, and the network gives 100" in refused(ten, classes=100).message
    for shape in [(3, (28, 28)), (1, (32, 32)), (3, (224, 224)), (64, ())]:
        with pytest.raises(Failure) as caught:
            open_data("cifar10", ten, TensorType(*shape, (shape[0],)), classes=10)
        assert caught.value.diagnostic.code.name == "unfit-data"
    for holdout in (100, 5000):
        found = refused(ten, holdout=holdout)
        assert found.code.name == "unfit-data" and "there are 100" in found.message


def test_a_name_list_of_another_length_is_refused(tmp_path: Path) -> None:
    write(tmp_path, TEN)
    (tmp_path / "batches.meta.txt").write_text("cat\ndog\n")
    assert "names 2 classes, not 10" in refused(tmp_path).message
    (tmp_path / "batches.meta.txt").write_bytes(b"\xff " * 10)
    assert opened(tmp_path).classes[0] == "\\xff"
    (tmp_path / "batches.meta.txt").write_bytes(b"x " * 100_000)
    assert "200,000 bytes of names" in refused(tmp_path).message


def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path / "data", TEN)
    (tmp_path / "data" / TEN[1]).chmod(0)
    if os.access(tmp_path / "data" / TEN[1], os.R_OK):
        pytest.skip("root may read everything")
    assert refused(tmp_path / "data").code.name == "unreadable-data"
    (tmp_path / "data").chmod(0)
    assert refused(tmp_path / "data").code.name == "missing-data"
    (tmp_path / "data").chmod(0o700)


def test_what_is_no_archive(ten: Path, tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    whole = archive(path, ten / "cifar-10-batches-bin").read_bytes()
    for data, told in [
        (whole[: len(whole) // 2], "is cut off"),
        (b"", "empty file"),
        (b"not zipped", "Not a gzipped file"),
        (gzip.compress(b"not an archive" * 99), "is no archive that can be read"),
    ]:
        path.write_bytes(data)
        found = refused(path)
        assert found.code.name == "unreadable-data"
        assert told in found.message


def test_an_archive_that_never_ends_is_left(tmp_path: Path) -> None:
    """A member that is not asked for, of 200 MB in 200 kB; and one of the wrong size."""
    path = tmp_path / "cifar-10-binary.tar.gz"
    for name, told in [
        ("other", "holds more"),
        ("data_batch_1.bin", "200,000,000 bytes, and 61,460"),
    ]:
        with tarfile.open(path, "w:gz", compresslevel=1) as tar:
            member = tarfile.TarInfo(name)
            member.size = 200_000_000
            tar.addfile(member, io.BytesIO(bytes(member.size)))
        assert told in refused(path).message


@settings(max_examples=200)
@given(at=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.integers(0, 10**6))
def test_whatever_the_bytes_are(ten: Path, tmp_path: Path, at: int, byte: int, cut: int) -> None:
    """In the archive's headers and in gzip's own bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        tar.add(ten / "cifar-10-batches-bin", "cifar")
    path = tmp_path / "cifar-10-binary.tar.gz"
    changed = bytearray(plain.getvalue())
    changed[at % 1536] = byte
    zipped = bytearray(gzip.compress(bytes(changed), 0))
    if cut % 2:
        zipped[cut % len(zipped)] = byte
    path.write_bytes(zipped)
    try:
        opened(path)
    except Failure as failure:
        assert failure.diagnostic.code.name in ("unreadable-data", "missing-data")


def test_what_is_held_out_is_a_part_of_the_training_set(ten: Path) -> None:
    whole, data = opened(ten), opened(ten, holdout=30)
    assert (len(data.train), len(data.validation), len(data.test or ())) == (70, 30, 10)
    names = [data.train.name(i) for i in range(70)], [data.validation.name(i) for i in range(30)]
    assert sorted(names[0] + names[1]) == sorted(whole.train.name(i) for i in range(100))
    again, other = opened(ten, holdout=30), opened(ten, holdout=30, seed=1)
    assert [again.validation.name(i) for i in range(30)] == names[1]
    assert [other.validation.name(i) for i in range(30)] != names[1]
    assert data.test is not None and data.test.name(0) == whole.validation.name(0)


def test_only_training_samples_are_augmented(ten: Path) -> None:
    data = opened(ten, holdout=30)
    for part, changes in [("train", True), ("validation", False), ("test", False)]:
        epochs = [images(data, part, epoch) for epoch in (0, 1)]
        assert (epochs[0] != epochs[1]).any() == changes


def test_a_sample_is_the_same_in_whatever_batch(ten: Path) -> None:
    split = opened(ten, seed=3).train
    draws = [Draw(epoch, index) for epoch in (0, 5) for index in range(100)]
    together = split.__getitems__(draws)
    alone = [split.__getitems__([draw]) for draw in draws[::-7]]
    assert torch.equal(together.images.flip(0)[::7], torch.cat([b.images for b in alone]))
    assert torch.equal(together.labels.flip(0)[::7], torch.cat([b.labels for b in alone]))
    assert not torch.equal(opened(ten, seed=4).train.__getitems__(draws).images, together.images)


def test_shifts_and_mirrors_are_those_of_pad_and_crop(ten: Path) -> None:
    """Each augmented image is one of 162 that torch's own pad and flip make, all of them occur,
    each as often, and what is beyond the edge is zero.
    """
    plain, split = opened(ten), opened(ten).train
    records = np.frombuffer((ten / "cifar-10-batches-bin" / TEN[0]).read_bytes(), np.uint8)
    own = torch.tensor(
        (records.reshape(-1, 3073)[0, 1:].reshape(3, 32, 32) / 255 - MEANS) / DEVIATIONS
    )
    padded = torch.nn.functional.pad(own, (4, 4, 4, 4))
    corners = [(top, left) for top in range(9) for left in range(9)]
    candidates = torch.stack(
        [
            image[:, top : top + 32, left : left + 32].float()
            for image in (padded, padded.flip(2))
            for top, left in corners
        ]
    )
    drawn = split.__getitems__([Draw(epoch, 0) for epoch in range(8100)]).images
    near = torch.cdist(drawn[:, :, 10, 10:22].flatten(1), candidates[:, :, 10, 10:22].flatten(1))
    which = near.argmin(1)
    assert torch.allclose(drawn, candidates[which], atol=1e-5)
    times = which.bincount(minlength=162)
    assert times.min() > 0 and abs(times - 50).max() < 5 * 50**0.5
    assert abs((which >= 81).sum() - 4050) < 5 * 45
    assert plain.classes == tuple(NAMES)
