"""A bar on standard error for work that takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from seqdsl.cli.common import use_color


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """A function to tell what is being done and which part of all the work is done.

    Nothing is shown where standard error is no terminal, and nothing stays when it is over.
    """
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not use_color(sys.stderr))
    columns = (
        SpinnerColumn(), BarColumn(24), TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )  # fmt: skip
    # It is drawn when told to, and not by a thread: that would take time from what is timed.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("starting", total=1.0)

        def tell(what: str, part: float) -> None:
            bar.update(task, description=what, completed=part, refresh=True)

        yield tell
