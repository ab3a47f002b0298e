"""What a run has measured: ``metrics.csv``, one row an epoch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from seqdsl.backends.files import first_bytes, write_whole
from seqdsl.source.diagnostic import unlocated
from seqdsl.source.frozen import frozen_value

METRICS = "metrics.csv"  # in the folder of a run
HEADER = (
    "epoch", "step", "lr", "train_loss", "train_error", "val_loss", "top1", "top5", "seconds"
)  # fmt: skip

_LIMIT = 16_000_000  # bytes: some hundred thousand epochs
_ERRORS = ("train_error", "top1", "top5")


@frozen_value
class Row:
    """One epoch. Errors in %; NaN is what was not measured: an empty cell of the file."""

    epoch: int  # the first is 1
    step: int = 0  # updates so far
    lr: float = math.nan
    train_loss: float = math.nan
    train_error: float = math.nan
    val_loss: float = math.nan
    top1: float = math.nan  # error of validation
    top5: float = math.nan
    seconds: float = math.nan


def write_metrics(path: Path, rows: Iterable[Row]) -> None:
    """Writes all rows, or leaves what was there. Raises `Failure`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for row in rows:
        cells = (getattr(row, name) for name in HEADER)
        writer.writerow(repr(cell) if math.isfinite(cell) else "" for cell in cells)
    write_whole(path, text.getvalue().encode())


def read_metrics(path: Path) -> list[Row]:
    """The rows of a file. Raises `Failure` for one that can't be had, or is none of ours."""
    data = first_bytes(path, _LIMIT + 1)
    if len(data) > _LIMIT:
        _fail(path, 1, f"is more than {_LIMIT // 10**6} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _fail(path, data.count(b"\n", 0, error.start) + 1, "is not text in UTF-8")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        if next(reader, None) != list(HEADER):
            _fail(path, 1, f"is not the header {','.join(HEADER)}")
        for cells in reader:
            if cells:
                rows.append(_row(cells, rows, path, reader.line_num))
    except csv.Error as error:
        _fail(path, reader.line_num, f"can't be read: {error}")
    return rows


def _row(cells: Sequence[str], before: Sequence[Row], path: Path, line: int) -> Row:
    if len(cells) != len(HEADER):
        _fail(path, line, f"has {len(cells)} cells, not {len(HEADER)}")
    first, second, *others = cells
    epoch, step = _whole("epoch", first, path, line), _whole("step", second or "0", path, line)
    least = before[-1].epoch + 1 if before else 1
    if epoch < least:
        _fail(path, line, f"is of epoch {epoch}, where {least} or a later one is due")
    values = [_real(*each, path, line) for each in zip(HEADER[2:], others, strict=True)]
    return Row(epoch, step, *values)


def _whole(name: str, text: str, path: Path, line: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        _fail(path, line, f"has {text[:20]!r} for {name}, which is a whole number")
    return int(text)


def _real(name: str, text: str, path: Path, line: int) -> float:
    try:
        value = float(text or "nan")
    except ValueError:
        _fail(path, line, f"has {text[:20]!r} for {name}, which is a number")
    if name in _ERRORS and not math.isnan(value) and not 0 <= value <= 100:
        _fail(path, line, f"has {text[:20]} for {name}, which is in %")
    return value


def _fail(path: Path, line: int, what: str) -> NoReturn:
    help = f"{METRICS} is written by `seqdsl train`, one row an epoch"
    raise unlocated("unreadable-input", f"line {line} of {path} {what}", f"{path}:{line}", help)
