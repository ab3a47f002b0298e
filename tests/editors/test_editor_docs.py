"""What docs/editors.md tells to write is well formed, and what it tells to run runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from networks import ARCHITECTURES, ROOT
from pygments.lexers import get_lexer_by_name
from pygments.token import Error

TEXT = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
PACKAGE = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text())


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_configuration_of_helix() -> None:
    (snippet,) = snippets("toml")
    configuration = tomllib.loads(snippet)
    (language,) = configuration["language"]
    for name in language["language-servers"]:
        server = configuration["language-server"][name]
        assert [server["command"], *server["args"]] == ["seqdsl", "lsp"]
    assert language["scope"] == PACKAGE["contributes"]["grammars"][0]["scopeName"]
    assert [f".{each}" for each in language["file-types"]] == [".seq"]


@pytest.mark.skipif(not shutil.which("luac5.4"), reason="needs luac5.4 (Debian's lua5.4)")
def test_configuration_of_neovim(tmp_path: Path) -> None:
    (snippet,) = snippets("lua")
    (tmp_path / "init.lua").write_text(snippet)
    command = ["luac5.4", "-p", "init.lua"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_settings_of_vs_code() -> None:
    known = PACKAGE["contributes"]["configuration"]["properties"]
    for snippet in snippets("json"):
        assert set(json.loads(snippet)) <= set(known)
    named = set(re.findall(r"`(seqdsl\.[a-z.]+)`", TEXT))
    assert named == set(known)


def test_scripts_of_npm() -> None:
    readme = (ROOT / "editors" / "vscode" / "README.md").read_text()
    named = set(re.findall(r"npm run ([a-z:]+)", TEXT + readme))
    assert named <= set(PACKAGE["scripts"])


def test_command_of_pygments(tmp_path: Path) -> None:
    (line,) = re.findall(r"^pygmentize (.*)$", TEXT, re.MULTILINE)
    (tmp_path / "architectures").symlink_to(ARCHITECTURES)
    command = [sys.executable, "-m", "pygments", *line.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "net.html").read_text()
    assert '<span class="nc">SeqResNeXt24</span>' in html and 'class="err"' not in html


def test_code_of_the_documents_has_colours() -> None:
    """Every fence that is marked `seq`, of every document."""
    lexer = get_lexer_by_name("seq")
    texts = [path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]]
    code = [each for text in texts for each in re.findall(r"```seq\n(.*?)```", text, re.DOTALL)]
    assert len(code) > 7
    assert not [each for each in code if Error in {kind for kind, _ in lexer.get_tokens(each)}]


def test_pictures_of_the_document_are_there() -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT):
        assert 0 < (ROOT / "docs" / name).stat().st_size < 200_000
