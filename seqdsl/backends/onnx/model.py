"""Builds an ONNX model straight from the graph."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from seqdsl.backends.arrays import Array, spell_bytes
from seqdsl.backends.files import write_whole
from seqdsl.backends.onnx.magnitudes import LARGEST_INPUT, Magnitudes
from seqdsl.backends.onnx.operations import EMITTERS, Use
from seqdsl.backends.rows import row_of
from seqdsl.backends.weights.assembly import Assembly
from seqdsl.backends.weights.recorded import NOTHING, Recorded
from seqdsl.backends.weights.state import fit, initial_state
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import module_path, size
from seqdsl.passes.schedule.lower import lower
from seqdsl.passes.schedule.schedule import Schedules
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Failure, unlocated
from seqdsl.source.timing import stage

if TYPE_CHECKING:
    import torch

OPSET = 18
IR_VERSION = 9
MAX_PROTOBUF = 2**31 - 2**20  # bytes that one protobuf file can hold, less a margin


def to_onnx(
    network: Network,
    state_dict: Mapping[str, Array | torch.Tensor] | None = None,
    *,
    schedules: Schedules | None = None,
    fold: bool = True,
    expose: bool = False,
    largest: float = LARGEST_INPUT,
    recorded: Recorded = NOTHING,
) -> onnx.ModelProto:
    """An inference model: ``input`` ``[batch, C, H, W]`` to ``logits``, ``probabilities`` where
    the network closes with a softmax, then the further outputs by their names; float32.

    ``schedules`` say how each aggregation is computed; as the equations say, where none are given.
    ``fold`` puts batch norms into the convolutions before them. ``expose`` makes every node's
    output an output of the model, under its `value_name`. What overflows reaches the outputs as NaN
    or infinity, as in torch, for inputs whose magnitude is at most ``largest``. ``recorded`` goes
    into the metadata. Raises `Failure` where it or the weights do not fit, or the weights are more
    than a file holds, or the checker refuses the model.
    """
    _require_protobuf(network)
    recorded.require_fit(network.input.type, network.logits.type, network.name)
    with stage("weights"):
        if state_dict is None:
            state = initial_state(network)
        else:
            state = fit(state_dict, network, "the state_dict")
    with stage("schedule"):
        scheduled = lower(network, schedules or {}, fold=fold)
    with stage("emit"):
        model = helper.make_model(
            onnx.GraphProto(name=network.name),
            producer_name="seqdsl",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        assembly = Assembly(scheduled, state)
        _Builder(model.graph, scheduled.network, assembly, largest).fill(expose)
    source = network.root.span.source.text
    helper.set_model_props(
        model,
        {
            "network": network.name,
            "parameters": ", ".join(f"{name}={value}" for name, value in network.parameters),
            "source": source,
            "source_sha256": sha256(source.encode()).hexdigest(),
            **recorded.as_metadata(),
        },
    )
    with stage("onnx check"):
        _check(model, network)
    return model


def save_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Writes a model whole or not at all. Raises `Failure` where it can't be written."""
    with stage("write"):
        write_whole(path, model.SerializeToString())


def _require_protobuf(network: Network) -> None:
    """Raises `Failure` where the weights are more than one protobuf message can hold."""
    needed = size(network)
    if needed >= MAX_PROTOBUF:
        raise Failure(
            Diagnostic(
                BY_NAME["backend"],
                f"an ONNX model holds 2 GB of weights, and those of {network.name} take "
                f"{spell_bytes(needed)}",
                None,
                help="run it with --engine torch, or build a .py",
                name=network.root.span.source.name,
            )
        )


def _check(model: onnx.ModelProto, network: Network) -> None:
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = str(error).strip().splitlines()[0]
        message = f"onnx refuses {network.name}: {reason}"
        raise unlocated("backend", message, network.root.span.source.name) from None


def value_name(network: Network, path: str) -> str:
    """What a node's value is called: the node's path, or another where an output has that name."""
    taken = any(output.name == path for output in network.further)
    return f"{path}:value" if taken else path


class _Builder:
    """Makes ONNX nodes in dataflow order; each has its node's path, its value the `value_name`."""

    def __init__(
        self, graph: onnx.GraphProto, network: Network, assembly: Assembly, largest: float
    ) -> None:
        self._graph = graph  # of the model: weights that were put elsewhere first would be copied
        self._network = network
        self._assembly = assembly
        self._magnitudes = Magnitudes(network, largest)
        self._nodes: list[onnx.NodeProto] = []
        self._values: dict[int, str] = {}

    def fill(self, expose: bool) -> None:
        for node in self._network.nodes:
            self._add(node)
        network, nodes = self._network, self._network.nodes
        outputs = {"logits": network.logits}
        if network.output != network.logits.index:
            outputs["probabilities"] = nodes[network.output]
        outputs.update((output.name, nodes[output.index]) for output in network.further)
        for name, node in outputs.items():
            self.emit("Identity", [self._values[node.index]], f"output/{name}", name)
        declared = [_value(name, node) for name, node in outputs.items()]
        if expose:
            declared += [
                _value(self._values[node.index], node)
                for node in nodes[1:]
                if self._values[node.index] == value_name(network, node.path)
            ]
        self._graph.node.extend(self._nodes)
        self._graph.input.append(_value("input", network.input))
        self._graph.output.extend(declared)

    def emit(
        self, kind: str, inputs: list[str], name: str, output: str | None = None, **attributes: Any
    ) -> None:
        outputs = [output or value_name(self._network, name)]
        self._nodes.append(helper.make_node(kind, inputs, outputs, name=name, **attributes))

    def weight(self, key: str, array: np.ndarray[Any, Any]) -> str:
        tensor = self._graph.initializer.add(name=key, dims=array.shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor.raw_data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        return key

    def _parameters(self, node: Node) -> list[str]:
        """The names of a node's parameters, in order, once they are in the model."""
        path = module_path(node)
        made = self._assembly.of(node)
        self._magnitudes.follow(node, made)
        return [self.weight(f"{path}.{role.value}", array) for role, array in made.items()]

    def _add(self, node: Node) -> None:
        operation = node.operation
        operands = [self._values.get(index, "") for index in node.operands]
        parameters = self._parameters(node)
        if isinstance(operation, ops.Input):
            self._values[node.index] = "input"
            return
        self._values[node.index] = value_name(self._network, node.path)
        emit = row_of(EMITTERS, node, "the ONNX backend")
        emit(operation, Use(self, node, operands, parameters, self._network, self._magnitudes))


def _value(name: str, node: Node) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *node.type.shape])
