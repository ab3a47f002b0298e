"""What arrives from a loader's processes."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from seqdsl.graph.tensor import TensorType
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Failure
from seqdsl.training.data.batch import Batch, Data, Draw, Split
from seqdsl.training.data.sets import open_data
from seqdsl.training.data.workers import Workable, passed_on, received

SMALL, LARGE = TensorType(3, (32, 32), (3,)), TensorType(3, (64, 64), (3,))
DRAWS = [[Draw(1, 4), Draw(1, 2)], [Draw(1, 0)], [Draw(1, 3), Draw(1, 1)]]


def digits() -> Data:
    return open_data("digits", None, SMALL, classes=10, holdout=100, seed=7)


def folder(path: Path) -> Data:
    random = np.random.default_rng(0)
    for number in range(6):
        image = Image.fromarray(random.integers(0, 256, (70, 80, 3), dtype=np.uint8))
        (path / "ab"[number % 2]).mkdir(exist_ok=True)
        image.save(path / "ab"[number % 2] / f"{number}.png")
    return open_data("folder", path, LARGE, classes=2, holdout=1, seed=7)


def loaded(split: Split, workers: int, method: str | None = None) -> list[Batch]:
    loader = DataLoader(
        Workable(split),
        batch_sampler=DRAWS,
        collate_fn=passed_on,
        num_workers=workers,
        multiprocessing_context=method,
    )
    return list(map(received, loader))


def same(left: Sequence[Batch], right: Sequence[Batch]) -> bool:
    return all(
        torch.equal(a, b)
        for one, other in zip(left, right, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_workers_draw_the_same_samples(tmp_path: Path) -> None:
    for split in (digits().train, folder(tmp_path).train):
        here = loaded(split, 0)
        assert [len(batch.images) for batch in here] == [2, 1, 2]
        assert same(loaded(split, 2), here)


def test_workers_that_start_anew_draw_the_same_samples(tmp_path: Path) -> None:
    split = folder(tmp_path).train
    assert same(loaded(split, 1, "spawn"), loaded(split, 0))


def test_a_split_is_the_same_when_it_was_pickled(tmp_path: Path) -> None:
    for split in (digits().train, folder(tmp_path).train):
        again = pickle.loads(pickle.dumps(split))
        assert again.name(3) == split.name(3) and len(again) == len(split)
        assert same(loaded(again, 0), loaded(split, 0))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_diagnostic_arrives_whole(tmp_path: Path, workers: int) -> None:
    split = folder(tmp_path).train
    for path in tmp_path.rglob("*.png"):
        path.write_bytes(b"broken")
    with pytest.raises(Failure) as caught:
        loaded(split, workers)
    found = caught.value.diagnostic
    assert found.code is BY_NAME["unreadable-data"]
    assert found.message == f"{split.name(4)} is no image" and found.name == split.name(4)


def test_names_of_a_million_files_are_small(tmp_path: Path) -> None:
    """30 bytes each, where a list of paths has more than 200."""
    data = folder(tmp_path)
    listing = data.train._listing  # type: ignore[attr-defined]
    size = sum(t.nbytes for t in (listing.names, listing.ends, listing.labels))
    assert size == 6 * (len("0.png") + 8 + 4)
