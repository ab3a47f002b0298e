"""seqdsl: a language for convolutional architectures, and its compiler."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqdsl.api.calls import check, expand, load, render
    from seqdsl.api.drawings import Drawing
    from seqdsl.api.exports import recorded, to_onnx, to_torch
    from seqdsl.api.listing import Available, Parameter, networks
    from seqdsl.api.network import Network
    from seqdsl.api.parts import Parts
    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.backends.verify import Comparison
    from seqdsl.backends.weights.recorded import Recorded
    from seqdsl.graph.costs import Cost
    from seqdsl.graph.statistics import Level, Part
    from seqdsl.passes.difference.compare import NetworkDiff
    from seqdsl.source.diagnostic import CompileError, Diagnostic
    from seqdsl.source.raising import limits

__version__ = "0.1.0"
# Names are fetched when they are first used, so that `seqdsl --help` starts at once.
_HOME = {
    "Available": "seqdsl.api.listing",
    "Comparison": "seqdsl.backends.verify",
    "CompileError": "seqdsl.source.diagnostic",
    "Cost": "seqdsl.graph.costs",
    "Diagnostic": "seqdsl.source.diagnostic",
    "Drawing": "seqdsl.api.drawings",
    "Level": "seqdsl.graph.statistics",
    "Network": "seqdsl.api.network",
    "NetworkDiff": "seqdsl.passes.difference.compare",
    "Parameter": "seqdsl.api.listing",
    "Part": "seqdsl.graph.statistics",
    "Parts": "seqdsl.api.parts",
    "Preprocessing": "seqdsl.backends.inputs.preprocessing",
    "Recorded": "seqdsl.backends.weights.recorded",
    "check": "seqdsl.api.calls",
    "expand": "seqdsl.api.calls",
    "limits": "seqdsl.source.raising",
    "load": "seqdsl.api.calls",
    "networks": "seqdsl.api.listing",
    "recorded": "seqdsl.api.exports",
    "render": "seqdsl.api.calls",
    "to_onnx": "seqdsl.api.exports",
    "to_torch": "seqdsl.api.exports",
}
__all__ = [
    "Available",
    "Comparison",
    "CompileError",
    "Cost",
    "Diagnostic",
    "Drawing",
    "Level",
    "Network",
    "NetworkDiff",
    "Parameter",
    "Part",
    "Parts",
    "Preprocessing",
    "Recorded",
    "check",
    "expand",
    "limits",
    "load",
    "networks",
    "recorded",
    "render",
    "to_onnx",
    "to_torch",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'seqdsl' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """The public names alone: no submodules, and nothing that this file needs for itself."""
    return [*__all__, "__version__"]
