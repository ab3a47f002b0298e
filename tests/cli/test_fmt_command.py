"""What `seqdsl fmt` writes, says and leaves alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import seqdsl_command

from seqdsl.cli.commands import fmt

UGLY = "network A{input 3x8x8;conv 3x3,4}\n"
NEAT = "network A { input 3x8x8; conv 3x3, 4 }\n"
BROKEN = "network A { conv 3x3 4 }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("neat.seq").write_text(NEAT)
    Path("sub").mkdir()
    Path("sub/ugly.seq").write_text(UGLY)


def test_a_folder_is_formatted() -> None:
    os.utime("neat.seq", (1, 1))
    done = seqdsl_command("fmt", ".")
    assert (done.code, done.out) == (0, "")
    assert done.err == "1 file reformatted, 1 left unchanged\n"
    assert Path("sub/ugly.seq").read_text() == NEAT
    assert Path("neat.seq").stat().st_mtime == 1
    assert seqdsl_command("fmt").err == "2 files left unchanged\n"


def test_what_git_ignores_is_left() -> None:
    Path(".gitignore").write_text("sub/\n")
    Path(".git").mkdir()
    assert seqdsl_command("fmt", ".").err == "1 file left unchanged\n"
    assert seqdsl_command("fmt", "sub/ugly.seq").err == "1 file reformatted\n"


def test_check_lists_and_writes_nothing() -> None:
    done = seqdsl_command("fmt", "--check", ".")
    assert (done.code, done.out) == (1, "sub/ugly.seq\n")
    assert done.err == "1 file would be reformatted, 1 left unchanged\n"
    assert Path("sub/ugly.seq").read_text() == UGLY
    assert seqdsl_command("fmt", "--check", "neat.seq").code == 0


def test_a_diff_is_one_that_patch_takes() -> None:
    Path("sub/ugly.seq").write_text("# a\n" + UGLY.rstrip())
    done = seqdsl_command("fmt", "--diff", "sub", "neat.seq")
    assert done.code == 1 and Path("sub/ugly.seq").read_text().endswith(UGLY.rstrip())
    assert done.out.splitlines() == [
        "--- sub/ugly.seq",
        "+++ sub/ugly.seq",
        "@@ -1,2 +1,2 @@",
        " # a",
        f"-{UGLY.rstrip()}",
        "\\ No newline at end of file",
        f"+{NEAT.rstrip()}",
    ]


def test_a_diff_on_a_terminal_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fmt, "use_color", lambda _: True)
    Path("sub/ugly.seq").write_text(f"# \x1b[2J\n{UGLY}")
    done = seqdsl_command("fmt", "--diff", "sub")
    assert f"\x1b[31m-{UGLY.rstrip()}\x1b[0m" in done.out
    assert f"\x1b[32m+{NEAT.rstrip()}\x1b[0m" in done.out
    assert " # \\x1b[2J" in done.out


def test_a_file_with_a_syntax_error_is_left_and_the_others_are_not() -> None:
    Path("broken.seq").write_text(BROKEN)
    done = seqdsl_command("fmt", "broken.seq", "sub/ugly.seq")
    assert done.code == 1 and "SEQ101" in done.err and "broken.seq:1:22" in done.err
    assert done.err.endswith("1 file reformatted\n")
    assert Path("broken.seq").read_text() == BROKEN
    assert Path("sub/ugly.seq").read_text() == NEAT


def test_files_that_can_not_be_had() -> None:
    done = seqdsl_command("fmt", "nosuch.seq", "sub/ugly.seq")
    assert done.code == 2 and "SEQ001" in done.err
    assert Path("sub/ugly.seq").read_text() == NEAT
    Path("empty").mkdir()
    done = seqdsl_command("fmt", "empty")
    assert (done.code, done.err) == (0, "no .seq files in empty\n")


def test_a_file_that_would_become_too_large_to_read_is_left() -> None:
    text = f"network A {{ {'if a { ' * 60}{'relu;' * 3_000}relu {'}' * 61}\n"
    Path("deep.seq").write_text(text)
    done = seqdsl_command("fmt", "deep.seq")
    assert done.code == 1 and "SEQ006" in done.err
    assert Path("deep.seq").read_text() == text


@pytest.mark.skipif(os.name == "nt", reason="permissions and links are POSIX's")
def test_permissions_and_links_stay() -> None:
    Path("sub/ugly.seq").chmod(0o640)
    Path("link.seq").symlink_to("sub/ugly.seq")
    assert seqdsl_command("fmt", "link.seq").code == 0
    assert Path("link.seq").is_symlink()
    assert Path("sub/ugly.seq").read_text() == NEAT
    assert Path("sub/ugly.seq").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("options", "given", "code", "out"),
    [
        ((), UGLY, 0, NEAT),
        ((), NEAT.replace("\n", "\r\n"), 0, NEAT.replace("\n", "\r\n")),
        ((), BROKEN, 1, ""),
        (("--check",), UGLY, 1, "<stdin>\n"),
        (("--check",), NEAT, 0, ""),
    ],
)
def test_standard_input(options: tuple[str, ...], given: str, code: int, out: str) -> None:
    command = [sys.executable, "-m", "seqdsl", "fmt", *options, "-"]
    done = subprocess.run(command, input=given.encode(), capture_output=True)
    assert (done.returncode, done.stdout.decode()) == (code, out)


def test_help_starts_light() -> None:
    code = (
        "import sys\nfrom seqdsl.cli.main import main\n"
        "try: main()\nexcept SystemExit as exit: assert not exit.code\n"
        "print('MODULES', *sys.modules)"
    )
    for arguments, heavy in ((["--help"], {"lark"}), (["neat.seq"], set())):
        command = [sys.executable, "-c", code, "fmt", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        loaded = set(done.stdout.rpartition("MODULES")[2].split())
        assert loaded and not loaded & ({"torch", "onnx", "numpy", "networkx", "rich"} | heavy)
