"""onnxruntime, imported with its telemetry off."""

from seqdsl.backends.onnx.telemetry import turn_off

turn_off()

import onnxruntime  # noqa: E402

__all__ = ["onnxruntime"]
