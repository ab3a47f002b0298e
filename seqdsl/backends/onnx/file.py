"""An ``.onnx`` file as a network to run: ours or another's, without a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from seqdsl.backends.arrays import Array
from seqdsl.backends.files import require_readable
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.running import Outcome, Provider
from seqdsl.backends.weights.recorded import Recorded, of_metadata
from seqdsl.graph.tensor import TensorType
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen

_PROBABILITIES = "probabilities"  # the output of ours that repeats the logits
_FRACTIONS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


@frozen
class OnnxFile:
    """What a model takes and gives, as the file says."""

    path: Path
    name: str
    type: TensorType  # of its input
    batch: int | None  # samples that it takes at once; None for any
    outputs: tuple[str, ...]  # logits first
    is_ours: bool
    recorded: Recorded

    def runner(self, provider: Provider) -> OnnxFileRunner:
        """Return the model, ready to run. Raises `Failure` where onnxruntime refuses it."""
        return OnnxFileRunner(self, provider)


def open_onnx(path: Path, note: Callable[[str], None]) -> OnnxFile:
    """Read a model, but not its weights where they are in other files. Raises `Failure`.

    ``note`` takes what is said of metadata that are others'.
    """
    require_readable(path)
    try:
        model = onnx.load(path, load_external_data=False)
        inputs = [i for i in model.graph.input if i.name not in _constants(model.graph)]
    except Exception:  # protobuf's errors have no class of onnx's
        raise _refused(path, "is not an ONNX model, or is damaged") from None
    if len(inputs) != 1 or not model.graph.output:
        raise _refused(path, f"takes {len(inputs)} inputs, and `run` gives one")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    batch, type = _input(path, inputs[0])
    is_ours = model.producer_name == "seqdsl"
    return OnnxFile(
        path,
        metadata.get("network") or model.graph.name or path.stem,
        type,
        batch,
        _outputs(path, model.graph, is_ours),
        is_ours,
        of_metadata(metadata, str(path), note),
    )


class OnnxFileRunner:
    """Runs a model from its file. Raises `Failure` where onnxruntime refuses it."""

    def __init__(self, file: OnnxFile, provider: Provider) -> None:
        self._file, self._runner = file, Runner(file.path, provider)
        self.note = self._runner.note

    def __call__(self, array: Array) -> Outcome:
        """Run a batch ``[N, C, H, W]``, a sample at a time where the model takes one."""
        if self._file.batch is None or self._file.batch == len(array):
            return self._run(array)
        outcomes = [self._run(array[i : i + 1]) for i in range(len(array))]
        joined = {n: np.concatenate([o.outputs[n] for o in outcomes]) for n in self._file.outputs}
        return Outcome(joined, outcomes[0].provider, outcomes[0].note)

    def _run(self, array: Array) -> Outcome:
        """The outputs of one batch, float32 ``[N, ...]``; a number a sample is a vector of one."""
        outcome = self._runner(array)
        outputs = {}
        for name in self._file.outputs:
            values = outcome.outputs[name]
            if values.ndim == 0 or len(values) != len(array) or not values.size:
                shape = "x".join(map(str, values.shape)) or "a single number"
                samples = f"{len(array)} sample{'s' if len(array) > 1 else ''}"
                raise _refused(
                    self._file.path,
                    f"gives {shape} as `{name}` for {samples}, and numbers for each are needed",
                )
            made = values.astype(np.float32, copy=False)
            outputs[name] = made[:, None] if made.ndim == 1 else made
        return Outcome(outputs, outcome.provider, outcome.note)


def _constants(graph: onnx.GraphProto) -> set[str]:
    """Weights, which old models name among their inputs, too."""
    return {tensor.name for tensor in graph.initializer}


def _outputs(path: Path, graph: onnx.GraphProto, is_ours: bool) -> tuple[str, ...]:
    """The outputs that are fractions; whole numbers and words are answers that others derive."""
    names = [o.name for o in graph.output if o.type.tensor_type.elem_type in _FRACTIONS]
    if is_ours and len(names) > 1:
        names = [name for name in names if name != _PROBABILITIES]
    if not names:
        raise _refused(path, "gives no output of floating-point numbers")
    return tuple(names)


def _input(path: Path, value: onnx.ValueInfoProto) -> tuple[int | None, TensorType]:
    """How many samples an input takes at once, and the type of one."""
    tensor = value.type.tensor_type
    sides = [side.dim_value for side in tensor.shape.dim]  # 0 where none is fixed
    if len(sides) != 4 or not all(side > 0 for side in sides[1:]):
        told = "x".join(str(side or "?") for side in sides)
        raise _refused(path, f"takes an input of {told}, and `run` needs NxCxHxW of known size")
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        raise _refused(path, "takes an input of another type than float32")
    batch, channels, *spatial = sides
    if batch > 1:
        raise _refused(path, f"takes {batch} samples at once, and `run` needs 1 or any number")
    return batch or None, TensorType(channels, tuple(spatial), (channels,))


def _refused(path: Path, what: str) -> Failure:
    return unlocated("unreadable-file", f"{path} {what}", path)
