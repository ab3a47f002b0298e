"""Codes: each fact in one place, under names that the type checker knows."""

import ast
from pathlib import Path
from typing import get_args

import pytest
from networks import ROOT

from seqdsl.source.codes import (
    BY_ID,
    BY_NAME,
    CODES,
    ClaimFault,
    Code,
    CodeName,
    Severity,
    find_code,
)

SOURCES = [path for path in (ROOT / "seqdsl").rglob("*.py") if path.name != "codes.py"]


def test_the_type_checker_knows_every_name() -> None:
    assert get_args(CodeName) == tuple(code.name for code in CODES)
    assert len(BY_NAME) == len(BY_ID) == len(CODES)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_facts_agree(code: Code) -> None:
    if code.claim is ClaimFault.FALSE:
        assert code.severity is Severity.ERROR and code.whole_file
    if code.id.startswith("SEQ4"):
        assert code.claim is not None
    if code.unnecessary or code.always_shown:
        assert code.severity is Severity.WARNING
    if code.hides_names or code.unknown_name or code.flow or code.usage:
        assert code.severity is Severity.ERROR


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_facts_are_fields(path: Path) -> None:
    """A list of names of codes elsewhere would be a fact that their table doesn't know."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Set | ast.Tuple | ast.List) and len(node.elts) > 1:
            named = [isinstance(e, ast.Constant) and e.value in BY_NAME for e in node.elts]
            assert not all(named), f"{path}:{node.lineno}"


@pytest.mark.parametrize("word", ["SEQ203", "seq203", "unused-name", "Unused-Name"])
def test_a_code_is_found_by_either_name(word: str) -> None:
    assert find_code(word) is BY_NAME["unused-name"]


def test_a_word_that_is_no_code() -> None:
    assert find_code("unused") is None
