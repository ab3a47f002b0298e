"""metrics.csv: what is written is read again, and what is none of ours is refused at its line."""

from pathlib import Path

import pytest

from seqdsl.source.diagnostic import Failure
from seqdsl.training.metrics import HEADER, Row, read_metrics, write_metrics

FIRST = ",".join(HEADER)


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    rows = [
        Row(1, 390, 0.1, 2.25, 80.5, 2.0, 75.25, 20.125, 31.5),
        Row(3, 1170, 0.1 + 0.2, 1e-9, 0.0, 12.0, 100.0, 0.1, 3.0),
    ]
    write_metrics(path, rows)
    assert read_metrics(path) == rows
    assert path.read_text().splitlines()[0] == (
        "epoch,step,lr,train_loss,train_error,val_loss,top1,top5,seconds"
    )
    assert path.read_text().splitlines()[1] == "1,390,0.1,2.25,80.5,2.0,75.25,20.125,31.5"


def test_what_is_not_known_is_an_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    write_metrics(path, [Row(1, top1=5.0)])
    assert path.read_text() == f"{FIRST}\n1,0,,,,,5.0,,\n"
    (row,) = read_metrics(path)
    assert row.top1 == 5 and row.lr != row.lr  # NaN
    path.write_bytes(b"\xef\xbb\xbf" + f"{FIRST}\r\n2,,,,,,5,,\r\n\r\n".encode())
    (row,) = read_metrics(path)
    assert (row.epoch, row.step, row.top1) == (2, 0, 5)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "the header"),
        ("epoch,loss\n1,2\n", 1, "the header"),
        (f"{FIRST}\n1,2,3\n", 2, "3 cells, not 9"),
        (f"{FIRST}\n1,,,,,,5,,\n,,,,,,5,,\n", 3, "'' for epoch"),
        (f"{FIRST}\n1.5,,,,,,5,,\n", 2, "'1.5' for epoch"),
        (f"{FIRST}\n{'9' * 5000},,,,,,5,,\n", 2, "a whole number"),
        (f"{FIRST}\n0,,,,,,5,,\n", 2, "of epoch 0, where 1"),
        (f"{FIRST}\n1,,,,,,5,,\n1,,,,,,5,,\n", 3, "where 2 or a later"),
        (f"{FIRST}\n1,,fast,,,,5,,\n", 2, "'fast' for lr"),
        (f"{FIRST}\n1,,,,,,101,,\n", 2, "in %"),
        (f"{FIRST}\n1,,,,-1,,,,\n", 2, "in %"),
        (f"{FIRST}\n1,,,,inf,,,,\n", 2, "in %"),
        (f'{FIRST}\n1,,,,"5,,,,\n', 2, "can't be read"),
    ],
)
def test_a_bad_file_is_a_diagnostic(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(text)
    with pytest.raises(Failure) as raised:
        read_metrics(path)
    found = raised.value.diagnostic
    assert found.code.name == "unreadable-input" and found.name == f"{path}:{line}"
    assert f"line {line} of {path}" in found.message and reason in found.message


def test_a_file_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(f"{FIRST}\n1,,,\xff".encode("latin-1"))
    with pytest.raises(Failure, match=r"line 2 of .* is not text in UTF-8"):
        read_metrics(path)
    path.write_bytes(FIRST.encode() + b"\n" + b"0" * 16_000_000)
    with pytest.raises(Failure, match="more than 16 MB"):
        read_metrics(path)
    with pytest.raises(Failure, match="does not exist"):
        read_metrics(tmp_path / "none.csv")
