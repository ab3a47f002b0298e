"""Diagnostics as their readers see them: positions, both sides, the chain, and a way on."""

import json
from pathlib import Path

import pytest

import seqdsl
from seqdsl.source.render import OutputFormat, render

MISMATCH = """network Net {
  input 3x32x32
  a = it | conv 3x3, 16
  stage join { b = it | conv 3x3, 32; add a, b }
}
"""


def found(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> list[seqdsl.Diagnostic]:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(text, encoding="utf-8")
    return seqdsl.check("net.seq")


def test_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = render(found(tmp_path, MISMATCH, monkeypatch), OutputFormat.FULL)
    assert (
        text
        == """\
error[SEQ309]: can't add feature maps that differ in channels: 16x32x32 and 32x32x32
 --> net.seq:4:39
  |
3 |   a = it | conv 3x3, 16
  |            ------------ 16x32x32 comes from here
4 |   stage join { b = it | conv 3x3, 32; add a, b }
  |                         ------------ 32x32x32 comes from here
  |                                       ^^^^^^^^
  |
  = in stage join, in network Net
  = help: project one of them with a 1x1 convolution

1 error"""
    )


def test_the_library_is_shown_behind_the_users_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "use std.seqconv\nnetwork N {\n  input 3x8x8\n  wseqconv 3x3, 8, k=4\n}\n"
    full = render(found(tmp_path, text, monkeypatch), OutputFormat.FULL)
    assert " --> net.seq:4:3\n" in full and "::: std/seqconv.seq:" in full
    assert "4 |   wseqconv 3x3, 8, k=4\n  |   ^^^^^^^^^^^^^^^^^^^^ in the expansion of this" in (
        full.replace(" 4 |", "4 |").replace("   |   ^", "  |   ^")
    )
    assert "regroup k" in full and "in wseqconv1, in network N" in full


def test_concise_and_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diagnostics = found(tmp_path, MISMATCH, monkeypatch)
    assert render(diagnostics, OutputFormat.CONCISE) == (
        "net.seq:4:39: SEQ309 can't add feature maps that differ in channels: 16x32x32 and 32x32x32"
    )
    line = render(diagnostics, OutputFormat.GITHUB)
    assert line.startswith(
        "::error title=SEQ309 add-mismatch,file=net.seq,line=4,col=39,endLine=4::can't add"
    )
    assert line.endswith("%0Ahelp: project one of them with a 1x1 convolution")


def test_json_and_sarif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diagnostics = found(tmp_path, MISMATCH, monkeypatch)
    (entry,) = json.loads(render(diagnostics, OutputFormat.JSON))
    region = {"startLine": 4, "startColumn": 39, "endLine": 4, "endColumn": 47}
    assert entry["code"] == "SEQ309" and entry["severity"] == "error"
    assert {key: entry["primary"][key] for key in region} == region
    assert [label["text"] for label in entry["secondary"]] == [
        "16x32x32 comes from here",
        "32x32x32 comes from here",
    ]
    assert entry["chain"] == ["in stage join", "in network Net"]
    (run,) = json.loads(render(diagnostics, OutputFormat.SARIF))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "SEQ309" and result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"] == region
    assert len(result["relatedLocations"]) == 2
    assert "SEQ309" in {rule["id"] for rule in run["tool"]["driver"]["rules"]}


def test_a_warning_says_so_in_every_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "network N(k = 3) { input 3x8x8; relu }\n"
    diagnostics = found(tmp_path, text, monkeypatch)
    assert render(diagnostics, OutputFormat.FULL).startswith("warning[SEQ203]")
    assert render(diagnostics, OutputFormat.GITHUB).startswith("::warning ")
    (run,) = json.loads(render(diagnostics, OutputFormat.SARIF))["runs"]
    assert run["results"][0]["level"] == "warning"


@pytest.mark.parametrize(
    ("line", "shown", "marks"),
    [
        ("\tinput 3x32x32\n  cnov 3x3, 4", "  cnov 3x3, 4", "  ^^^^"),
        ("input 3x8x8\n\tcnov 3x3, 4", "    cnov 3x3, 4", "    ^^^^"),  # a tab is four columns
        ('input 3x8x8\n  "漢字" cnov', None, None),
        ("input 3x8x8\n  " + "relu; " * 40 + "cnov 3x3, 4", None, None),
    ],
)
def test_marks_stand_under_what_they_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, shown: str | None, marks: str | None
) -> None:
    full = render(found(tmp_path, f"network N {{\n{line}\n}}\n", monkeypatch), OutputFormat.FULL)
    rows = full.splitlines()
    if shown is not None:
        assert rows[3] == f"3 | {shown}" and rows[4].startswith(f"  | {marks} ")
        return
    assert max(map(len, rows)) < 140
    under = next(row for row in rows if "^" in row)
    above = rows[rows.index(under) - 1]
    if "cnov 3x3" in above:
        start = under.index("^")
        assert above[start : start + 4] == "cnov"


def test_color_is_only_color(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    diagnostics = found(tmp_path, MISMATCH, monkeypatch)
    colored = render(diagnostics, OutputFormat.FULL, color=True)
    assert "\x1b[1;31m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(diagnostics, OutputFormat.FULL)
