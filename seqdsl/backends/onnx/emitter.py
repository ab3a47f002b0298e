"""What puts nodes and constants into an ONNX model."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Emitter(Protocol):
    """Takes nodes and constants into a model."""

    def emit(
        self, kind: str, inputs: list[str], name: str, output: str | None = None, **attributes: Any
    ) -> None: ...

    def weight(self, key: str, array: np.ndarray[Any, Any]) -> str: ...
