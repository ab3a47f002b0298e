"""`run` on models that other programs wrote, whatever they give."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from commands import seqdsl_command
from onnx import TensorProto, helper

FLATTEN = helper.make_node("Flatten", ["picture"], ["flat"])


def save(
    nodes: list[onnx.NodeProto],
    outputs: dict[str, int],
    *,
    name: str = "theirs",
    metadata: dict[str, str] | None = None,
) -> None:
    """A model of 1x2x2 pictures in ``theirs.onnx``, with outputs of some types of numbers."""
    shape = ["n", 1, 2, 2]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(key, kind, None) for key, kind in outputs.items()],
    )
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, "theirs.onnx")


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with an array of two samples."""
    monkeypatch.chdir(tmp_path)
    np.save("two.npy", np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2))


def rows() -> list[dict[str, str]]:
    done = seqdsl_command("run", "theirs.onnx", "two.npy", "--format", "csv", "--save", "out.npy")
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


@pytest.mark.usefixtures("two")
def test_an_only_output_called_probabilities_is_the_answer() -> None:
    softmax = helper.make_node("Softmax", ["flat"], ["probabilities"])
    save([FLATTEN, softmax], {"probabilities": TensorProto.FLOAT})
    assert [row["class"] for row in rows() if row["rank"] == "1"] == ["3", "3"]


@pytest.mark.usefixtures("two")
def test_a_number_a_sample_is_an_output() -> None:
    mean = helper.make_node("ReduceMean", ["flat", "axis"], ["score"], keepdims=0)
    axis = helper.make_node("Constant", [], ["axis"], value_ints=[1])
    save([FLATTEN, axis, mean], {"score": TensorProto.FLOAT})
    assert [(row["shape"], float(row["mean"])) for row in rows()] == [("1", 1.5), ("1", 5.5)]


@pytest.mark.usefixtures("two")
def test_outputs_that_are_no_fractions_are_left_out() -> None:
    label = helper.make_node("ArgMax", ["flat"], ["label"], axis=1, keepdims=0)
    words = helper.make_node("Cast", ["flat"], ["words"], to=TensorProto.STRING)
    half = helper.make_node("Cast", ["flat"], ["half"], to=TensorProto.FLOAT16)
    others = {"label": TensorProto.INT64, "words": TensorProto.STRING}
    save([FLATTEN, label, words, half], {**others, "half": TensorProto.FLOAT16})
    assert [row["class"] for row in rows() if row["rank"] == "1"] == ["3", "3"]
    assert np.load("out.npy").dtype == np.float32
    save([FLATTEN, label, words], others)
    done = seqdsl_command("run", "theirs.onnx", "two.npy")
    assert done.code == 2 and "gives no output of floating-point numbers" in done.err


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("node", "told"),
    [
        (helper.make_node("ReduceMean", ["flat"], ["y"], keepdims=0), "a single number as `y`"),
        (helper.make_node("Concat", ["flat", "flat"], ["y"], axis=0), "4x4 as `y` for 2 samples"),
    ],
)
def test_an_output_that_is_not_of_each_sample_is_refused(node: onnx.NodeProto, told: str) -> None:
    save([FLATTEN, node], {"y": TensorProto.FLOAT})
    done = seqdsl_command("run", "theirs.onnx", "two.npy")
    assert done.code == 2 and told in done.err, done.err


@pytest.mark.usefixtures("two")
def test_the_name_of_a_model_steers_no_terminal() -> None:
    save([FLATTEN], {"flat": TensorProto.FLOAT}, name="\x1b]0;title\x07\nnet.onnx, trained")
    done = seqdsl_command("run", "theirs.onnx", "two.npy")
    assert done.code == 0
    assert "\\x1b]0;title\\x07\\x0anet.onnx, trained, theirs.onnx, on onnxruntime" in done.err
