"""The formatter: one layout, the same program, and every comment in its place."""

import random
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from format_many import mangled, pages_of, problem
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import ARCHITECTURES, ROOT
from programs import LIBRARY, programs

from seqdsl import CompileError
from seqdsl.api import check_file
from seqdsl.graph.dump import dump
from seqdsl.semantic.compile import Instance
from seqdsl.source.raising import limits
from seqdsl.source.text import Source
from seqdsl.syntax.format import format_source, formatter

PAIRS = Path(__file__).parent.parent / "format"
HOUSE = sorted([*ARCHITECTURES.rglob("*.seq"), *(ROOT / "examples" / "networks").glob("*.seq")])
BAD = sorted((ROOT / "tests" / "bad").glob("*.seq"))
PAGE = (ROOT / "docs" / "formatting.md").read_text()
EXAMPLES = re.findall(r"```text\n(.*?)```\n\nbecomes\n\n```seq\n(.*?)```", PAGE, re.DOTALL)
SNIPPETS = re.findall(r"```seq\n(.*?)```", (ROOT / "docs" / "language.md").read_text(), re.DOTALL)


def formatted(text: str) -> str:
    """The formatted text, which is the same when formatted again."""
    once = format_source(Source("net.seq", text))
    assert format_source(Source("net.seq", once)) == once
    return once


def dumps(instances: list[Instance]) -> list[str]:
    return [dump(instance.network) for instance in instances if instance.network is not None]


def parses(path: Path) -> bool:
    try:
        format_source(Source(path.name, path.read_text()))
    except CompileError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(path.stem for path in (PAIRS / "before").iterdir()))
def test_pair(name: str) -> None:
    before, after = (PAIRS / side / f"{name}.seq" for side in ("before", "after"))
    assert formatted(before.read_text()) == after.read_text()


def test_examples_of_the_page() -> None:
    assert len(EXAMPLES) == PAGE.count("becomes") == 5
    for before, after in EXAMPLES:
        assert formatted(before) == after


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: path.stem)
def test_the_house_is_formatted(path: Path) -> None:
    assert formatted(path.read_text()) == path.read_text()


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: re.findall(r"network (\w+)", s)[0])
def test_the_language_reference_is_formatted(snippet: str) -> None:
    assert formatted(snippet) == snippet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\n;\n", ""),
        ("# nothing", "# nothing\n"),
        ("\n\n\n# a\t \n\n\n#b\n\n", "# a\n\n#b\n"),
        ("\ufeffuse std.dense", "use std.dense\n"),
        ("use std.dense;use std.residual # both", "use std.dense\nuse std.residual  # both\n"),
        ("use std.dense\r\n\r\n# a\r\nblock a{}\r\n", "use std.dense\r\n\r\n# a\r\nblock a {}\r\n"),
        ("use std.dense\nblock a{}\r\n", "use std.dense\nblock a {}\n"),
        ('use "a  b.seq"', 'use "a  b.seq"\n'),
        ("block a{# b\n}", "block a {  # b\n}\n"),
        ("block a{\n\n# b\n\n}", "block a {\n  # b\n}\n"),
    ],
)
def test_text(text: str, expected: str) -> None:
    assert formatted(text) == expected


def test_a_table_too_wide_for_the_page_is_left() -> None:
    short, long = "  row first, b", f"  row {'second' * 14}, b"
    lines = formatted(f"network A {{\n{short}\n{long}\n}}\n").splitlines()
    assert lines[2] == long and lines[1].index("b") == long.index("b")
    text = f"network A {{\n{short}{'b' * 10}\n{long}\n}}\n"
    assert formatted(text) == text


def test_comments_stay_on_the_page() -> None:
    """A comment moves to the column of its likes, unless that is what pushes one off the page."""
    long = f"  conv 3x3, {'a' * 70}"
    text = f"network A {{\n  relu  # {'b' * 30}\n{long}  # c\n}}\n"
    assert formatted(text) == text
    text = text.replace("b" * 30, "b" * 8)
    assert formatted(text).splitlines()[1].index("#") == len(long) + 2


def test_what_can_not_be_broken_is_left_long() -> None:
    text = f"network A {{\n  {'a' * 120} {'b' * 120}, {'c' * 120}[1]\n}}\n"
    lines = formatted(text).splitlines()
    assert [line.strip()[:1] for line in lines] == ["n", "a", "c", "}"]


def test_the_most_nested_file() -> None:
    with limits(nesting=100):
        for inner in ("{ if a " * 98 + "{}" + "}" * 98, f"{{ x = {'(' * 99}a{')' * 99} }}"):
            assert formatted(f"network A {inner}")


def test_syntax_errors_come_back_together() -> None:
    with pytest.raises(CompileError) as caught:
        format_source(Source("net.seq", "network A { conv 3x3 4\n relu relu relu }\nnetwork B {"))
    assert [d.code.id for d in caught.value.diagnostics] == ["SEQ101"] * 3


@pytest.mark.parametrize("lost", ["relu", "# b", "; "])
def test_nothing_gets_lost_unseen(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """A mistake of the formatter is caught before anybody sees its text."""
    monkeypatch.setattr(formatter, "_with_blanks", lambda lines: [
        str(line).replace(lost, "") for line in lines
    ])  # fmt: skip
    with pytest.raises(AssertionError, match="would not say the same"):
        format_source(Source("net.seq", "# b\nblock a { relu; tanh }"))


@pytest.mark.parametrize("path", [p for p in BAD if parses(p)], ids=lambda path: path.stem)
def test_a_bad_file_stays_as_bad(tmp_path: Path, path: Path) -> None:
    shutil.copytree(path.parent / "parts", tmp_path / "parts")
    here = tmp_path / path.name
    here.write_text(path.read_text())
    with limits(nodes=2_000):
        others, before = check_file(here)
        here.write_text(formatted(path.read_text()))
        networks, found = check_file(here)
    assert sorted(d.code.id for d in found) == sorted(d.code.id for d in before)
    assert dumps(networks) == dumps(others)


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: path.stem)
def test_the_house_in_any_layout(path: Path) -> None:
    for layout in range(8):
        chance = random.Random(layout)
        text, comments = mangled(path.read_text(), chance)
        with pages_of(chance.choice([100, 60, 20])):
            assert re.findall(r"##? \d+$", formatted(text), re.MULTILINE) == comments


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: path.stem)
def test_the_house_in_another_layout_builds_the_same(tmp_path: Path, path: Path) -> None:
    for beside in path.parent.glob("*.seq"):
        shutil.copy(beside, tmp_path)
    with pages_of(40):
        text, _ = mangled(path.read_text(), random.Random(1))
        (tmp_path / path.name).write_text(formatted(text))
    (networks, found), (others, _) = check_file(tmp_path / path.name), check_file(path)
    assert not found
    assert dumps(networks) == dumps(others)


@given(programs(), st.integers(0, 2**32))
@settings(max_examples=30)
def test_a_program_in_any_layout(text: str, layout: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert problem(text, random.Random(layout), Path(folder)) is None


ODD = ["#", "##", '"', "x", ";", "else", "\r", "±", "?."]
PIECES = [*re.findall(r"\w+|\s|[^\w\s]", LIBRARY), *ODD]


@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
@settings(max_examples=150)
def test_any_text_is_formatted_or_refused(text: str) -> None:
    try:
        formatted(text)
    except CompileError as error:
        assert error.diagnostics
