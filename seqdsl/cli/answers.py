"""What `run` prints: the likeliest classes of each sample, and what its other outputs look like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seqdsl.cli.tables import Cell, Number, Table, whole
from seqdsl.source.frozen import frozen

if TYPE_CHECKING:
    from seqdsl.backends.arrays import Array, Outputs

_NUMBERS = ("mean", "standard deviation", "least", "largest")


@frozen
class Sample:
    """One sample's outputs, the logits first."""

    input: str  # its file
    number: int  # in its file
    only: bool  # whether the file holds no other
    outputs: Outputs


def answer_tables(
    samples: Sequence[Sample], classes: tuple[str, ...] | None, format: str
) -> list[Table]:
    """A table a sample for readers; for programs, one of all samples, each kind of output apart."""
    if format == "table":
        return [table for sample in samples for table in _of_one(sample, classes)]
    ranked = [(s, row) for s in samples for row in _ranked(s, classes, all_columns=True)]
    others = [(s, row) for s in samples for row in _summaries(s)]
    tables = []
    if ranked or not others:
        tables.append(_joined(("rank", "class", "name", "probability"), ranked))
    if others:
        tables.append(_joined(("output", "shape", *_NUMBERS), others))
    return tables


def has_classes(outputs: Outputs) -> bool:
    """Whether the logits of a sample are one number for each of several classes."""
    logits = outputs["logits"]
    return logits.size == len(logits) > 1


def _of_one(sample: Sample, classes: tuple[str, ...] | None) -> Iterator[Table]:
    title = sample.input if sample.only else f"{sample.input}, sample {sample.number}"
    rows = tuple(_ranked(sample, classes, all_columns=False))
    if rows:
        names = () if classes is None else ("name",)
        headings = ("rank", "class", *names, "probability")
        yield Table(title, headings, rows, frozenset(headings) - {"name"})
    others = tuple(_summaries(sample))
    if others:
        headings = ("output", "shape", *_NUMBERS)
        yield Table(title, headings, others, frozenset(headings[1:]))


def _ranked(
    sample: Sample, classes: tuple[str, ...] | None, *, all_columns: bool
) -> Iterator[tuple[Cell, ...]]:
    from seqdsl.backends.inputs.images import softmax, top_k

    if not has_classes(sample.outputs):
        return
    logits = sample.outputs["logits"].reshape(-1)
    for rank, (index, probability) in enumerate(top_k(softmax(logits)), 1):
        name = () if classes is None else (classes[index],)
        names = (name or ("",)) if all_columns else name
        shown = Number(probability, f"{probability:.4f}")
        yield (whole(rank), whole(index), *names, shown)


def _summaries(sample: Sample) -> Iterator[tuple[Cell, ...]]:
    for name, output in sample.outputs.items():
        if name != "logits" or not has_classes(sample.outputs):
            yield _summary(name, output)


def _summary(name: str, output: Array) -> tuple[Cell, ...]:
    statistics = (output.mean(), output.std(), output.min(), output.max())
    numbers = [Number(float(value), f"{value:.4g}") for value in statistics]
    return (name, "x".join(map(str, output.shape)), *numbers)


def _joined(headings: tuple[str, ...], rows: Sequence[tuple[Sample, tuple[Cell, ...]]]) -> Table:
    whole_headings = ("input", "sample", *headings)
    body = tuple((s.input, whole(s.number), *row) for s, row in rows)
    right = frozenset(whole_headings) - {"input", "name", "output"}
    return Table("outputs", whole_headings, body, right)
