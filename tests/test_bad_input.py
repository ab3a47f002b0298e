"""Every fixture of tests/bad gives exactly the codes that stand in it, on their lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import HOSTILE

import seqdsl
from seqdsl.source.codes import CODES
from seqdsl.source.render import OutputFormat, render

BAD = Path(__file__).parent / "bad"
FIXTURES = sorted(BAD.glob("*.seq"))
# Codes that no source alone gives: of files, of expanding and building, of limits that are lowered.
ELSEWHERE = {c.id for c in CODES if c.id[3] in "06"} - {"SEQ004"} | {"SEQ330", "SEQ504", "SEQ505"}


def expected(path: Path) -> set[tuple[str, int, str]]:
    found = set()
    for file in (path, *(BAD / "parts").glob("*.seq")):
        if file != path and file.name not in path.read_text():
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found |= {(file.name, number, code) for code in re.findall(r"#~ (SEQ\d+)", line)}
    return found


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    diagnostics = seqdsl.check(path)
    found = [
        (Path(d.primary.span.source.name).name, d.primary.span.line, d.code.id)
        for d in diagnostics
        if d.primary
    ]
    assert sorted(found) == sorted(expected(path))
    for d in diagnostics:
        assert d.primary is not None and d.primary.span.start <= d.primary.span.end
    text = render(diagnostics, OutputFormat.FULL)
    assert all(d.message in text for d in diagnostics)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_what_is_printed_of_a_fixture(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Position, text and fix, as a reader sees them. `UPDATE=1 pytest` writes them anew."""
    monkeypatch.chdir(BAD)
    text = render(seqdsl.check(path.name), OutputFormat.FULL) + "\n"
    golden = BAD / "printed" / f"{path.stem}.txt"
    if os.environ.get("UPDATE"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_nothing_else_is_printed() -> None:
    assert {p.stem for p in (BAD / "printed").iterdir()} == {p.stem for p in FIXTURES}


def test_every_code_about_a_file_has_a_fixture() -> None:
    shown = {code for path in FIXTURES for _, _, code in expected(path)}
    assert shown | ELSEWHERE == {c.id for c in CODES}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda _: None, "SEQ001"),
        (lambda p: p.mkdir(), "SEQ002"),
        (lambda p: p.write_bytes(b"network \xff {}"), "SEQ003"),
        (lambda p: p.write_text("# nothing\n"), "SEQ004"),
        (lambda p: p.write_text("x" * 10_000_000), "SEQ006"),
    ],
)
def test_what_is_no_source(tmp_path: Path, make, code: str) -> None:
    path = tmp_path / "net.seq"
    make(path)
    assert [d.code.id for d in seqdsl.check(path)] == [code]


def test_more_imports_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for i in range(300):
        (tmp_path / f"f{i}.seq").write_text(f"block b{i} {{ relu }}\n")
    (tmp_path / "net.seq").write_text("".join(f'use "f{i}.seq"\n' for i in range(300)))
    found = {d.code.id for d in seqdsl.check(tmp_path / "net.seq")}
    assert found == {"SEQ504", "SEQ223"}  # and what is imported is not used


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_bad_input(tmp_path: Path, name: str) -> None:
    """Each ends within 5 s of the processor on a machine that does nothing else."""
    path = tmp_path / "net.seq"
    path.write_text(HOSTILE[name])
    command = [sys.executable, "-m", "seqdsl", "check", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        err = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1)
    assert err
    assert used.ru_utime + used.ru_stime < 2 * 5
    assert used.ru_maxrss < 1_000_000  # kB
    assert not re.search("Traceback|RecursionError|internal error|[\x1b\u202e]", err)


def test_all_errors_in_one_run(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(
        "network A { input 3x8x8\n convv 3x3, 4\n}\n"
        "network B { input 3x8x8\n conv 3x3, 0\n}\n"
        "network C { input 3x8x8\n conv 3x3,, 4\n conv 3x3, q\n}\n"
    )
    found = sorted(d.code.id for d in seqdsl.check(path))
    assert found == ["SEQ101", "SEQ201", "SEQ202", "SEQ302"]
