"""seqdsl: a language for convolutional architectures, and its compiler."""

from __future__ import annotations

from seqdsl.api import check, load, to_onnx, to_torch
from seqdsl.graph.network import Network
from seqdsl.source.diagnostic import CompileError, Diagnostic

__version__ = "0.1.0"
__all__ = ["CompileError", "Diagnostic", "Network", "check", "load", "to_onnx", "to_torch"]
