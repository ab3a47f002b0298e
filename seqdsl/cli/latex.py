"""Text for LaTeX: what is printed needs no package but booktabs."""

from __future__ import annotations

import re
from textwrap import wrap


def escape_latex(text: str) -> str:
    """Text that pdflatex prints as it is, with sizes as they are typeset: ``$3\\times3$``."""
    if text == "-":  # that there is nothing
        return "--"
    escaped = "".join(_LATEX.get(character, character) for character in text)
    return _SIZE.sub(lambda size: f"${size[0].replace('x', _TIMES)}$", escaped)


_TIMES = r"\times"
_SIZE = re.compile(r"(?<![\w.])\d+(?:x\d+)+(?![\w.])")


def latex_number(text: str) -> str:
    """A number, with a minus sign where a hyphen stands for one."""
    minus = re.match(r"-(?=\.?\d)", text)
    return f"$-${escape_latex(text[1:])}" if minus else escape_latex(text)


def latex_layer(text: str) -> str:
    """A layer as the paper's tables set it: ``$3\\times3$, 128, $k=32$``."""
    return re.sub(r"\b([kc])=(\d+)", r"$\1=\2$", escape_latex(text))


def latex_comment(text: str) -> list[str]:
    """Lines of a comment."""
    return [f"% {part}" for line in text.splitlines() for part in wrap(line, 98)]


def latex_lines(lines: list[str], tall: list[bool]) -> str:
    """A cell of several lines, which are LaTeX, with space around those that are tall."""
    if len(lines) == 1:
        return lines[0]
    rows = [rf"  {lines[0]} \\"]
    for at, line in enumerate(lines[1:], 1):
        rows += [r"  \addlinespace[3pt]"] if any(tall[at - 1 : at + 1]) else []
        rows.append(rf"  {line} \\")
    return "\n".join([r"\begin{tabular}[c]{@{}l@{}}", *rows, r"\end{tabular}"])


_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"$\sim$",
    "^": r"\textasciicircum{}",
    # The first font of LaTeX has other characters in their places.
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "×": r"$\times$",
    "→": r"$\to$",
    "−": "$-$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "µ": r"$\mu$",
    "·": r"$\cdot$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "§": r"\S{}",
    "¶": r"\P{}",
}
