"""An ONNX model that computes in 16 bits: its weights are in them, its edges are float32."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper, numpy_helper

from seqdsl.backends.running import Dtype

_TYPES = {Dtype.FLOAT16: TensorProto.FLOAT16, Dtype.BFLOAT16: TensorProto.BFLOAT16}
_BFLOAT16_OPSET = 22  # the first whose convolutions and pools take bfloat16
_SCALES = 2  # the operand of Resize that is float32 whatever it resizes


def to_half(model: onnx.ModelProto, dtype: Dtype) -> onnx.ModelProto:
    """A copy that casts its input on the way in and its outputs, float32 as before, on the way out.

    Weights beyond what float16 holds become infinite.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    if dtype is Dtype.BFLOAT16:
        made = onnx.version_converter.convert_version(made, _BFLOAT16_OPSET)
        made.ir_version = max(made.ir_version, 10)
    graph, kind = made.graph, _TYPES[dtype]
    kept = {n.input[_SCALES] for n in graph.node if n.op_type == "Resize"}
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and tensor.name not in kept:
            tensor.CopyFrom(_cast(tensor, kind))
    outside = {value.name for value in (*graph.input, *graph.output)}
    nodes = list(graph.node)
    for node in nodes:
        for names in (node.input, node.output):
            names[:] = [_inside(name) if name in outside else name for name in names]
    ins = [_edge(v.name, _inside(v.name), kind) for v in graph.input]
    outs = [_edge(_inside(v.name), v.name, TensorProto.FLOAT) for v in graph.output]
    del graph.node[:], graph.value_info[:]
    graph.node.extend([*ins, *nodes, *outs])
    return made


def _inside(name: str) -> str:
    return f"{name}:half"


def _edge(given: str, cast: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [given], [cast], name=f"cast/{cast}", to=kind)


def _cast(tensor: onnx.TensorProto, kind: int) -> onnx.TensorProto:
    array = numpy_helper.to_array(tensor)
    return numpy_helper.from_array(array.astype(helper.tensor_dtype_to_np_dtype(kind)), tensor.name)
