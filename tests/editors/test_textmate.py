"""The TextMate grammar knows the words of the language, and reads what the compiler does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from reading import CORNERS, EXTENSION, FILES, KEYWORDS, lexed, path_id, roles, where

from seqdsl import highlighting
from seqdsl.semantic.expansion.evaluate import CONSTANTS

GRAMMAR: dict[str, Any] = json.loads(
    (EXTENSION / "syntaxes" / "seq.tmLanguage.json").read_text(encoding="utf-8")
)
MODULES = EXTENSION / "node_modules"
needs_modules = pytest.mark.skipif(
    not (MODULES.is_dir() and shutil.which("node")),
    reason="run `npm ci` in editors/vscode first",
)
LITERALS = {
    "DOC": "comment.line.documentation",
    "COMMENT": "comment.line.number-sign",
    "STRING": "string.quoted.double",
    "SIZE": "constant.numeric.size",
    "NUMBER": "constant.numeric.seq",
    "X": "keyword.operator.wordlike.repeat",
    "CROSS": "keyword.operator.wordlike.repeat",
    "VBAR": "keyword.operator.pipe",
    "EQUAL": "keyword.operator.assignment",
    "_ARROW": "keyword.operator.arrow",
    "COMPARE": "keyword.operator.comparison",
}
WORDS = ("keyword.", "storage.type.", "variable.language.")
ROLES = {
    "class": ("entity.name.type.class",),
    "layer": ("entity.name.function",),
    "function": ("entity.name.function", "support.function"),
    "method": ("entity.name.function.member",),
    "stage": ("entity.name.type.namespace",),
    "module": ("entity.name.type.module",),
    "parameter": ("variable.parameter",),
    "attribute": ("variable.other.property",),
    "type": ("support.type",),
    "value": ("variable.other.definition",),
    "measure": ("support.variable.measure",),
    "recipe": ("support.variable.recipe",),
    "word": ("variable.language",),
    "name": ("variable.other.readwrite", "constant.language", "support.constant"),
}


def patterns(node: object) -> Iterator[tuple[str, str]]:
    """Every regular expression, with the scope that it gives as a whole."""
    if isinstance(node, dict):
        for key in ("match", "begin", "end"):
            if key in node:
                yield node.get("name", ""), node[key]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from patterns(child)


def words(regex: str) -> set[str]:
    return set(re.findall(r"[a-z]{2,}", regex.replace(r"\b", " ")))


def test_keywords_are_the_languages() -> None:
    """In the grammar of the compiler, in Pygments and here."""
    keywords = GRAMMAR["repository"]["keywords"]["patterns"]
    found = set().union(*(words(pattern["match"]) for pattern in keywords))
    assert found == set(KEYWORDS.values()) == set(highlighting.KEYWORDS)


def test_names_are_nowhere_words_of_the_language() -> None:
    lists = [
        words(group)
        for _, regex in patterns(GRAMMAR)
        for group in re.findall(r"\(\?!\(\?:([a-z|]+)\)", regex)
    ]
    assert len(lists) >= 5
    assert all(each - {"x"} == set(KEYWORDS.values()) for each in lists)


def test_words_that_a_bracket_makes_a_name_of() -> None:
    """As the terminal CALLNAME of grammars/seq.lark, and Pygments, have it."""
    keywords = GRAMMAR["repository"]["keywords"]["patterns"]
    stay = [words(p["match"]) for p in keywords if not p["match"].endswith(r"(?!\()")]
    expected = set(re.findall(r"[a-z]{2,}", highlighting._NO_CALL))
    assert set().union(*stay) == expected
    callname = (EXTENSION.parents[1] / "grammars" / "seq.lark").read_text()
    assert f"CALLNAME.2: /{highlighting._NO_CALL}" in callname


def test_constants_are_the_languages() -> None:
    constants = GRAMMAR["repository"]["constants"]["patterns"]
    found = set().union(*(words(pattern["match"]) for pattern in constants))
    assert found == set(CONSTANTS) - {"input"} == set(highlighting.CONSTANTS)


def test_what_it_includes_is_there() -> None:
    included = set(re.findall(r'"include": "#([a-z-]+)"', json.dumps(GRAMMAR)))
    assert included == set(GRAMMAR["repository"])


@pytest.fixture(scope="module")
def scopes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, list[list[str]]]]:
    """By file: its text, and the scopes of each of its code points."""
    corners = tmp_path_factory.mktemp("textmate") / "corners.seq"
    corners.write_text(CORNERS, encoding="utf-8")
    paths = [*FILES, corners]
    command = ["node", str(EXTENSION / "tests" / "tokens.mjs"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {}
    for path, line in zip(paths, done.stdout.splitlines(), strict=True):
        text = path.read_text(encoding="utf-8")
        starts = [0, *(match.end() for match in re.finditer("\n", text))]
        each: list[list[str]] = [[]] * len(text)
        for number, start, end, _, *names in json.loads(line):
            for column in range(start, end):
                each[starts[number] + column] = names
        found["corners" if path == corners else path_id(path)] = text, each
    return found


@needs_modules
@pytest.mark.parametrize("name", [*map(path_id, FILES), "corners"])
def test_tokens_are_the_compilers(
    name: str, scopes: dict[str, tuple[str, list[list[str]]]]
) -> None:
    text, found = scopes[name]
    for token in lexed(text):
        at = f"{where(text, token.start)} {token.kind} {token.text!r}: {found[token.start]}"
        for offset in range(token.start, token.end):
            names = found[offset]
            if token.kind in LITERALS:
                assert any(each.startswith(LITERALS[token.kind]) for each in names), at
            elif token.kind in KEYWORDS:
                assert names[0].startswith(WORDS), at
            elif token.kind in ("NAME", "CALLNAME"):
                assert names[0].startswith(("entity.", "variable.", "support.", "constant.")), at
                assert not names[0].startswith(("variable.language", "constant.numeric")), at


@needs_modules
@pytest.mark.parametrize("name", [*map(path_id, FILES), "corners"])
def test_names_are_what_the_parser_takes_them_for(
    name: str, scopes: dict[str, tuple[str, list[list[str]]]]
) -> None:
    text, found = scopes[name]
    for offset, role in roles(text).items():
        start = offset + len(text[offset:]) - len(text[offset:].lstrip("?."))
        at = f"{where(text, start)} {role} {text[start:][:16]!r}: {found[start]}"
        assert found[start][-1].startswith(ROLES[role]), at


@needs_modules
@pytest.mark.parametrize("script", ["types", "test:grammar", "test:snapshots"])
def test_npm(script: str) -> None:
    """The extension's own tests, but for the one that packages it."""
    command = ["npm", "run", "--silent", script]
    done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
