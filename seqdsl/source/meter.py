"""Measures what a compilation costs, and ends it where that is past a limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic, thread_time

from seqdsl.source.codes import CodeName
from seqdsl.source.limits import LIMITS, way_on

PIECES = 4  # of a feature map, or values of a list, that take as long as a statement
_UNTIL_A_LOOK = 64  # statements: a look costs a tenth of one
_SHORT = 0.1  # seconds that don't matter
_COMPARISONS = 20_000  # of names, for all the hints of a file: a second or two


class OverLimit(Exception):
    """A limit is passed, wherever that is: whoever knows the place in the file tells it."""

    def __init__(self, code: CodeName, message: str, help: str) -> None:
        self.code = code
        self.message = message
        self.help = help
        super().__init__(message)


class Meter:
    """What the networks of a file have cost so far; ``passed`` once one was past a limit."""

    def __init__(self) -> None:
        self._limits = LIMITS.get()
        self._statements = self._nodes = self._edges = self._comparisons = 0
        self._look = 0  # at the clock and the limit, from as many statements on
        self._networks = 0
        self._asked, self._began = -inf, 0.0  # the time when the processor's was, and that
        self.passed = False
        self._restart()

    def next_network(self) -> None:
        """Begins to take the time of a network: of the first, with the reading of its file."""
        if self._networks:
            self._restart()
        self._networks += 1

    def _restart(self) -> None:
        """The processor's clock is slow to ask for: many small networks begin at one time of it."""
        now = monotonic()
        if now - self._asked > _SHORT:
            self._asked, self._began = now, thread_time()
        self._until = now + self._limits.seconds

    def spend(self, work: int = 1) -> None:
        """Counts a statement, a turn of a loop, or work that takes as long as some of them.

        Raises `OverLimit`.
        """
        self._statements += work
        if self._statements < self._look:
            return
        most = self._limits.statements
        self._look = min(self._statements + _UNTIL_A_LOOK, most + 1)
        if self._statements > most:
            raise self._over(
                "statements",
                f"the networks of this file take more than {most:,} statements to expand",
                "nested repeats multiply: is a digit too many somewhere?",
            )
        self.look()

    def look(self) -> None:
        """Holds the time against the limit. Raises `OverLimit`.

        The processor's time is asked for when as much of any time has passed, and when what was
        left of it may be used up: a busy machine makes no file too large.
        """
        if monotonic() < self._until:
            return
        left = self._began + self._limits.seconds - thread_time()
        self._until = monotonic() + left
        if left <= 0:
            raise self._over(
                "seconds",
                f"this file takes longer than {self._limits.seconds} s to compile",
                "repeat less, or build the network from smaller ones",
                "time-limit",
            )

    def spend_on(self, pieces: int) -> None:
        """Counts work on the pieces of a feature map, or on the values of a list."""
        self.spend(1 + pieces // PIECES)

    def node(self, operands: int) -> None:
        """Counts a node and the edges to it. Raises `OverLimit`."""
        self._nodes += 1
        self._edges += operands
        if self._nodes > self._limits.nodes:
            raise self._too_many("nodes", self._limits.nodes)
        if self._edges > self._limits.edges:
            raise self._too_many("edges", self._limits.edges)
        self.spend()

    def hold_pieces(self, count: int) -> None:
        """Holds the pieces of a feature map, the edges of its join, against the limit of edges."""
        self.spend_on(count)
        if count > self._limits.edges:
            raise self._too_many("edges", self._limits.edges)

    def compare(self, names: int) -> None:
        """Counts the names that a misspelt one is held against."""
        self._comparisons += names

    @property
    def statements(self) -> int:
        """The statements that were expanded, and other work that takes as long."""
        return self._statements

    @property
    def hints(self) -> bool:
        """Whether there is time to look for what a misspelt name may have meant."""
        return self._comparisons < _COMPARISONS

    def _too_many(self, what: str, count: int) -> OverLimit:
        message = f"the networks of this file have more than {count:,} {what}"
        return self._over(what, message, "repeat less, or build the network from smaller ones")

    def _over(
        self, limit: str, message: str, help: str, code: CodeName = "node-limit"
    ) -> OverLimit:
        self.passed = True
        stop = " " if help.endswith("?") else "; "
        return OverLimit(code, message, f"{help}{stop}{way_on(limit)}")


METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Measures what is inside: together with what is around it, where that is measured."""
    meter = METER.get()
    if meter is not None:
        yield meter
        return
    meter = Meter()
    token = METER.set(meter)
    try:
        yield meter
    finally:
        METER.reset(token)


@contextmanager
def metered_apart() -> Iterator[Meter]:
    """Measures what is inside by itself, whatever is around it."""
    token = METER.set(None)
    try:
        with metered() as meter:
            yield meter
    finally:
        METER.reset(token)


def current() -> Meter:
    """The meter in force, or a new one."""
    return METER.get() or Meter()


def spend_on(pieces: int) -> None:
    """`Meter.spend_on`, where a compilation is measured."""
    meter = METER.get()
    if meter is not None:
        meter.spend_on(pieces)


def hold_pieces(count: int) -> None:
    """`Meter.hold_pieces`, where a compilation is measured."""
    meter = METER.get()
    if meter is not None:
        meter.hold_pieces(count)
