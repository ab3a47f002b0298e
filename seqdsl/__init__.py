"""seqdsl: a language for convolutional architectures, and its compiler."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqdsl.api import check, expand, load, recorded, to_onnx, to_torch
    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.graph.network import Network
    from seqdsl.graph.statistics import Level
    from seqdsl.source.diagnostic import CompileError, Diagnostic
    from seqdsl.source.raising import limits

__version__ = "0.1.0"
__all__ = [
    "CompileError",
    "Diagnostic",
    "Level",
    "Network",
    "Preprocessing",
    "check",
    "expand",
    "limits",
    "load",
    "recorded",
    "to_onnx",
    "to_torch",
]

# Names are fetched when they are first used, so that `seqdsl --help` starts at once.
_HOME = {
    "CompileError": "seqdsl.source.diagnostic",
    "Diagnostic": "seqdsl.source.diagnostic",
    "Level": "seqdsl.graph.statistics",
    "Network": "seqdsl.graph.network",
    "Preprocessing": "seqdsl.backends.inputs.preprocessing",
    "limits": "seqdsl.source.raising",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'seqdsl' has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "seqdsl.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
