"""The conventions are one table, which the docs print too."""

import re

from networks import ROOT

from seqdsl.graph.conventions import CONVENTIONS, MACS


def test_the_docs_list_every_convention() -> None:
    text = (ROOT / "docs" / "counting.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(CONVENTIONS)
    assert f"counts by `{MACS.name}`" in text and MACS.name == "macs"


def test_headings_and_notes_tell_conventions_apart() -> None:
    headings = [convention.heading for convention in CONVENTIONS.values()]
    assert len(set(headings)) == len(headings)
    for convention in CONVENTIONS.values():
        assert convention.note.startswith(f"{convention.heading} for one sample: ")
