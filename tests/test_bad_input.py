"""Every fixture of tests/bad gives exactly the codes that stand in it, on their lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import seqdsl_command
from hostile import HOSTILE

import seqdsl
from seqdsl.source.codes import CODES
from seqdsl.source.render import OutputFormat, render

BAD = Path(__file__).parent / "bad"
FIXTURES = sorted(BAD.glob("*.seq"))
# Codes that no source alone gives: of files, of building, of training, of limits that are lowered.
ELSEWHERE = {c.id for c in CODES if c.id[3] in "0679"} - {"SEQ004"} | {"SEQ330", "SEQ504", "SEQ505"}


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
    with seqdsl.limits(seconds=60):  # whatever the machine: the other limits are to be met
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
    with seqdsl.limits(seconds=60):
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
    assert {d.code.id for d in seqdsl.check(tmp_path / "net.seq")} == {"SEQ504"}


# The program, which prints at last the seconds of the processor and the bytes that it took.
MEASURED = """
import time
from seqdsl.__main__ import main
from seqdsl.backends.bench.resident import resident
def loop():
    start = time.process_time()
    for _ in range(1_000_000):
        pass
    return time.process_time() - start
before = loop()
start = time.process_time()
try:
    main()
finally:
    print((time.process_time() - start) / max(before, loop()), resident("VmHWM"))
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_bad_input(tmp_path: Path, name: str) -> None:
    """Each takes the processor no longer than a thousand million steps of an empty loop."""
    path = tmp_path / "net.seq"
    path.write_text(HOSTILE[name])
    command = [sys.executable, "-c", MEASURED, "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1)
    assert done.stderr
    loops, peak = map(float, done.stdout.split())
    assert loops < 1000
    assert peak < 1_000_000_000
    assert not re.search("Traceback|RecursionError|internal error|[\x1b\u202e]", done.stderr)


def test_all_errors_in_one_run(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(
        "network A { input 3x8x8\n convv 3x3, 4\n}\n"
        "network B { input 3x8x8\n conv 3x3, 0\n}\n"
        "network C { input 3x8x8\n conv 3x3,, 4\n conv 3x3, q\n}\n"
    )
    found = sorted(d.code.id for d in seqdsl.check(path))
    assert found == ["SEQ101", "SEQ201", "SEQ202", "SEQ302"]


GIVEN = {
    "signs": "-" * 20_000 + "1",
    "brackets": "(" * 20_000,
    "lists": "[" * 60 + "1" + "]" * 60,
    "a long list": "[" + "1," * 20_000 + "1]",
    "conditionals": "1 if true else " * 5_000 + "1",
    "digits": "9" * 5_000,
    "a size of digits": "9" * 5_000 + "x3",
    "nothing": "",
    "a break": "3\n4",
    "a NUL": "3\0",
    "a lone surrogate": "3\udcff",
    "text": '"' + "x" * 100_000 + '"',
    "controls": "\x1b[31m\u202e",
    "a comment": "3 # and more",
    "documentation": "## 3",
    "code": "__import__('os').system('touch made')",
    "a network": "network N { }",
}


@pytest.mark.parametrize("name", GIVEN)
def test_a_hostile_value_is_a_bad_value(tmp_path: Path, name: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text("network N(n = 1) { input 3x8x8; conv 3x3, n }\n")
    done = seqdsl_command("stats", path, "-D", f"n={GIVEN[name]}")
    assert done.code in (0, 1, 2)
    assert done.err or not done.code
    assert not re.search("Traceback|Recursion|internal error|[\x1b\u202e]", done.err)
    assert len(done.err) < 5_000


@pytest.mark.parametrize("part", ["it.group", "regroup 7"])
def test_a_finding_about_many_groups_is_short(tmp_path: Path, part: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text(
        "network N { input 3x8x8\n aggregate i in 1..500, window=last(1) { conv2d 1x1, i + 7 }\n"
        f" {part if part.startswith('regroup') else f'conv 3x3, {part}'}\n}}\n"
    )
    (found,) = [d for d in seqdsl.check(path) if d.code.severity.value == "error"]
    assert found.code.id == "SEQ308" and len(found.message) < 200


def test_a_circle_of_many_blocks_is_told_in_short(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    blocks = (f"block b{i} {{ b{(i + 1) % 100} }}\n" for i in range(100))
    path.write_text("".join(blocks) + "network N { input 3x8x8; relu }\n")
    (found,) = [d for d in seqdsl.check(path) if d.code.id == "SEQ210"]
    assert "b0 -> b1 -> " in found.message and " -> ... -> " in found.message
    assert len(found.message) < 200


def test_a_network_is_stopped_where_it_joins_too_much(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text("network N { input 3x8x8\n for i in 1..40 { concatenate it, it }\n relu }\n")
    (found,) = seqdsl.check(path)
    assert found.code.id == "SEQ502"
    assert found.primary is not None and found.primary.span.text == "concatenate it, it"
