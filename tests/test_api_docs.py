"""The page of the Python API is made of docstrings, whose examples run."""

import doctest
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest
from networks import ROOT

import seqdsl


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("api_page", ROOT / "docs" / "api.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_its_command_makes() -> None:
    assert (ROOT / "docs" / "api.md").read_text() == script().page()


def test_the_page_has_every_public_name_once() -> None:
    named = [name for names in script().SECTIONS.values() for name in names]
    assert sorted(named) == sorted(seqdsl.__all__)


@pytest.mark.parametrize("name", seqdsl.__all__)
def test_a_public_name_says_what_it_is(name: str) -> None:
    value = getattr(seqdsl, name)
    assert inspect.getdoc(value)
    if inspect.isclass(value):
        for member, about in script().members(value):
            assert inspect.getdoc(about), f"{name}.{member}"


def test_the_examples_print_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = {name: getattr(seqdsl, name) for name in seqdsl.__all__}
    found = [
        test
        for name, value in names.items()
        for test in doctest.DocTestFinder(recurse=True).find(value, name, globs=dict(names))
        if test.examples
    ]
    runner = doctest.DocTestRunner()
    for test in found:
        assert runner.run(test).failed == 0, test.name
    assert runner.tries == (ROOT / "docs" / "api.md").read_text().count(">>> ")
