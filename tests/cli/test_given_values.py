"""What is wrong with a value that the command line gives is placed there, and in no file."""

import json
from pathlib import Path

import pytest
from commands import Done, seqdsl_command
from jsonschema import validate
from schemas import schema

import seqdsl

NET = """network N(width = 16, group = 1) {
  input 3x8x8
  conv2d 3x3, width, groups=group
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.seq").write_text(NET)
    return tmp_path


def check(value: str, format: str) -> Done:
    return seqdsl_command("check", "net.seq", "-D", f"group={value}", "--output-format", format)


def test_in_full() -> None:
    err = check("hello", "full").err
    assert " --> -D group=hello\n" in err and "1 | hello\n" in err


def test_on_one_line() -> None:
    done = check("hello", "concise")
    assert done.code == 2
    assert done.err.startswith("-D group=hello: SEQ202 `hello` is not defined")


def test_as_json() -> None:
    (entry,) = json.loads(check("hello", "json").out)
    assert entry["file"] == entry["primary"]["file"] == "-D group=hello"
    assert (entry["primary"]["startColumn"], entry["primary"]["endColumn"]) == (1, 6)


def test_as_sarif() -> None:
    document = json.loads(check("hello", "sarif").out)
    validate(document, schema("sarif-2.1.0.json"))
    (result,) = document["runs"][0]["results"]
    (location,) = result["locations"]
    assert location["logicalLocations"] == [
        {"name": "group", "fullyQualifiedName": "-D group=hello", "kind": "parameter"}
    ]
    assert "physicalLocation" not in location


def test_for_github() -> None:
    line = check("hello", "github").err
    assert line.startswith("::error title=SEQ202 undefined-name::-D group=hello: `hello` is not")


def test_beside_a_place_in_a_file() -> None:
    """A value that the file's own lines can't take is wrong at those lines."""
    assert check("5", "concise").err.startswith("net.seq:3:3: SEQ306 ")


def test_a_long_value_is_cut_short() -> None:
    place = check(f"[{', '.join(['1'] * 60)},\n *]", "concise").err.partition(": SEQ")[0]
    assert place.startswith("-D group=[1, 1, ") and place.endswith("…") and len(place) < 60


@pytest.mark.parametrize("option", ["-A", "-B"])
def test_a_value_of_one_side_of_a_comparison(option: str) -> None:
    err = seqdsl_command("diff", "net.seq:N", "net.seq:N", option, "widht=8").err
    assert f" --> {option} widht=8\n" in err


def test_each_file_reports_its_own() -> None:
    Path("other.seq").write_text(NET.replace("network N", "network M"))
    paths = ("net.seq", "other.seq")
    err = seqdsl_command("check", *paths, "-D", "widht=8", "--output-format", "concise").err
    assert "`N` has no parameter" in err and "`M` has no parameter" in err


def test_a_value_from_python() -> None:
    with pytest.raises(seqdsl.CompileError, match=r"SEQ202.*\n *--> argument group=hello\n"):
        seqdsl.load("net.seq", group="hello")
