"""Diagnostics as text, in the formats that people and programs read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.render_data import render_github, render_json, render_sarif
from seqdsl.source.render_text import render_concise, render_full


class OutputFormat(Enum):
    FULL = "full"  # source lines with the spans underlined, in the manner of rustc
    CONCISE = "concise"  # one line each
    JSON = "json"
    SARIF = "sarif"  # 2.1.0
    GITHUB = "github"  # workflow commands


def render(diagnostics: Sequence[Diagnostic], format: OutputFormat, color: bool = False) -> str:
    """The text for diagnostics in their order; empty for none, but for JSON and SARIF."""
    if format is OutputFormat.FULL:
        return render_full(diagnostics, color)
    return _RENDERERS[format](diagnostics)


_RENDERERS: dict[OutputFormat, Callable[[Sequence[Diagnostic]], str]] = {
    OutputFormat.CONCISE: render_concise,
    OutputFormat.JSON: render_json,
    OutputFormat.SARIF: render_sarif,
    OutputFormat.GITHUB: render_github,
}
