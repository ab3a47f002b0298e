"""CIFAR-10 and CIFAR-100 in their published binary version, unpacked or in its archive.

https://www.cs.toronto.edu/~kriz/cifar.html: a record is one label byte of CIFAR-10, or a coarse and
a fine one of CIFAR-100, then 32x32 bytes of red, of green and of blue, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType

import numpy as np

from seqdsl.backends.files import reason
from seqdsl.backends.inputs.preprocessing import Preprocessing, cifar
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen
from seqdsl.training.data.archives import members, whole_file
from seqdsl.training.data.arrays import ArraySplit, Samples
from seqdsl.training.data.batch import Data
from seqdsl.training.data.chance import Integers
from seqdsl.training.data.division import divided
from seqdsl.training.data.failures import failure, shown
from seqdsl.training.data.small import Look

_SIZE = 32
_PIXELS = 3 * _SIZE * _SIZE


@frozen
class Layout:
    """How a published version is laid out."""

    classes: int
    folder: str
    archive: str
    training: tuple[str, ...]
    test: str
    records: tuple[int, int]  # of a training file, of the test file
    label_bytes: int  # the last of which is the label
    names: str  # the file of the classes' names
    pickled: tuple[str, str, str]  # the folder, archive and first file of the Python version

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of each file of samples."""
        record = self.label_bytes + _PIXELS
        sizes = dict.fromkeys(self.training, self.records[0] * record)
        return {**sizes, self.test: self.records[1] * record}


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "cifar10": Layout(
            classes=10,
            folder="cifar-10-batches-bin",
            archive="cifar-10-binary.tar.gz",
            training=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
            test="test_batch.bin",
            records=(10_000, 10_000),
            label_bytes=1,
            names="batches.meta.txt",
            pickled=("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1"),
        ),
        "cifar100": Layout(
            classes=100,
            folder="cifar-100-binary",
            archive="cifar-100-binary.tar.gz",
            training=("train.bin",),
            test="test.bin",
            records=(50_000, 10_000),
            label_bytes=2,
            names="fine_label_names.txt",
            pickled=("cifar-100-python", "cifar-100-python.tar.gz", "train"),
        ),
    }
)


def open_cifar(
    name: str, path: Path, type: TensorType, holdout: int, seed: int, given: Preprocessing | None
) -> Data:
    """The data set in a folder or an archive, held in memory. Raises `Failure`."""
    layout = LAYOUTS[name]
    if type.shape != (3, _SIZE, _SIZE):
        raise failure(
            "unfit-data", f"{name} is images of 3x{_SIZE}x{_SIZE}, and the network takes {type}"
        )
    samples, classes = _read(_find(path, layout), layout)
    own = cifar(type)
    look = Look(given or own, type.channels, mirrored=True)
    rows = np.arange(len(samples.labels))
    training, test = np.split(rows, [-layout.records[1]])

    def split(rows: Integers, augmented: bool) -> ArraySplit:
        return ArraySplit(samples, rows, look, seed if augmented else None)

    return divided(
        name,
        classes,
        own,
        split,
        training,
        [split(test, False)],
        holdout=holdout,
        seed=seed,
    )


def _find(path: Path, layout: Layout) -> Path:
    """The folder of the files, or the archive of it. Raises `Failure`."""
    first = layout.training[0]
    wanted = f"get {layout.archive} of the CIFAR page, or the folder {layout.folder} that is in it"
    try:
        for folder in (path, path / layout.folder):
            if (folder / first).is_file():
                return folder
        if (path / layout.archive).is_file():
            return path / layout.archive
        if _is_pickled(path, layout):
            message = (
                f"{shown(path)} holds the Python version of the data: it is pickled, and a pickle "
                "can run code as it is read, so it never is"
            )
            raise failure("missing-data", message, path, wanted)
        if path.is_file():
            return path
        missing = f"has no file {first}" if path.is_dir() else "does not exist"
    except (OSError, ValueError) as error:  # of a folder that may not be looked into, of a NUL
        message = f"{shown(path)} can't be looked into: {reason(error)}"
        raise failure("missing-data", message, path) from None
    raise failure("missing-data", f"{shown(path)} {missing}", path, wanted)


def _is_pickled(path: Path, layout: Layout) -> bool:
    folder, archive, file = layout.pickled
    return (
        (path.name in (folder, archive) and path.exists())
        or (path / folder).is_dir()
        or (path / archive).is_file()
        or (path / file).is_file()
    )


def _read(found: Path, layout: Layout) -> tuple[Samples, tuple[str, ...]]:
    """All samples, those of the test file last, and the names of their classes."""
    counts = [*[layout.records[0]] * len(layout.training), layout.records[1]]
    begins = dict(zip(layout.sizes, accumulate(counts, initial=0), strict=False))
    images = np.empty((sum(counts), 3, _SIZE, _SIZE), np.uint8)
    labels = np.empty(sum(counts), np.int64)
    classes = tuple(map(str, range(layout.classes)))
    for file, data in _files(found, layout):
        if file == layout.names:
            classes = _class_names(data) or classes
            continue
        records = np.frombuffer(data, np.uint8).reshape(-1, layout.label_bytes + _PIXELS)
        part = slice(begins[file], begins.pop(file) + len(records))
        labels[part] = records[:, layout.label_bytes - 1]
        images[part] = records[:, layout.label_bytes :].reshape(-1, 3, _SIZE, _SIZE)
        _check_labels(found, file, labels[part], layout.classes)
    if begins:
        raise failure("missing-data", f"{shown(found)} has no file {next(iter(begins))}", found)
    if len(classes) != layout.classes:
        message = f"{layout.names} in {shown(found)} names {len(classes)} classes, not "
        raise failure("unreadable-data", f"{message}{layout.classes}", found)
    return Samples.of(images, labels, tuple(zip(layout.sizes, counts, strict=True))), classes


def _files(found: Path, layout: Layout) -> Iterator[tuple[str, bytes]]:
    """Each file of samples, of its expected size, and the file of names where there is one."""
    if found.is_file():
        yield from members(found, {**layout.sizes, layout.names: None}, layout.archive)
        return
    for file, size in layout.sizes.items():
        yield file, whole_file(found / file, size)
    if (found / layout.names).is_file():
        yield layout.names, whole_file(found / layout.names, None)


def _class_names(data: bytes) -> tuple[str, ...]:
    return tuple(data.decode("utf-8", "backslashreplace").split())


def _check_labels(found: Path, file: str, labels: Integers, classes: int) -> None:
    wrong = np.flatnonzero(labels >= classes)
    if len(wrong):
        raise failure(
            "unreadable-data",
            f"label {labels[wrong[0]]} of record {wrong[0]} of {file} in {shown(found)} is not "
            f"below {classes}",
            found,
            "the file is damaged, or not what its name says",
        )
