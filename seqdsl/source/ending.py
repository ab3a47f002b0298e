"""Signals that end a command, as exceptions that nothing on their way can lose.

An exception that a signal's handler raises is lost where Python or a library drops it: in a
`__del__`, in a callback from C, behind a bare `except`. So it is followed: where it is gone, and
the main thread handles no other that came of it, the signal is sent once more.
"""

from __future__ import annotations

import signal
import sys
from _thread import get_ident, interrupt_main, start_new_thread
from time import sleep
from types import FrameType
from typing import NoReturn
from weakref import ref

_PERIOD = 0.02  # seconds between looks
_ENOUGH, _GONE, _KEPT = 100, 50, 1  # how sure a look is, of an exception that is gone or is kept


class Interrupted(KeyboardInterrupt):
    """SIGINT has come."""


class Terminated(SystemExit):
    """SIGTERM has come, or another signal that ends a command."""


class Ending:
    """The end of the process's command that a signal asks for, until somebody acts on it."""

    def __init__(self) -> None:
        self._number = 0  # of the signal; 0 for none
        self._error: ref[BaseException] | None = None
        self._turn = 0
        self._main = get_ident()

    def begin(self, number: int, _frame: FrameType | None = None) -> NoReturn:
        """Handle a signal, in the main thread: raise `Interrupted` or `Terminated`."""
        error = Interrupted() if number == signal.SIGINT else Terminated(128 + number)
        self._main = get_ident()
        self._number, self._error, self._turn = number, ref(error), self._turn + 1
        try:
            start_new_thread(self._follow, (self._turn,))
            raise error
        finally:
            del error  # the frame would keep it

    def take(self) -> int:
        """Stop following the exception, which has arrived. Return the signal's number, or 0 where
        none has come since the last call.
        """
        number, self._number, self._error = self._number, 0, None
        return number

    def _follow(self, turn: int) -> None:
        sure = 0
        while self._number and self._turn == turn:
            sleep(_PERIOD)
            error = self._error
            is_gone = error is None or error() is None
            if is_ending(_handled(self._main)):
                sure = 0
            else:
                sure += _GONE if is_gone else _KEPT
            if sure >= _ENOUGH and self._number and self._turn == turn:
                self._send(self._number)
                return

    def _send(self, number: int) -> None:
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(self._main, number)  # this wakes the thread, too
        else:
            interrupt_main(signal.Signals(number))


ENDING = Ending()


def is_ending(error: BaseException | None) -> bool:
    """Whether a signal caused an exception: some are wrapped, as Python 3.11 wraps what
    `__set_name__` raises.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt | Terminated):
        error = error.__cause__ or error.__context__
    return error is not None


def _handled(thread: int) -> BaseException | None:
    """The exception that a thread handles: in an `except`, a `finally` or an `__exit__`."""
    found = sys._current_exceptions().get(thread)
    return found[1] if isinstance(found, tuple) else found
