"""The Python API: a few names that do what the commands do. `seqdsl` hands the public ones on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqdsl.api.calls import check, load
    from seqdsl.api.plain import expand_plainly
    from seqdsl.api.programs import check_file, load_instance, read_program, survey

__all__ = [
    "check",
    "check_file",
    "expand_plainly",
    "load",
    "load_instance",
    "read_program",
    "survey",
]

# Names are fetched when they are first used: a command that checks makes no drawing.
_HOME = {
    "check": "calls",
    "check_file": "programs",
    "expand_plainly": "plain",
    "load": "calls",
    "load_instance": "programs",
    "read_program": "programs",
    "survey": "programs",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'seqdsl.api' has no attribute {name!r}")
    return getattr(import_module(f"seqdsl.api.{_HOME[name]}"), name)
