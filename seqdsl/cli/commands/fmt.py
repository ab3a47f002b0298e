"""``seqdsl fmt``"""

from __future__ import annotations

import sys
from difflib import unified_diff
from enum import Enum
from pathlib import Path

import click

from seqdsl.cli.common import exit_code, say, show, use_color
from seqdsl.cli.streams import print_source
from seqdsl.source.diagnostic import CompileError, Diagnostic, Failure
from seqdsl.source.discover import STDIN, discover
from seqdsl.source.limits import LIMITS
from seqdsl.source.text import Source
from seqdsl.source.timing import stage

_COLORS = {"+": "green", "-": "red", "@": "cyan"}


class Mode(Enum):
    WRITE = "write"
    CHECK = "check"
    DIFF = "diff"


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[FILES]...")
@click.option("--check", "mode", flag_value="check", help="Write nothing; list what would change.")
@click.option("--diff", "mode", flag_value="diff", help="Write nothing; show what would change.")
def command(paths: tuple[str, ...], mode: str | None) -> None:
    """Lay FILES out in the manner of the standard library.

    A folder stands for its .seq files, less those that git ignores; without FILES, those of the
    current folder are formatted. `-` is standard input, and is written to standard output. A file
    with a syntax error is left as it is. Exit code 1 where there is one and, with --check or
    --diff, where a file would change.
    """
    paths = paths or (".",)
    chosen = Mode(mode or "write")
    outcomes: list[bool] = []  # whether a file is, or would be, another
    diagnostics: list[Diagnostic] = []
    for name in discover(paths):
        try:
            outcomes.append(_format(name, chosen))
        except CompileError as error:
            diagnostics += error.diagnostics
        except Failure as failure:
            diagnostics.append(failure.diagnostic)
    show(diagnostics)
    if not (outcomes or diagnostics):
        say(f"no .seq files in {', '.join(paths)}")
    elif outcomes and paths != (STDIN,):
        click.echo(_summary(sum(outcomes), len(outcomes), chosen), err=True)
    sys.exit(exit_code(diagnostics) or int(chosen is not Mode.WRITE and any(outcomes)))


def _format(name: str, mode: Mode) -> bool:
    """Formats a file and tells whether that changes it. Raises `CompileError` and `Failure`."""
    with stage("import"):
        from seqdsl.semantic.names.reading import DISK, read_stdin, too_large
        from seqdsl.syntax.format import format_source

    source = read_stdin() if name == STDIN else DISK.read(Path(name), name)
    with stage("format"):
        text = format_source(source)
    data = text.encode()
    if len(data) > LIMITS.get().bytes:  # indentation made it so: nothing could read it again
        raise too_large(name)
    changes = text != source.text
    if mode is Mode.WRITE and name == STDIN:
        print_source(text)
    elif changes and mode is Mode.WRITE:
        from seqdsl.backends.files import write_whole

        write_whole(Path(name), data)
    elif changes and mode is Mode.CHECK:
        click.echo(source.name)
    elif changes:
        _show_difference(source, text)
    return changes


def _show_difference(source: Source, text: str) -> None:
    from seqdsl.source.render_text import printable

    color = use_color(sys.stdout)
    for line in unified_diff(_lines(source.text), _lines(text), source.name, source.name):
        if color:
            shown = printable(line.rstrip("\n").expandtabs())
            click.secho(shown, fg=_COLORS.get(line[0]), color=True)
        else:
            click.echo(line, nl=False)


def _lines(text: str) -> list[str]:
    """The lines of a text, and what a diff says of a last line that does not end."""
    *whole, last = text.split("\n")
    lines = [f"{line}\n" for line in whole]
    return [*lines, f"{last}\n\\ No newline at end of file\n"] if last else lines


def _summary(changed: int, count: int, mode: Mode) -> str:
    files = "file" if (changed or count) == 1 else "files"
    if not changed:
        return f"{count} {files} left unchanged"
    done = "reformatted" if mode is Mode.WRITE else "would be reformatted"
    left = f", {count - changed} left unchanged" if changed < count else ""
    return f"{changed} {files} {done}{left}"
