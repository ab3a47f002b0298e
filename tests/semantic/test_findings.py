"""Findings that rest on more than one place, and limits that hold."""

from pathlib import Path

import pytest
from networks import codes

import seqdsl


def network(line: str) -> str:
    return f"network N {{ input 3x8x8; {line}; relu }}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("conv2d 1x1, 4; expect macs 256 by paper", ["unknown-convention"]),
        ("conv2d 1x1, 4; expect params 12 by flops", ["unknown-convention"]),
        ("conv2d 3x3, 4, stride=9223372036854775807", ["integer-range"]),
        ("conv2d 3x3, 4, padding=3000000000", ["integer-range"]),
        ("batch_norm eps=-1", ["not-positive"]),
        ("batch_norm momentum=2", ["not-positive"]),
        ("conv2d 3x3, 9000000000000000000", ["integer-range"]),
        ("aggregate i in 1..2000, window=all { conv2d 1x1, 1 }", ["node-limit"]),
    ],
)
def test_what_is_refused(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert codes(tmp_path, network(line)) == expected


def test_a_size_equals_the_number_of_its_sides(tmp_path: Path) -> None:
    body = "block b(s: size) { if s == 2 { relu } else { sigmoid } }\n"
    for size, kind in (("2", "relu"), ("2x2", "relu"), ("2x1", "sigmoid")):
        (tmp_path / "net.seq").write_text(body + f"network N {{ input 3x8x8; b {size} }}")
        assert seqdsl.load(tmp_path / "net.seq").nodes[-1].kind == kind
    (tmp_path / "net.seq").write_text(body.replace("s == 2", "2 == s") + network("b 2x2"))
    assert seqdsl.load(tmp_path / "net.seq").nodes[1].kind == "relu"


def test_a_circle_of_blocks_is_one_finding(tmp_path: Path) -> None:
    assert codes(tmp_path, "block a { b }\nblock b { a }\n" + network("a")) == ["recursion"]


def test_a_name_that_two_imports_define_is_told(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in ("one", "two"):
        (tmp_path / f"{name}.seq").write_text("block same { relu }\n")
    uses = 'use "one.seq"\nuse "two.seq"\n'
    assert codes(tmp_path, uses + network("same")) == ["shadowed-name"]


def test_an_imported_block_comes_before_the_preludes(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "own.seq").write_text("block conv { sigmoid }\n")
    assert codes(tmp_path, 'use "own.seq"\n' + network("conv")) == []
