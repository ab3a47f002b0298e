"""Whether onnxruntime is there and works, for `seqdsl doctor`: nothing is imported at the top."""

from __future__ import annotations

import os
from contextlib import redirect_stdout
from importlib import metadata
from io import StringIO
from typing import TYPE_CHECKING

from seqdsl.backends.onnx.telemetry import ONNXRUNTIME, turn_off
from seqdsl.backends.parts import Part, Verdict

if TYPE_CHECKING:
    import onnx

_GPU = "onnxruntime-gpu"


def onnxruntime() -> Part:
    """Which of its distributions is there. They share a folder, and so two are none."""
    found = sorted(set(metadata.packages_distributions().get("onnxruntime", ())))
    named = " and ".join(f"{name} {metadata.version(name)}" for name in found)
    if len(found) > 1:
        keep = _GPU if _GPU in found else found[0]
        return Part(
            "onnxruntime",
            f"{named}: each overwrites files of the other",
            Verdict.BROKEN,
            f"pip uninstall -y {' '.join(found)} && pip install {keep}",
        )
    turn_off()
    import onnxruntime

    if not hasattr(onnxruntime, "InferenceSession"):  # its files went with another distribution
        keep = found[0] if found else _GPU
        way = f"pip uninstall -y {keep} && pip install {keep}"
        return Part("onnxruntime", "its files are gone", Verdict.BROKEN, way)
    return Part("onnxruntime", named or str(onnxruntime.__version__))


def telemetry() -> Part:
    """Whether onnxruntime, from 1.31, records how it is used: seqdsl turns that off."""
    turn_off()
    value = os.environ[ONNXRUNTIME]
    state = "off" if value == "1" else "as the environment says"
    return Part("telemetry", f"{state}: {ONNXRUNTIME}={value}")


def providers() -> Part:
    """What a session of onnxruntime really runs on: what it lists may not be there."""
    import numpy as np

    from seqdsl.backends.onnx.quiet_onnxruntime import onnxruntime
    from seqdsl.backends.onnx.run import Runner, cuda_device

    name, said = "onnxruntime runs on", StringIO()
    with redirect_stdout(said):  # where it tells which libraries of CUDA it misses
        outcome = Runner(_smallest())(np.zeros((1, 1, 1, 1), np.float32))
    used = outcome.provider.removesuffix("ExecutionProvider")
    if used == "CUDA":
        return Part(name, used)
    if cuda_device():
        missed = said.getvalue().strip().partition("\n")[0]
        found = f"{used}, and not on the CUDA device that it sees"
        return Part(
            name, found, Verdict.BROKEN, missed or "install the libraries of CUDA and cuDNN"
        )
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return Part(name, f"{used}: it lists CUDA, and there is no device", Verdict.NOTE)
    return Part(name, f"{used}: it is built without CUDA", Verdict.NOTE)


def _smallest() -> onnx.ModelProto:
    """A model that gives what it is given, for any onnxruntime there is."""
    from onnx import TensorProto, helper

    given, result = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 1, 1])
        for name in ("input", "output")
    )
    graph = helper.make_graph(
        [helper.make_node("Relu", ["input"], ["output"])], "doctor", [given], [result]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
