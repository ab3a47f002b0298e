"""Runs ONNX models: on CUDA where there is a device, else on the CPU, and says on which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from seqdsl.backends.running import NO_CUDA, Outcome, Provider, refused
from seqdsl.backends.weights import Array

_QUIET = 4  # log nothing short of a crash: what matters is reported by us


class Runner:
    """A model ready to run. Raises `Failure` where onnxruntime refuses it."""

    def __init__(
        self,
        model: onnx.ModelProto | Path,
        provider: Provider = Provider.AUTO,
        *,
        optimise: bool = True,
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        if not optimise:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        wanted = _providers(provider)
        data = str(model) if isinstance(model, Path) else model.SerializeToString()
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=wanted)
        except Exception as error:  # onnxruntime's errors have no common class
            raise refused("onnxruntime", error) from None
        self.provider: str = self._session.get_providers()[0]
        self.note: str | None = None
        if provider is Provider.CUDA and not self.provider.startswith("CUDA"):
            self.note = NO_CUDA

    def __call__(self, array: Array) -> Outcome:
        """Runs a batch ``[N, C, H, W]``."""
        names: Sequence[str] = [output.name for output in self._session.get_outputs()]
        try:
            values: list[Any] = self._session.run(None, {"input": array})
        except Exception as error:
            raise refused("onnxruntime", error) from None
        outputs = {name: np.asarray(v) for name, v in zip(names, values, strict=True)}
        return Outcome(outputs, self.provider, self.note)


def _providers(provider: Provider) -> list[str]:
    if provider is not Provider.CPU and cuda_device():
        preload = getattr(onnxruntime, "preload_dlls", None)
        if preload is not None:
            preload()
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]
    return ["CPUExecutionProvider"]


def cuda_device() -> bool:
    """Whether onnxruntime sees a CUDA device: its list of providers names CUDA even without."""
    devices = getattr(onnxruntime, "get_ep_devices", None)
    if devices is None:
        return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    return any(device.ep_name == "CUDAExecutionProvider" for device in devices())
