"""A convention is a row of one table: added there, it works everywhere that conventions do."""

import json
import os
from pathlib import Path
from unittest.mock import patch

import pytest
from click.shell_completion import BashComplete
from commands import Done, seqdsl_command
from lsprotocol import types
from networks import compiled, findings

from seqdsl.cli.main import program
from seqdsl.graph.conventions import CONVENTIONS, Convention
from seqdsl.page.describe import page_of
from seqdsl.server.analysis import Analysis
from seqdsl.server.completion import complete
from seqdsl.server.files import EditorFiles

NET = "network N {{ input 3x8x8; conv 3x3, 4; a = it; conv 3x3, 4; add a; {} }}"
SUMS = 4 * 8 * 8


@pytest.fixture(autouse=True)
def mine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A convention that counts 1000 for each sum."""
    convention = Convention(
        "mine", "SUMS", "sums", "nobody", giga=2**30, per_mac=0, per_written=(("add", 1000),)
    )
    monkeypatch.setitem(CONVENTIONS, "mine", convention)


def write(folder: Path, claim: str = "") -> Path:
    path = folder / "net.seq"
    path.write_text(NET.format(claim))
    return path


def run(*arguments: object, code: int = 0) -> Done:
    done = seqdsl_command(*arguments)
    assert done.code == code, done.err
    return done


def test_stats_and_table(tmp_path: Path) -> None:
    path = write(tmp_path)
    for command in ("stats", "table"):
        out = run(command, path, "--convention", "mine").out
        assert "SUMS for one sample: sums, G = 2^30" in out
        assert "250.000K" in out or "250.00K" in out  # by 1024
    (read,) = json.loads(run("stats", path, "--convention", "mine", "--format", "json").out)
    assert read["rows"][-1]["SUMS"] == 1000 * SUMS
    assert "mine" in run("stats", path, "--which", "250K").out


def test_diff(tmp_path: Path) -> None:
    path, other = write(tmp_path), tmp_path / "other.seq"
    other.write_text(NET.format("add a"))
    out = run("diff", path, other, "--convention", "mine", code=1).out
    assert "SUMS     250.0K   500.0K" in out and "+250.0K" in out and "MACs" not in out
    read = run("diff", path, other, "--convention", "mine", "--format", "csv", code=1).out
    assert "SUMS before,SUMS after" in read and f"{1000 * SUMS},{2000 * SUMS}" in read


def test_report(tmp_path: Path) -> None:
    network = compiled(tmp_path, NET.format("expect flops 250K by mine"))
    for page in (page_of("", [network]), page_of("", [network], convention=CONVENTIONS["mine"])):
        (flops,) = page.networks[0].flops
        assert (flops.heading, flops.about) == ("SUMS", "sums, G = 2^30")
    page = tmp_path / "page.html"
    run("report", write(tmp_path), "-o", page, "--convention", "mine")
    assert '"SUMS"' in page.read_text()


def test_claims_and_audit(tmp_path: Path) -> None:
    assert not findings(tmp_path, NET.format("expect flops 250K by mine"))
    (false,) = findings(tmp_path, NET.format("expect flops 251K by mine +- 0.1%"))
    assert false.code.name == "false-claim" and "by `mine`" in false.message
    (unnamed,) = findings(tmp_path, NET.format("expect flops 32.3K"))
    assert unnamed.code.name == "no-convention" and "mine" in (unnamed.help or "")
    (unknown,) = findings(tmp_path, NET.format("expect flops 1K by mined"))
    assert unknown.code.name == "unknown-convention" and "`mine`" in (unknown.help or "")
    assert "mine" in run("audit", write(tmp_path, "expect flops 250K by mine")).out


def test_help_and_mistakes(tmp_path: Path) -> None:
    for command in ("stats", "table", "diff", "report"):
        assert "|mine]" in "".join(run(command, "--help").out.split())
    done = run("stats", write(tmp_path), "--convention", "yours", code=2)
    assert "'yours' is not one of 'macs', " in done.err and "'mine'." in done.err


@pytest.mark.parametrize("command", ["stats", "table", "diff", "report"])
def test_completion_by_the_shell(command: str) -> None:
    with patch.dict(os.environ, {"_SEQDSL_COMPLETE": "bash_complete"}):
        shell = BashComplete(program, {}, "seqdsl", "_SEQDSL_COMPLETE")
        found = shell.get_completions([command, "net.seq", "--convention"], "m")
    assert [(each.value, each.help) for each in found] == [
        ("macs", "multiply-accumulates, G = 10^9"),
        ("mine", "sums, G = 2^30"),
    ]


def test_completion_in_an_editor(tmp_path: Path) -> None:
    path, files = tmp_path / "net.seq", EditorFiles()
    path.write_text("network N {\n  expect flops 3G by \n}")
    files.folders = [tmp_path]
    analysis = Analysis(files.read(path, str(path)), path, files)
    found = complete(analysis, path.read_text().index("by ") + 3, files)
    assert [each.label for each in found] == list(CONVENTIONS)
    assert found[-1].detail == "sums, G = 2^30"
    assert found[-1].kind is types.CompletionItemKind.EnumMember
