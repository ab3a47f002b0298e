"""Errors of a trained network on samples that it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seqdsl.backends.arrays import Array, not_finite
from seqdsl.backends.running import Outcome
from seqdsl.source.diagnostic import unlocated
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
    """Runs each sample once (section 4.1: a single centre crop).

    Raises `Failure` where none can be read, or a logit is not finite.
    """
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
            if not_finite(logits):
                told = f"samples {start:,} to {draws[-1].index:,}"
                raise unlocated("not-finite", f"a logit of {told} is NaN or infinite", "eval")
            places = _places(logits, read.labels.numpy())
            wrong1 += int((places >= 1).sum())
            wrong5 += int((places >= 5).sum())
            samples += len(places)
        report(f"{start + len(draws):,} of {len(split):,}", (start + len(draws)) / len(split))
    if outcome is None:
        raise unlocated("unreadable-data", f"none of {len(split):,} samples can be read", "eval")
    errors = (100 * wrong1 / samples, 100 * wrong5 / samples)
    return Errors(*errors, samples, tuple(unreadable), outcome.provider, outcome.note)


def _places(logits: Array, labels: np.ndarray) -> np.ndarray:
    """How many classes come before each sample's own: likelier, or as likely and named first."""
    own = np.take_along_axis(logits, labels[:, None], 1)
    first = np.arange(logits.shape[1]) < labels[:, None]
    return np.asarray(((logits > own) | (first & (logits == own))).sum(1))
