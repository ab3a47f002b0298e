"""A file of several networks, where a command takes one: each says the same."""

from pathlib import Path

import pytest
from commands import seqdsl_command

import seqdsl

SEVERAL = "".join(
    f"network {name} {{ input 3x8x8; conv 3x3, 4; global_average_pool; fc 3 }}\n" for name in "AB"
)
COMMANDS = {
    "stats": (), "table": (), "expand": (), "verify": (), "bench": (),
    "run": ("x.npy",), "draw": ("-o", "a.svg"), "build": ("-o", "a.py"), "report": ("-o", "a.html"),
    "train": ("--show-recipe",), "eval": ("--data", "digits", "--weights", "a.safetensors"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.seq").write_text(SEVERAL)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_agree(command: str) -> None:
    done = seqdsl_command(command, "two.seq", *COMMANDS[command])
    assert done.code == 2 and not done.out
    assert done.err == (
        "error[SEQ215]: the file has several networks\n"
        " --> two.seq\n"
        "  = help: choose one with `--network`: A, B\n\n"
        "1 error\n"
    )


@pytest.mark.parametrize("command", ["stats", "table", "expand"])
def test_the_way_out_works(command: str) -> None:
    done = seqdsl_command(command, "two.seq", "--network", "B")
    assert done.code == 0 and "B" in done.out


def test_python_says_it_its_own_way() -> None:
    for call in (seqdsl.load, seqdsl.expand):
        with pytest.raises(seqdsl.CompileError, match=r"help: choose one with `network=`: A, B\n"):
            call("two.seq")


def test_parameters_that_a_template_lacks() -> None:
    Path("two.seq").write_text("network T(k, n) { input 3x8x8; conv 3x3, k*n }\n")
    done = seqdsl_command("expand", "two.seq")
    assert done.code == 2 and " = help: give -D k=... -D n=...\n" in done.err
    with pytest.raises(seqdsl.CompileError, match=r"help: give k=\.\.\., n=\.\.\.\n"):
        seqdsl.expand("two.seq")


def test_a_preprocessing_that_does_not_fit() -> None:
    Path("wide.seq").write_text("network W { input 3x16x16; global_average_pool; fc 3 }\n")
    wide = seqdsl.to_onnx(seqdsl.load("wide.seq"), preprocessing="cifar")
    how = next(entry.value for entry in wide.metadata_props if entry.key == "preprocessing")
    options = ("--network", "A", "--preprocessing", how)
    assert "help: give another by --preprocessing\n" in (
        seqdsl_command("run", "two.seq", "x.png", *options).err
    )
    with pytest.raises(seqdsl.CompileError, match=r"help: give another as `preprocessing=`\n"):
        seqdsl.to_onnx(seqdsl.load("two.seq", "A"), preprocessing=how)
