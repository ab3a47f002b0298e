#!/usr/bin/env bash
# onnxruntime's optimiser turns zeros before a MaxPool into minus infinity.
#
# Versions: onnxruntime 1.31.1 (CPU), onnx 1.19.1, numpy 2.3.4, Python 3.11.
# Input: a 2x2 map of -1; Pad with one zero on each side, then MaxPool 2x2, stride 2.
# Guess before the run: each window holds three zeros and one -1, so every output is 0, with
# optimisations and without.
# Seen: 0 without optimisations; -1 with them. Pad is merged into the pool, and what a pool pads with
# is minus infinity, as if the zeros had not been there.
# So a model of another framework that pads with zeros before a max pool gives other numbers wherever
# an edge is below zero.
#
# Exits with 0 while that is so, with 1 once it is otherwise.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.19.1 numpy==2.3.4
ORT_DISABLE_TELEMETRY=1 "$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

pads = numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")
nodes = [
    helper.make_node("Pad", ["x", "pads"], ["padded"]),
    helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
]
graph = helper.make_graph(
    nodes,
    "padded",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 2, 2])],
    initializer=[pads],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
levels = onnxruntime.GraphOptimizationLevel
found = {}
for name in ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(levels, name)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found[name] = session.run(None, {"x": np.full((1, 1, 2, 2), -1, np.float32)})[0].ravel()
    print(f"{name}: {found[name].tolist()}")
as_seen = (found["ORT_DISABLE_ALL"] == 0).all() and (found["ORT_ENABLE_ALL"] == -1).all()
raise SystemExit(0 if as_seen else 1)
PYTHON
