"""Errors of a trained network on samples that it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seqdsl.backends.running import Outcome
from seqdsl.backends.weights import Array
from seqdsl.source.frozen import frozen
from seqdsl.training.data.batch import Draw, Split


@frozen
class Errors:
    """In per cent of the samples that could be read."""

    top1: float
    top5: float  # 0 of five classes or fewer
    samples: int
    unreadable: tuple[str, ...]
    provider: str  # where they were really computed
    note: str | None


def evaluate(
    run: Callable[[Array], Outcome],
    split: Split,
    batch: int,
    report: Callable[[str, float], None] = lambda _, __: None,
) -> Errors:
    """Runs each sample once (section 4.1: a single centre crop). Raises `Failure` for no sample."""
    wrong1 = wrong5 = samples = 0
    unreadable: list[str] = []
    outcome: Outcome | None = None
    for start in range(0, len(split), batch):
        draws = [Draw(0, index) for index in range(start, min(start + batch, len(split)))]
        read = split.__getitems__(draws)
        unreadable += [split.name(index) for index in read.unreadable.tolist()]
        if len(read.labels):
            outcome = run(read.images.numpy())
            logits = outcome.outputs["logits"].reshape(len(read.labels), -1)
            places = _places(logits, read.labels.numpy())
            wrong1 += int((places >= 1).sum())
            wrong5 += int((places >= 5).sum())
            samples += len(places)
        report(f"{start + len(draws):,} of {len(split):,}", (start + len(draws)) / len(split))
    assert outcome is not None, "a data set has samples"
    errors = (100 * wrong1 / samples, 100 * wrong5 / samples)
    return Errors(*errors, samples, tuple(unreadable), outcome.provider, outcome.note)


def _places(logits: Array, labels: np.ndarray) -> np.ndarray:
    """How many classes are likelier than each sample's own."""
    own = np.take_along_axis(logits, labels[:, None], 1)
    return np.asarray((logits > own).sum(1))
