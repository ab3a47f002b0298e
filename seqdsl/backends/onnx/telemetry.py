"""Turns off what libraries report about those who run them; called before they are imported."""

from __future__ import annotations

import os

ONNXRUNTIME = "ORT_DISABLE_TELEMETRY"  # read once, when onnxruntime is imported


def turn_off() -> None:
    """Turn telemetry off for this process and those that it starts, unless its variable is set."""
    os.environ[ONNXRUNTIME] = os.environ.get(ONNXRUNTIME) or "1"
