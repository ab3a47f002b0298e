"""Names: undefined, unused and shadowed ones, and calls to what is no layer."""

from __future__ import annotations

from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.names.resolve import resolve
from seqdsl.source.diagnostic import Diagnostic


def check_names(module: LoadedModule) -> list[Diagnostic]:
    """What is wrong with the names of a file."""
    return resolve(module).diagnostics
