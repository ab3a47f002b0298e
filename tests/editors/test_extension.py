"""The parts of the VS Code extension that need no editor."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from networks import ROOT

sys.path.insert(0, str(Path(__file__).parent))
from reading import EXTENSION, LIBRARY, path_id

import seqdsl
from seqdsl.source.text import Source
from seqdsl.syntax.parser import parse

PACKAGE: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text())
CONFIGURATION: dict[str, Any] = json.loads((EXTENSION / "language-configuration.json").read_text())
SNIPPETS: dict[str, Any] = json.loads((EXTENSION / "snippets" / "seq.json").read_text())


def expanded(body: list[str]) -> str:
    """What a snippet writes where nothing is filled in."""
    text = re.sub(r"\$\{\d+\|([^,|]+)[^}]*\|\}", r"\1", "\n".join(body))
    return re.sub(r"\$0|\$\{\d+:([^{}]*)\}", lambda match: match[1] or "", text)


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet_is_in_the_language(name: str) -> None:
    text = expanded(SNIPPETS[name]["body"])
    assert "$" not in text
    if text.lstrip("#").split()[0] not in ("What", "network", "model"):
        text = f"network N {{\n{text}\n}}"
    module, diagnostics = parse(Source("snippet.seq", text + "\n"))
    assert module.items and not diagnostics, text


def test_the_snippet_of_a_network_compiles(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(expanded(SNIPPETS["Network"]["body"]) + "\n")
    assert not seqdsl.check(path)


def test_what_the_extension_names_is_there() -> None:
    contributed = PACKAGE["contributes"]
    named = [
        *(each["configuration"] for each in contributed["languages"]),
        *(each["path"] for each in contributed["grammars"] + contributed["snippets"]),
    ]
    kept = (EXTENSION / ".vscodeignore").read_text().splitlines()
    for name in named:
        assert (EXTENSION / name).is_file() and "!" + name.removeprefix("./") in kept
    assert "!" + PACKAGE["main"].removeprefix("./") in kept


def test_it_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = json.loads((EXTENSION / "package-lock.json").read_text())
    assert PACKAGE["version"] == lock["version"] == project["version"]


def test_a_scope_of_a_semantic_token_is_one_of_the_grammars() -> None:
    """Or one from which some of them derive."""
    grammar = (EXTENSION / "syntaxes" / "seq.tmLanguage.json").read_text()
    (mapped,) = PACKAGE["contributes"]["semanticTokenScopes"]
    for scope in (each for scopes in mapped["scopes"].values() for each in scopes):
        assert f'"{scope.removesuffix(".seq")}.' in grammar, scope


@pytest.mark.parametrize("path", LIBRARY, ids=path_id)
def test_typing_a_file_indents_it_as_it_is(path: Path) -> None:
    """By the rules of the language configuration; a statement's further lines are free."""
    rules = CONFIGURATION["indentationRules"]
    more, less = (
        re.compile(rules[key]) for key in ("increaseIndentPattern", "decreaseIndentPattern")
    )
    depth, above = 0, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        goes_on = above.endswith((",", "=", "+", "and", "or")) and not open_brackets(above)
        above += line.partition("#")[0].rstrip()
        if not line.strip() or line.lstrip().startswith("|") or goes_on:
            continue
        depth -= 2 * bool(less.match(line))
        assert len(line) - len(line.lstrip()) == depth, f"{number}: {line}"
        depth += 2 * bool(more.match(line))


def open_brackets(text: str) -> int:
    code = re.sub(r'"[^"]*"', "", text)
    return sum(map(code.count, "([")) - sum(map(code.count, ")]"))
