"""What is printed stays within what a reader reads."""

import json

from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.render import OutputFormat, render
from seqdsl.source.render_text import MAX_SHOWN
from seqdsl.source.text import Source, Span

SOURCE = Source("net.seq", "x\n" * 4000)


def findings(count: int) -> list[Diagnostic]:
    return [
        Diagnostic(BY_NAME["syntax"], f"finding {i}", Label(Span(SOURCE, 2 * i, 2 * i + 1), ""))
        for i in range(count)
    ]


def test_a_reader_is_shown_fifty() -> None:
    text = render(findings(4000), OutputFormat.FULL)
    assert text.count("error[SEQ101]") == MAX_SHOWN == 50
    assert "... and 3,950 more: `check --output-format concise` lists them all" in text
    assert text.endswith("4000 errors")
    assert "more" not in render(findings(50), OutputFormat.FULL)


def test_other_formats_are_complete() -> None:
    found = findings(400)
    assert len(render(found, OutputFormat.CONCISE).splitlines()) == 400
    assert len(render(found, OutputFormat.GITHUB).splitlines()) == 400
    assert len(json.loads(render(found, OutputFormat.JSON))) == 400
    assert len(json.loads(render(found, OutputFormat.SARIF))["runs"][0]["results"]) == 400
