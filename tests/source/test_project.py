"""Files are named from their project's root in what is written to be passed on."""

import json
from pathlib import Path

import pytest
from commands import seqdsl_command

from seqdsl.source.project import project_path, project_paths, source_path
from seqdsl.source.text import Source

TEXT = """network N {
  input 3x8x8
  aggregate i in 1..2, window=last(1) { conv 3x3, 4 }
  global_average_pool
  fc 4
  expect params 1
}
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A network in a project, below a folder whose name nothing may tell."""
    path = tmp_path / "private" / "project" / "nets" / "net.seq"
    path.parent.mkdir(parents=True)
    (tmp_path / "private" / "project" / "pyproject.toml").touch()
    path.write_text(TEXT)
    return path


def test_a_file_is_named_from_the_root_of_its_project(
    net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project_path(str(net)) == "nets/net.seq"
    monkeypatch.chdir(net.parent)
    assert project_path("net.seq") == project_path("../nets/net.seq") == "nets/net.seq"
    assert project_path("HEAD~1:net.seq") == "HEAD~1:nets/net.seq"


def test_what_is_no_file_keeps_its_name() -> None:
    assert project_path("<stdin>") == "<stdin>"
    assert source_path(Source("std/seqconv.seq", "", library=True)) == "std/seqconv.seq"


def test_a_file_in_no_project_is_its_name(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqdsl.source.project.MARKS", ())
    assert project_path(str(net)) == "net.seq"


def test_two_files_never_share_a_name(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqdsl.source.project.MARKS", ())
    other = net.parent.parent / "old" / "net.seq"
    other.parent.mkdir()
    other.write_text(TEXT)
    assert project_paths([str(net), str(other)]) == ["nets/net.seq", "old/net.seq"]
    assert project_paths([str(net), str(net)]) == ["net.seq", "net.seq"]


@pytest.mark.parametrize(
    "command",
    [
        ["report", "-o", "out.html"],
        *(["draw", "--depth", "group", "-o", f"out.{kind}"] for kind in ("svg", "dot", "mmd")),
        ["draw", "-o", "out.pdf"],
        ["build", "-o", "out.py"],
        ["build", "-o", "out.onnx"],
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)
def test_no_artifact_tells_where_its_source_was(
    net: Path, tmp_path: Path, command: list[str]
) -> None:
    output = tmp_path / command[-1]
    done = seqdsl_command(command[0], str(net), "--no-claims", *command[1:-1], str(output))
    assert done.code == 0, done.err
    assert b"private" not in output.read_bytes()


@pytest.mark.parametrize("kind", ["md", "latex"])
@pytest.mark.parametrize("command", ["diff", "table", "audit"])
def test_no_table_tells_where_its_source_was(net: Path, command: str, kind: str) -> None:
    other = net.with_name("other.seq")
    other.write_text(TEXT.replace("fc 4", "fc 5"))
    files = [str(net)] if command == "audit" else [str(net), str(other)]
    done = seqdsl_command(command, *files, "--format", kind)
    assert "nets/net.seq" in done.out and "private" not in done.out


def test_sarif_locates_findings_in_the_project(net: Path) -> None:
    done = seqdsl_command("check", str(net), "--output-format", "sarif")
    (run,) = json.loads(done.out)["runs"]
    found = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in run["results"]]
    assert found == [{"uri": "nets/net.seq"}]
