"""How the program ends when it is told to: without a traceback, with the code of shells."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from seqdsl.source.ending import ENDING, Terminated, is_ending

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130  # 128 + SIGINT
INTERNAL = 70  # EX_SOFTWARE of sysexits.h: a mistake of ours
_OURS = (signal.SIGINT, signal.SIGTERM)


def leave_at_once() -> None:
    """While the program starts and ends, an interrupt ends the process: nothing is to be undone.

    An exception would be printed by the interpreter, or swallowed by a library that is imported.
    """
    for number in _OURS:
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL, ENDING.begin):
            signal.signal(number, _leave)


def leave_in_order() -> None:
    """While a command runs, a signal unwinds it: files half written go, children too."""
    for number in _OURS:
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL, _leave):
            signal.signal(number, ENDING.begin)
    sys.unraisablehook = _print_others


def exit_code_of_signals(code: str | int | None) -> str | int | None:
    """The exit code of a command: that of the signal that ended it, or else ``code``."""
    number = ENDING.take()
    return 128 + number if number else code


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


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(128 + number)


def _print_others(what: UnraisableHookArgs) -> None:
    """Print what could not be raised, except for a signal's exception, which comes again."""
    with suppress(KeyboardInterrupt, Terminated):  # of a signal that comes just now
        if not is_ending(what.exc_value):
            sys.__unraisablehook__(what)
