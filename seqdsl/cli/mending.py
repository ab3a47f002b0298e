"""``seqdsl check --fix``: what can be mended is, in the files themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from seqdsl.backends.files import write_whole
from seqdsl.cli.common import fail_with
from seqdsl.passes.mend import mended
from seqdsl.semantic.names.reading import DISK
from seqdsl.source.diagnostic import Diagnostic, Failure


def mend(files: Sequence[str], *, unsafe: bool) -> None:
    """Mends files, each written whole, and says how much. The check tells what can't be read."""
    total = touched = 0
    for file in files:
        try:
            source = DISK.read(Path(file), file)
        except Failure:
            continue
        text, count = mended(source, Path(file), unsafe=unsafe)
        if count:
            try:
                write_whole(Path(file), text.encode())
            except Failure as failure:
                fail_with(failure)
            total, touched = total + count, touched + 1
    where = f" in {touched} files" if touched > 1 else ""
    if total:
        click.echo(f"{total} fixed{where}", err=True)


def fixable(diagnostics: Sequence[Diagnostic], *, tried: bool) -> str | None:
    """What `--fix` would do about findings; those that it has done are gone."""
    fixes = [d.fix for d in diagnostics if d.fix is not None]
    safe = sum(fix.safe for fix in fixes)
    parts = [f"{safe} fixable with `--fix`"] if safe and not tried else []
    if len(fixes) > safe:
        guesses = len(fixes) - safe
        more = "more" if parts else "fixable"
        parts.append(f"{guesses} {more} with `--fix --unsafe-fixes`, by guess")
    return ", ".join(parts) or None
