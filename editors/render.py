"""Draws docs/highlight.svg and docs/highlight-dark.svg: code, as `SeqLexer` reads it.

    python editors/render.py [FOLDER]

It writes to docs/, or to FOLDER.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Token,
    _TokenType,
)

from seqdsl.highlighting import SeqLexer

ROOT = Path(__file__).parent.parent
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SIZE, LINE, MARGIN = 14, 21, 20
# A column of most of those fonts; whatever the font, a word is set to whole columns.
COLUMN = 8.43


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one ground, by class of token: the nearest class above one counts."""

    ground: str
    frame: str
    colours: dict[_TokenType, str]

    def colour(self, kind: _TokenType) -> str:
        while kind not in self.colours:
            assert kind.parent is not None
            kind = kind.parent
        return self.colours[kind]


def palette(
    ground: str, frame: str, *, text: str, comment: str, word: str, definition: str, layer: str,
    name: str, number: str, size: str, string: str, sign: str,
) -> Palette:  # fmt: skip
    colours: dict[_TokenType, str] = {
        Token: text,
        Comment: comment,
        Comment.Special: word,
        String: string,
        String.Doc: comment,
        Keyword: word,
        Keyword.Constant: number,
        Keyword.Type: definition,
        Operator: sign,
        Operator.Word: word,
        Punctuation: sign,
        Number: size,
        Number.Integer: number,
        Number.Float: number,
        Name: text,
        Name.Class: definition,
        Name.Namespace: definition,
        Name.Function: layer,
        Name.Attribute: name,
        Name.Builtin: number,
        Name.Builtin.Pseudo: word,
    }
    return Palette(ground, frame, colours)


LIGHT = palette(
    "#ffffff", "#d1d9e0", text="#1f2328", comment="#5f6974", word="#8250a8", definition="#0b6e6e",
    layer="#0a58b5", name="#7a5b00", number="#a8400a", size="#b3246b", string="#1d6b35",
    sign="#57606a",
)  # fmt: skip
DARK = palette(
    "#0d1117", "#30363d", text="#e6edf3", comment="#8d96a0", word="#cba6f2", definition="#5fd3c6",
    layer="#79b8ff", name="#e3c26a", number="#ffab70", size="#ff8fc0", string="#8ddb8c",
    sign="#a3acb5",
)  # fmt: skip
PICTURES = {"highlight.svg": LIGHT, "highlight-dark.svg": DARK}


def shown() -> str:
    """Stage conv2 of SeqResNeXt-24, and the layer that it is made of."""
    network = (ROOT / "architectures" / "seqresnext.seq").read_text(encoding="utf-8")
    library = (ROOT / "architectures" / "std" / "seqconv.seq").read_text(encoding="utf-8")
    parts = (
        _cut(library, r"^## Eq\. 2.*?^}$"),
        _cut(network, r"^## .*?^network [^\n]*$") + "\n  # ...",
        _cut(network, r"^  stage conv2 .*?^  }$") + "\n  # ...",
        _cut(network, r"^  expect params.*?^}$"),
    )
    return "{}\n\n{}\n{}\n{}\n".format(*parts)


def _cut(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    assert found is not None, pattern
    return found[0]


def svg(text: str, colours: Palette) -> str:
    """The picture, its words at their columns, at widths that do not hang on the font."""
    lines = text.splitlines()
    width = round(max(map(len, lines)) * COLUMN + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN - (LINE - SIZE)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        "<title>Highlighted code in seqdsl</title>",
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" '
        f'fill="{colours.ground}" stroke="{colours.frame}"/>',
        f'<g font-family="{FONTS}" font-size="{SIZE}" xml:space="preserve">',
    ]
    row = column = 0
    for kind, value in SeqLexer(stripnl=False).get_tokens(text):
        if value == "\n":
            row, column = row + 1, 0
            continue
        if value.strip():
            x, y = MARGIN + column * COLUMN, MARGIN + row * LINE + SIZE - 2
            style = ' font-style="italic"' if kind in (Comment.Single, String.Doc) else ""
            out.append(
                f'<text x="{x:.2f}" y="{y}" fill="{colours.colour(kind)}"{style} '
                f'textLength="{len(value) * COLUMN:.2f}" lengthAdjust="spacingAndGlyphs">'
                f"{escape(value)}</text>"
            )
        column += len(value)
    return "\n".join([*out, "</g>", "</svg>", ""])


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    for name, colours in PICTURES.items():
        (folder / name).write_text(svg(shown(), colours), encoding="utf-8")


if __name__ == "__main__":
    main()
