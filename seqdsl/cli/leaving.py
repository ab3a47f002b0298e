"""How the program ends when it is told to: without a traceback, with the code of shells."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130  # 128 + SIGINT


def leave_at_once() -> None:
    """While the program starts and ends, an interrupt ends the process: nothing is to be undone.

    An exception would be printed by the interpreter, or swallowed by a library that is imported.
    """
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, signal.SIG_DFL):
        signal.signal(signal.SIGINT, _leave)


def leave_in_order() -> None:
    """While a command runs, an interrupt unwinds it: files half written go, children too."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = _leave_or_tell
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _unwind)


@contextmanager
def stopping() -> Iterator[Event]:
    """An event that SIGTERM sets, and then the command ends: for a library that would take it for
    an interrupt.
    """
    event = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGTERM, before)
    if event.is_set():
        raise SystemExit(128 + signal.SIGTERM)


def is_of_an_interrupt(error: BaseException | None) -> bool:
    """Whether an interrupt is behind an exception: some wrap it, as Python 3.11 does where a class
    is made that tells its fields their names.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    os._exit(INTERRUPTED)


def _leave_or_tell(what: UnraisableHookArgs) -> None:
    """An interrupt that came where nothing can be raised, as while a generator is closed."""
    if what.exc_type is not None and issubclass(what.exc_type, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(what)


def _unwind(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
