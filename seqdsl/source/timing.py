"""How long each stage of a command takes, for whoever asks; and how a time is spelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from time import perf_counter, process_time

START, OTHER = "start", "other"  # what was before the first stage, and what is in none


class Timings:
    """Seconds by stage, in the order in which stages begin.

    A stage inside another is not counted for the outer one, so that all add up to the whole.
    """

    def __init__(self) -> None:
        self.seconds = {START: process_time()}
        self._open = [OTHER]
        self._since = perf_counter()

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        self._lap()
        self._open.append(name)
        self.seconds.setdefault(name, 0.0)
        try:
            yield
        finally:
            self._lap()
            self._open.pop()

    def table(self) -> str:
        """A line a stage, with its milliseconds and its share, and one for all of them."""
        self._lap()
        rows = {name: taken for name, taken in self.seconds.items() if name != OTHER}
        rows[OTHER] = self.seconds[OTHER]
        whole = sum(rows.values())
        width = max(map(len, (*rows, "stage")))
        lines = [f"{'stage':<{width}}{'ms':>10}{'share':>8}", "─" * (width + 18)]
        lines += [
            f"{name:<{width}}{1000 * taken:10.1f}{100 * taken / whole:6.1f} %"
            for name, taken in (*rows.items(), ("total", whole))
        ]
        return "\n".join(lines)

    def _lap(self) -> None:
        """Counts the time since the last lap for the stage that is open."""
        now = perf_counter()
        name = self._open[-1]
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


TIMINGS: ContextVar[Timings | None] = ContextVar("timings", default=None)
_UNMEASURED = nullcontext()


def stage(name: str) -> AbstractContextManager[None]:
    """Measures what is inside, where timings are kept; else does nothing."""
    timings = TIMINGS.get()
    return _UNMEASURED if timings is None else timings.measure(name)


def spell_time(seconds: float) -> str:
    """``1:05``, or ``2:00:05`` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
