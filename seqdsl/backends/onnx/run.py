"""Runs ONNX models: on CUDA where there is a device, else on the CPU, and says on which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from seqdsl.backends.arrays import Array, Outputs
from seqdsl.backends.onnx.quiet_onnxruntime import onnxruntime
from seqdsl.backends.running import NO_CUDA, Outcome, Provider, refused
from seqdsl.source.diagnostic import Failure

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
        self._name = _name(model)
        options = _options()
        if not optimise:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session = _session(model, options, _providers(provider))
        self._input: str = self._session.get_inputs()[0].name
        self.provider: str = self._session.get_providers()[0]
        self.note: str | None = None
        if provider is Provider.CUDA and not self.provider.startswith("CUDA"):
            self.note = NO_CUDA

    def __call__(self, array: Array) -> Outcome:
        """Runs a batch ``[N, C, H, W]``."""
        names: Sequence[str] = [output.name for output in self._session.get_outputs()]
        try:
            values: list[Any] = self._session.run(None, {self._input: array})
        except Exception as error:
            raise refused("onnxruntime", error, self._name) from None
        outputs = {name: np.asarray(v) for name, v in zip(names, values, strict=True)}
        return Outcome(outputs, self.provider, self.note)


class BoundRunner:
    """A model at one size of input, which stays where the model runs, as do its outputs.

    On CUDA the kernels are launched as one CUDA graph where onnxruntime can capture it, and
    ``captures`` tells whether; nothing is copied between runs. Sessions that are idle do not
    spin. Raises `Failure` where onnxruntime refuses the model.
    """

    def __init__(
        self,
        model: onnx.ModelProto | Path,
        array: Array,
        provider: Provider = Provider.AUTO,
        *,
        threads: int | None = None,
    ) -> None:
        self._name = _name(model)
        wanted = _providers(provider)
        self.captures = wanted[0] == _CUDA
        self._open(model, array, wanted, threads)
        try:
            self()
        except Failure:
            if not self.captures:
                raise
            self.captures = False
            self._open(model, array, wanted, threads)
            self()

    def _open(
        self,
        model: onnx.ModelProto | Path,
        array: Array,
        wanted: Sequence[str],
        threads: int | None,
    ) -> None:
        options = _options()
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.add_free_dimension_override_by_name("batch", len(array))
        if threads is not None:
            options.intra_op_num_threads = threads
        capturing = {_CUDA: {"enable_cuda_graph": "1"}} if self.captures else {}
        try:
            self._session = _session(model, options, [(p, capturing.get(p, {})) for p in wanted])
        except Failure:
            if not self.captures:
                raise
            self.captures = False  # some of its operations are none of CUDA's
            self._session = _session(model, options, wanted)
        used: str = self._session.get_providers()[0]
        self.device = used.removesuffix("ExecutionProvider")  # where it really runs
        self._bind(array)

    def _bind(self, array: Array) -> None:
        device = self.device.lower()
        self._names = [output.name for output in self._session.get_outputs()]
        try:
            binding = self._session.io_binding()
            self._input = onnxruntime.OrtValue.ortvalue_from_numpy(array, device, 0)
            binding.bind_ortvalue_input(self._session.get_inputs()[0].name, self._input)
            for output in self._session.get_outputs():
                shape = [len(array), *output.shape[1:]]
                if not all(isinstance(side, int) for side in shape):
                    binding.bind_output(output.name, device)  # a graph of CUDA can't be captured
                    continue
                made = onnxruntime.OrtValue.ortvalue_from_shape_and_type
                binding.bind_ortvalue_output(output.name, made(shape, np.float32, device, 0))
        except Exception as error:
            raise refused("onnxruntime", error, self._name) from None
        self._binding = binding

    def __call__(self) -> None:
        """One run, to its end."""
        try:
            self._session.run_with_iobinding(self._binding)
            self._binding.synchronize_outputs()
        except Exception as error:
            raise refused("onnxruntime", error, self._name) from None

    def outputs(self) -> Outputs:
        """What the last run gave."""
        values = (value.numpy() for value in self._binding.get_outputs())
        return dict(zip(self._names, values, strict=True))


_CUDA = "CUDAExecutionProvider"


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    return options


def _name(model: onnx.ModelProto | Path) -> str:
    """What a diagnostic points at: the file, or the network that was built."""
    return str(model) if isinstance(model, Path) else model.graph.name


def _session(model: onnx.ModelProto | Path, options: Any, providers: Sequence[object]) -> Any:
    data = str(model) if isinstance(model, Path) else model.SerializeToString()
    try:
        return onnxruntime.InferenceSession(data, options, providers=providers)
    except Exception as error:  # onnxruntime's errors have no common class
        raise refused("onnxruntime", error, _name(model)) from None


def _providers(provider: Provider) -> list[str]:
    if provider is not Provider.CPU and cuda_device():
        preload = getattr(onnxruntime, "preload_dlls", None)
        if preload is not None:
            preload()
        return [_CUDA, "CPUExecutionProvider"]
    return ["CPUExecutionProvider"]


def cuda_device() -> bool:
    """Whether onnxruntime sees a CUDA device: its list of providers names CUDA even without."""
    devices = getattr(onnxruntime, "get_ep_devices", None)
    if devices is None:
        return _CUDA in onnxruntime.get_available_providers()
    return any(device.ep_name == _CUDA for device in devices())
