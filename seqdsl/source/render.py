"""Diagnostics as text, in the formats that people and programs read."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Literal, TypeAlias

from seqdsl.source.diagnostic import Diagnostic


class OutputFormat(Enum):
    FULL = "full"  # source lines with the spans underlined, in the manner of rustc
    CONCISE = "concise"  # one line each
    JSON = "json"
    SARIF = "sarif"  # 2.1.0
    GITHUB = "github"  # workflow commands


OutputFormatName: TypeAlias = Literal["full", "concise", "json", "sarif", "github"]


def render(diagnostics: Sequence[Diagnostic], format: OutputFormat, color: bool = False) -> str:
    """The text for diagnostics in their order; empty for none, but for JSON and SARIF."""
    from seqdsl.source import render_data, render_text  # a clean file needs neither

    match format:
        case OutputFormat.FULL:
            return render_text.render_full(diagnostics, color)
        case OutputFormat.CONCISE:
            return render_text.render_concise(diagnostics)
        case OutputFormat.JSON:
            return render_data.render_json(diagnostics)
        case OutputFormat.SARIF:
            return render_data.render_sarif(diagnostics)
        case OutputFormat.GITHUB:
            return render_data.render_github(diagnostics)
