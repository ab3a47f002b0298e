"""Progress of work that takes long, on standard error: a bar, or lines where it is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeAlias

import click

from seqdsl.cli.common import use_color
from seqdsl.source.timing import spell_time

Report: TypeAlias = Callable[[str, float], None]  # what is being done, and the part that is

_FIRST = 5.0  # seconds before the first line: shorter work is silent
_USUAL = 30.0  # seconds between lines, at least, once a minute has passed
_LATER = 0.005  # and of all that has passed, so that a log of weeks stays short


@contextmanager
def progress_bar() -> Iterator[Report]:
    """Give a function that reports what is being done, and the part of all work that is done.

    On a terminal it moves a bar, which is removed at the end. Else it prints a line now and then:
    after 5, 10 and 20 seconds, and at most every 30 later.
    """
    estimate = Estimate()
    if not sys.stderr.isatty():
        yield Lines(estimate)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not use_color(sys.stderr))
    columns = (
        SpinnerColumn("line"), BarColumn(24), TimeElapsedColumn(),
        TextColumn("{task.fields[left]}{task.description}", markup=False),
    )  # fmt: skip
    # It is drawn when told to, and not by a thread: that would take time from what is timed.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("starting", total=1.0, left="")

        def tell(what: str, part: float) -> None:
            left = estimate.left(part)
            shown = "" if left is None else f"about {spell_time(left)} left, "
            bar.update(task, description=what, completed=part, left=shown, refresh=True)

        yield tell


class Estimate:
    """Estimates how long work will take, by its progress since the first look."""

    def __init__(self) -> None:
        self.began = monotonic()
        self._first: tuple[float, float] | None = None  # when, and the part that was done

    def left(self, part: float) -> float | None:
        """Seconds, where a part of the work is done; None before one is."""
        now = monotonic()
        if self._first is None:
            # a resumed run begins with a part that took no time here
            self._first = (self.began, 0.0) if part < _LITTLE else (now, part)
        since, before = self._first
        if part <= before or now <= since:
            return None
        return (now - since) * max(1 - part, 0) / (part - before)


_LITTLE = 0.01


class Lines:
    """Prints what is reported, and the time that is left, seldom enough for a log."""

    def __init__(self, estimate: Estimate) -> None:
        self._estimate = estimate
        self._next = _FIRST

    def __call__(self, what: str, part: float) -> None:
        left = self._estimate.left(part)
        passed = monotonic() - self._estimate.began
        if passed < self._next:
            return
        self._next = passed + max(min(passed, _USUAL), _LATER * passed)
        shown = "" if left is None else f", about {spell_time(left)} left"
        click.echo(f"[{spell_time(passed)}] {100 * part:.0f} %{shown}: {what}", err=True)
