"""What `seqdsl doctor` finds of a part, and how it asks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

TIMEOUT = 30  # seconds for another's program


class Verdict(Enum):
    """What a part is like."""

    OK = "ok"
    NOTE = "note"  # something can't be used, and the rest does without
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Part:
    """What was found of one part; ``help`` is the way on where something is amiss."""

    name: str
    found: str
    verdict: Verdict = Verdict.OK
    help: str = ""


def guarded(name: str, check: Callable[[], Part]) -> Part:
    """What a check finds; what it raises is a finding, too."""
    try:
        return check()
    except Exception as error:  # a broken library raises whatever it likes
        return Part(name, f"{type(error).__name__}: {first_line(error)}", Verdict.BROKEN)


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def run(command: list[str], given: bytes = b"") -> tuple[int, bytes, str]:
    """The exit code of a program, what it wrote, and the first line that it said."""
    done = subprocess.run(command, input=given, capture_output=True, timeout=TIMEOUT, check=False)
    said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return done.returncode, done.stdout, said[0] if said else ""
