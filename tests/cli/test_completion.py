"""What a shell is told when the tab key is pressed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import seqdsl_command

from seqdsl.cli.main import COMMANDS
from seqdsl.source.codes import CODES

NETS = """
network Wide(width, depth = 2) { input 3x8x8; conv 3x3, width }
network Narrow(k) { input 3x8x8; conv 3x3, k }
model W8 = Wide(width = 8)
block mine(hidden) { conv 3x3, hidden }
"""
LOADED = "import sys; from seqdsl.cli.main import main\ntry: main()\nfinally: {}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("sub", ".hidden", "nets"):
        Path(name).mkdir()
    Path("net.seq").write_text(NETS)
    Path("nets/a.seq").write_text(NETS)
    Path("notes.txt").write_text("")
    Path("broken.seq").write_text("network Half(a) { input\nnetwork {")


def completed(line: str, *, at: int | None = None, after: str = "") -> list[str]:
    """The words for the last of a line, or for the one at a place in it."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_SEQDSL_COMPLETE": "bash_complete",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1 if at is None else at),
    }
    code = f"import sys; sys.argv = ['seqdsl']\n{LOADED.format(after or 'pass')}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [word.removeprefix("plain,") for word in done.stdout.splitlines() if word]


def test_commands_and_options() -> None:
    assert completed("seqdsl ") == list(COMMANDS)
    assert completed("seqdsl ex") == ["expand", "explain"]
    assert completed("seqdsl --t") == ["--timings"]
    assert completed("seqdsl nosuch ") == list(COMMANDS)
    assert {"--network", "--define", "--watch"} <= set(completed("seqdsl check --"))
    assert completed("seqdsl weights ") == ["import", "export"]
    assert completed("seqdsl completion ") == ["bash", "zsh", "fish"]
    assert completed("seqdsl check --output-format s") == ["sarif"]
    assert completed("seqdsl expand net.seq --stop-after p") == ["parse", "prune", "plan"]
    assert completed("seqdsl expand net.seq --lowered ") == ["onnx", "torch"]
    assert completed("seqdsl --ve") == ["--version", "--verify-each"]


@pytest.mark.parametrize("before", ["check", "stats", "check net.seq", "weights import w --into"])
def test_files_and_folders(before: str) -> None:
    assert completed(f"seqdsl {before} ne") == ["net.seq", "nets/"]
    assert completed(f"seqdsl {before} nets/") == ["nets/a.seq"]
    assert completed(f"seqdsl {before} .h") == [".hidden/"]
    assert completed(f"seqdsl {before} nosuch/") == []


def test_networks_of_the_file() -> None:
    assert completed("seqdsl stats net.seq --network ") == ["Wide", "Narrow", "W8"]
    assert completed("seqdsl stats --network W net.seq", at=3) == ["Wide", "W8"]
    assert completed("seqdsl weights import w --into net.seq --network N") == ["Narrow"]


def test_parameters_of_the_network() -> None:
    assert completed("seqdsl stats net.seq -D ") == ["width=", "depth=", "k="]
    assert completed("seqdsl stats net.seq --network Narrow -D ") == ["k="]
    assert completed("seqdsl stats net.seq --network W8 -D d") == ["depth="]
    assert completed("seqdsl check net.seq --network Wide -D width=8 --define ") == [
        "width=", "depth=",
    ]  # fmt: skip


def test_codes() -> None:
    assert {code.id for code in CODES} | {code.name for code in CODES} == set(
        completed("seqdsl explain ")
    )
    assert completed("seqdsl explain add-m") == ["add-mismatch"]


@pytest.mark.parametrize(
    "line",
    [
        "seqdsl stats --network ",
        "seqdsl stats nosuch.seq --network ",
        "seqdsl stats sub --network ",
        "seqdsl stats nets/../binary.seq -D ",
        "seqdsl check -D k --network ",
    ],
)
def test_nothing_is_said_of_mistakes(line: str) -> None:
    Path("binary.seq").write_bytes(b"\xff\x00")
    assert completed(line) == []


def test_what_can_be_read_of_a_broken_file() -> None:
    assert set(completed("seqdsl stats broken.seq --network ")) <= {"Half"}


@pytest.mark.parametrize("line", ["seqdsl ", "seqdsl build n", "seqdsl run net.seq --network "])
def test_completing_starts_light(line: str) -> None:
    heavy = ("torch", "onnx", "onnxruntime", "numpy", "networkx", "rich")
    printed = completed(line, after=f"print('LOADED', *(set({heavy}) & set(sys.modules)))")
    assert printed[-1] == "LOADED"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell: str) -> None:
    done = seqdsl_command("completion", shell)
    assert done.code == 0 and "_SEQDSL_COMPLETE" in done.out and not done.err


def test_bash_completes() -> None:
    """The words, and no space after one that goes on."""
    script = seqdsl_command("completion", "bash").out + (
        'compopt() { echo "$@"; }\nCOMP_WORDS=(seqdsl check ne)\nCOMP_CWORD=2\n'
        '_seqdsl_completion seqdsl; echo "${COMPREPLY[@]}"'
    )
    program = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["-o nospace", "net.seq nets/"], done.stderr


def test_fish_gets_a_description_as_it_is() -> None:
    """Up to its end, and not to its first comma."""
    assert 'string split --max 1 ","' in seqdsl_command("completion", "fish").out
