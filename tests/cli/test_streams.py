"""Output on streams of every encoding: readable, and never a failure."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from networks import ROOT

from seqdsl.cli.main import _run
from seqdsl.cli.streams import spell_what_streams_lack

ENCODINGS = ("ascii", "cp1252", "latin-1", "iso8859-15", "cp437", "koi8-r", "shift_jis", "utf-16")
RESNET = str(ROOT / "architectures" / "resnet.seq")


def printed(encoding: str, *arguments: object) -> tuple[int, str, str]:
    """The exit code of a command, and what it prints on streams of an encoding."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding, newline="\n") for _ in range(2))
    code = 0
    with (
        patch.object(sys, "argv", ["seqdsl", *map(str, arguments)]),
        patch.object(sys, "stdout", out),
        patch.object(sys, "stderr", err),
    ):
        try:
            _run()
        except SystemExit as exit:
            code = int(exit.code or 0)
        out.flush()
        err.flush()
    first, second = (stream.buffer.getvalue() for stream in (out, err))
    return code, first.decode(encoding), second.decode(encoding)


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file whose name, comments and mistake no encoding of one byte holds whole."""
    monkeypatch.chdir(tmp_path)
    name = "résumé 网络 🙂 →.seq"
    text = "## 网络 × é 🙂\nnetwork N {\n  input 3x8x8\n  conv 3x3, 4 # 网络 🙂\n  cnv 1×1\n}\n"
    Path(name).write_text(text, encoding="utf-8")
    return name


COMMANDS = {
    "stats": ["stats", RESNET, "--network", "ResNet50"],
    "stats of layers": ["stats", RESNET, "--network", "ResNet18", "--by", "layer"],
    "audit": ["audit"],
    "audit of a file": ["audit", RESNET],
    "audit of the paper": ["audit", "--paper"],
    "table": ["table", RESNET, "--network", "ResNet50"],
    "table of two": ["table", RESNET + ":ResNet18", RESNET + ":ResNet50"],
    "diff": ["diff", RESNET + ":ResNet50", RESNET + ":ResNet101"],
    "markdown": ["table", RESNET, "--network", "ResNet50", "--format", "md"],
    "csv": ["diff", RESNET + ":ResNet50", RESNET + ":ResNet101", "--format", "csv"],
    "explain": ["explain", "SEQ309"],
    "codes": ["explain", "--list"],
    "expand": ["expand", RESNET, "--network", "ResNet18"],
    "help": ["--help"],
    "help on a command": ["train", "--help"],
    "a mistake in a call": ["stats", RESNET, "--network", "网络→"],
    "a missing file": ["check", "网络→.seq"],
    "an unknown command": ["网络→"],
}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints(name: str, encoding: str) -> None:
    code, out, err = printed(encoding, *COMMANDS[name])
    assert code in (0, 1, 2) and "internal error" not in err
    assert out or err


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", ["check", "fmt --diff", "check --output-format concise"])
def test_a_source_in_every_script(named: str, encoding: str, command: str) -> None:
    code, out, err = printed(encoding, *command.split(), named)
    assert code == 1, err
    assert "seq" in out + err and "?" not in out


def test_what_a_stream_lacks_is_spelled(named: str) -> None:
    _, _, err = printed("ascii", "check", named)
    assert "--> resume \\u7f51\\u7edc \\U0001f642 ->.seq:5:3" in err
    _, _, err = printed("cp1252", "check", named)
    assert "--> résumé \\u7f51\\u7edc \\U0001f642 ->.seq:5:3" in err
    _, _, err = printed("utf-8", "check", named)
    assert f"--> {named}:5:3" in err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "iso8859-15"])
def test_columns_stay_in_line(encoding: str) -> None:
    """An arrow is two characters of ASCII: the columns behind it move, in every row alike."""
    _, out, _ = printed(encoding, "diff", f"{RESNET}:ResNet50", f"{RESNET}:ResNet101")
    _, wide, _ = printed("utf-8", "diff", f"{RESNET}:ResNet50", f"{RESNET}:ResNet101")
    assert "ResNet50 -> ResNet101" in out and "ResNet50 → ResNet101" in wide
    rule = out.splitlines()[2]
    assert set(rule) == {"-"} and len(rule) >= max(map(len, out.splitlines()[1:4]))
    _, out, _ = printed(encoding, "table", RESNET, "--network", "ResNet50")
    stacked = [line for line in out.splitlines() if "[" in line]
    assert stacked and len({line.index("[") for line in stacked}) == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("format", ["json", "sarif"])
def test_data_lose_nothing(named: str, encoding: str, format: str) -> None:
    code, out, _ = printed(encoding, "check", named, "--output-format", format)
    assert code == 1
    assert json.loads(out) == json.loads(
        printed("utf-8", "check", named, "--output-format", format)[1]
    )
    if format == "json":
        assert json.loads(out)[0]["file"] == named


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_source_is_utf8_whatever_the_stream(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "net.seq"
    file.write_text("## é → 网络\nnetwork N { input 3x8x8; conv 3x3, 4 }\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "seqdsl", "expand", str(file)], capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "é → 网络" in done.stdout.decode("utf-8")


def test_names_that_are_no_text() -> None:
    """Bytes of a file's name that are no UTF-8 reach no stream as they are."""
    for encoding in ("utf-8", "utf-16", "cp1252"):
        code, _, err = printed(encoding, "check", "\udcff.seq")
        assert code == 2 and "internal error" not in err


def test_a_user_s_own_choice_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PYTHONIOENCODING=latin-1:replace makes it."""
    stream = io.TextIOWrapper(io.BytesIO(), "latin-1", errors="replace")
    monkeypatch.setattr(sys, "stdout", stream)
    spell_what_streams_lack()
    stream.write("→ é")
    stream.flush()
    assert stream.buffer.getvalue() == "? é".encode("latin-1")
