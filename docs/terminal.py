"""Draws `diagnostics.svg`, what `seqdsl check` prints in a terminal: `python docs/terminal.py`."""

from __future__ import annotations

import io
import os
import re
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

import seqdsl
from seqdsl.source.render import OutputFormat, render

NET = """use std.seqconv

network Net(depth = 3) {
  input 3x32x32
  seqconv 3x3, 64, k=16
  downsample {
    wseqconv 3x3, 32, k=16
    concatenate 128
    conv 3x3, 96, stride=2, groups=6
  }
  wseqcnov 3x3, 96, k=16
}
"""
PICTURE = Path(__file__).with_name("diagnostics.svg")
WIDTH = 88
# foreground, background, and the eight colours of a terminal, dim and bright
THEME = TerminalTheme(
    (27, 31, 39),
    (208, 214, 224),
    [(40, 44, 52), (240, 113, 120), (152, 195, 121), (229, 192, 123), (110, 176, 245),
     (198, 146, 233), (86, 196, 208), (208, 214, 224)],
)  # fmt: skip


def picture() -> str:
    """The findings of a small network with three mistakes, as an SVG without foreign fonts."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("net.seq").write_text(NET)
            text = render(seqdsl.check("net.seq"), OutputFormat.FULL, color=True)
        finally:
            os.chdir(before)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ seqdsl check net.seq\n{text}"))
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono")
    return console.export_svg(title="net.seq", theme=THEME, code_format=form, unique_id="seqdsl")


if __name__ == "__main__":
    PICTURE.write_text(picture())
