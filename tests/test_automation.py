"""docs/checking.md, and what it tells of: hooks, the action. And what a wheel has."""

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from networks import ROOT

import seqdsl

DOCUMENT = (ROOT / "docs" / "checking.md").read_text()
LINES = [
    line.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    for line in block.splitlines()
]
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text()
ACTION = (ROOT / ".github" / "actions" / "check" / "action.yml").read_text()
GOOD = "network A { input 3x8x8; conv 3x3, 4 }\n"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder with the library and the examples, and this Python first on the path."""
    monkeypatch.chdir(tmp_path)
    for name in ("architectures", "examples"):
        shutil.copytree(ROOT / name, name)
    (tmp_path / ".config/fish/completions").mkdir(parents=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "HOME": str(tmp_path), "RUNNER_TEMP": str(tmp_path), "PATH": path}


@pytest.mark.parametrize("line", LINES)
def test_line_of_the_document(line: str, environment: dict[str, str]) -> None:
    if "--watch" not in line:
        done = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True)
        assert done.returncode == 0 and "no .seq" not in done.stderr, done.stdout + done.stderr
        return
    with subprocess.Popen(
        line.split(), env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "watching architectures" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_limits_of_the_document() -> None:
    from dataclasses import asdict

    from seqdsl.source.limits import Limits

    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", DOCUMENT, re.MULTILINE)
    assert {name: int(count.replace(",", "")) for name, count in rows} == asdict(Limits())


def test_comments_that_allow_as_the_document_has_them(tmp_path: Path) -> None:
    (snippet,) = re.findall(r"```seq\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "net.seq").write_text(snippet)
    assert not seqdsl.check(tmp_path / "net.seq")
    (tmp_path / "net.seq").write_text(re.sub("# seqdsl.*", "", snippet))
    assert {d.code.id for d in seqdsl.check(tmp_path / "net.seq")} == {"SEQ203", "SEQ324"}


def test_formats_of_the_document() -> None:
    from seqdsl.source.render import OutputFormat

    assert re.findall(r"^\| `(\w+)` \|.*standard", DOCUMENT, re.MULTILINE) == [
        format.value for format in OutputFormat
    ]


def test_hooks_are_commands() -> None:
    from seqdsl.cli.main import COMMANDS

    assert re.findall(r"^- id: (.*)", HOOKS, re.MULTILINE) == ["seqdsl-check", "seqdsl-fmt"]
    for entry in re.findall(r"entry: (.*)", HOOKS):
        program, command = entry.split()
        assert program == "seqdsl" and command in COMMANDS
    assert HOOKS.count(r"files: \.seq$") == HOOKS.count("language: system") == 2
    assert set(re.findall(r"- id: (seqdsl-.*)", DOCUMENT)) == {"seqdsl-check", "seqdsl-fmt"}


def test_inputs_of_the_action() -> None:
    inputs = ACTION[ACTION.index("inputs:") : ACTION.index("runs:")]
    names = re.findall(r"^  ([\w-]+):", inputs, re.MULTILINE)
    used = set(re.findall(r"inputs\.([\w-]+)", ACTION))
    told = re.findall(r"^\| `([\w-]+)` \|", DOCUMENT.partition("| input |")[2], re.MULTILINE)
    assert set(names) == used == set(told)


def test_the_action_checks(environment: dict[str, str]) -> None:
    script = textwrap.dedent(ACTION.rpartition("run: |\n")[2])
    given = {**environment, "PATHS": "nets", "ARGS": "", "SARIF": "found.sarif"}
    Path("nets").mkdir()
    for text, code in ((GOOD, 0), (GOOD.replace("conv", "cnv"), 1)):
        Path("nets/a.seq").write_text(text)
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
        done = subprocess.run(command, env=given, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert ("::error title=SEQ201" in done.stderr) == bool(code)
        assert ('"ruleId": "SEQ201"' in Path("found.sarif").read_text()) == bool(code)


def test_what_the_action_installs_is_enough() -> None:
    """Checking imports no library but those."""
    installed = re.search(r"--target \S+ ([a-z ]+)$", ACTION, re.MULTILINE)
    assert installed is not None
    code = (
        "import sys, importlib.metadata as metadata\nfrom seqdsl.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(*{d for name, ds in metadata.packages_distributions().items() if name in loaded"
        " for d in ds})"
    )
    folder = str(ROOT / "architectures")
    command = [sys.executable, "-c", code, "check", folder, "--output-format", "sarif"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    needed = set(done.stdout.splitlines()[-1].split()) - {"seqdsl", "setuptools"}
    assert needed <= set(installed[1].split())


def test_a_wheel_has_every_package() -> None:
    """An editable install finds what is not listed, too."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = (path.parent for path in (ROOT / "seqdsl").rglob("__init__.py"))
    assert {".".join(folder.relative_to(ROOT).parts) for folder in folders} <= set(listed)
