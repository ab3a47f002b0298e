"""``seqdsl explain``"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent, wrap
from typing import TYPE_CHECKING

import click

from seqdsl.cli.common import use_color
from seqdsl.source.codes import BY_ID, BY_NAME, CODES, Code, Severity, find_code
from seqdsl.source.suggest import nearest

if TYPE_CHECKING:
    from seqdsl.source.explanations import Example, Explanation

_COLUMNS = 88  # of text, at most
_INDENT = "  "


@click.command("explain")
@click.argument("code", required=False)
@click.option("--list", "list_all", is_flag=True, help="Every code, one a line.")
def command(code: str | None, list_all: bool) -> None:
    """Explain a diagnostic CODE, such as SEQ309 or add-mismatch, with an example that gives it and
    the same one mended.
    """
    if list_all:
        for each in CODES:
            click.echo(f"{each.id}  {each.name:<22}{each.severity.value:<9}{each.description}")
        return
    if code is None:
        raise click.UsageError("Name a code, or use --list.")
    found = find_code(code)
    if found is None:
        near = nearest(code.upper(), BY_ID) or nearest(code.lower(), BY_NAME)
        hint = f" Did you mean {near}?" if near else " See --list."
        raise click.UsageError(f"No code {code!r} exists.{hint}")
    color = use_color(sys.stdout)
    click.echo("\n\n".join(_parts(found, color)), color=color)


def _parts(code: Code, color: bool) -> Iterator[str]:
    """What is printed, less the empty lines between."""
    from seqdsl.source.explanations import explanation

    explained = explanation(code)
    hue = "red" if code.severity is Severity.ERROR else "yellow"
    yield f"{click.style(code.id, fg=hue, bold=True)} {code.name}, {code.severity.value}"
    for paragraph in explained.text.split("\n\n"):
        yield _wrapped(paragraph)
    for file in explained.files:
        yield _shown(file.name, file.text)
    yield _example("Fails", explained.failing)
    if explained.failing.is_source:
        yield indent(_finding(explained, color), _INDENT)
    yield _example("Mended", explained.mended)


def _example(title: str, example: Example) -> str:
    """A source and the files that it uses, or the files that a command reads and the command."""
    if example.is_source:
        parts = [example.text, *(f"# {file.name}\n{file.text}" for file in example.files)]
    else:
        parts = [f"$ cat {file.name}\n{file.text}" for file in example.files]
        parts.append(f"$ {example.text}")
    return _shown(title, "\n".join(parts))


def _shown(title: str, text: str) -> str:
    return f"{click.style(f'{title}:', bold=True)}\n{indent(text.rstrip(), _INDENT)}"


def _wrapped(paragraph: str) -> str:
    """A paragraph in lines that fit the terminal; what stands in backticks stays on one."""
    width = min(shutil.get_terminal_size().columns, _COLUMNS)
    pieces = paragraph.replace("\n", " ").split("`")
    pieces[1::2] = [piece.replace(" ", "\0") for piece in pieces[1::2]]
    lines = wrap("`".join(pieces), width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def _finding(explained: Explanation, color: bool) -> str:
    """What the compiler says of the example that fails: it is asked."""
    from seqdsl.api import check
    from seqdsl.source.render import OutputFormat, render

    net = Path("net.seq")
    with TemporaryDirectory() as folder, chdir(folder):
        Path(".git").mkdir()  # an import leads no further than here
        net.write_text(explained.failing.text, encoding="utf-8")
        for file in (*explained.files, *explained.failing.files):
            Path(file.name).write_text(file.text, encoding="utf-8")
        found = check(net)
    text = render(found, OutputFormat.FULL, color)
    return text.rpartition("\n\n")[0]  # less the line that counts them
