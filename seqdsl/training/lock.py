"""One process at a time trains in a run's folder: others are refused, and learn which it is.

The system holds the lock for the process, so one that is killed leaves nothing that blocks. Reading
a run, as `eval` and `plot` do, needs none.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from seqdsl.backends.files import regular_bytes
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen_value
from seqdsl.source.json_text import parse_json
from seqdsl.training.run import Run

LOCK, OWNER = ".lock", ".lock.json"
_WORKERS_END = 30.0  # seconds in which the data workers of a process that was killed end, too


@frozen_value
class Owner:
    """Who trains in a folder."""

    host: str
    process: int
    since: str

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}"


@contextmanager
def held(run: Run) -> Iterator[None]:
    """Lock the folder of a run for this process. Raises `Failure` where another has it."""
    is_new = not run.folder.exists()
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run.folder / LOCK)
        _acquire(lock, run)
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise unlocated(
            "unfit-run", f"{run.folder} can't be made or locked: {reason}", run.folder,
            "name another folder",
        ) from None  # fmt: skip
    owner = run.folder / OWNER
    now = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
    try:
        with suppress(OSError):  # a full disk: the run itself will say so
            owner.write_text(json.dumps([socket.gethostname(), os.getpid(), now]), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            owner.unlink()
            if is_new and [path.name for path in run.folder.iterdir()] == [LOCK]:
                (run.folder / LOCK).unlink()  # nothing came of the run
                run.folder.rmdir()
        lock.release()


def _acquire(lock: FileLock, run: Run) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = _read(run.folder / OWNER)
        if owner is None or not _is_gone(owner):
            raise _taken(run, owner) from None
        try:
            lock.acquire(timeout=_WORKERS_END)
        except Timeout:
            raise _taken(run, owner) from None


def _read(path: Path) -> Owner | None:
    try:
        match parse_json(regular_bytes(path)):
            case [str(host), int(process), str(since)]:
                return Owner(host, process, since)
    except (OSError, ValueError):
        pass
    return None


def _is_gone(owner: Owner) -> bool:
    """Whether the process was of this machine, and has ended; only POSIX lets one ask."""
    if os.name != "posix" or owner.host != socket.gethostname():
        return False
    try:
        os.kill(owner.process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _taken(run: Run, owner: Owner | None) -> Failure:
    return unlocated(
        "unfit-run",
        f"another process trains in {run.folder}: {owner or 'which one is not known'}",
        run.folder,
        "wait for its end, or name another folder",
    )
