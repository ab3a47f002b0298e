#!/usr/bin/env bash
# onnxruntime's MaxPool loses a NaN.
#
# Versions: onnxruntime 1.31.1 (CPU), onnx 1.19.1, numpy 2.3.4, Python 3.11.
# Input: a 4x4 map with one NaN; MaxPool 2x2, stride 2. It is run 16 times, with the NaN at each place.
# Guess before the run: NaN comes out of the window that holds it, as out of Relu, Conv, AveragePool
# and NumPy's max, so 16 of 16.
# Seen: it comes out of 4, where it is the last of its window. In the other 12 the largest of the
# other numbers comes out. AveragePool keeps all 16.
# So an overflow before a max pool can leave a model as an ordinary answer.
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
from onnx import TensorProto, helper


def pool(kind: str):
    node = helper.make_node(kind, ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in "xy")
    x.type.tensor_type.shape.CopyFrom(
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4]).type.tensor_type.shape
    )
    graph = helper.make_graph([node], "pool", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def kept(kind: str) -> list[tuple[int, int]]:
    session, found = pool(kind), []
    for place in np.ndindex(4, 4):
        x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
        x[0, 0][place] = np.nan
        if np.isnan(session.run(None, {"x": x})[0]).any():
            found.append(place)
    return found


largest, mean = kept("MaxPool"), kept("AveragePool")
print(f"MaxPool 2x2 keeps {len(largest)} of 16: {largest}; AveragePool {len(mean)}")
last = [(1, 1), (1, 3), (3, 1), (3, 3)]
as_seen = largest == last and len(mean) == 16
raise SystemExit(0 if as_seen else 1)
PYTHON
