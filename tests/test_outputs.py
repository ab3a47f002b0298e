"""Further outputs: what a source names besides what flows at its end, in every stage."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from networks import compiled

import seqdsl
from seqdsl.backends.onnx import variants
from seqdsl.backends.onnx.model import to_onnx
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.onnx.variants import forms, variant
from seqdsl.backends.verify import first_difference, verify
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.dump import dump
from seqdsl.passes.drawing.picture import Depth, picture

# Names that operations have, too; outputs of a stage, of the input, of what the end reads.
SEVERAL = """
network Several {
  input 3x12x12
  output picture
  stage low { conv 3x3, 8; output conv2d = it | conv2d 1x1, 4 }
  stage high { conv2d 3x3, 16, stride=2; output relu; batch_norm; relu }
  output aux = low | global_average_pool | fc 5
  small = it | max_pool 2
  output small
  global_average_pool
  output pooled
  fc 10
  softmax
  output softmax
}
"""
NAMES = ["picture", "conv2d", "relu", "aux", "small", "pooled", "softmax"]
SHAPES = [(3, 12, 12), (4, 12, 12), (16, 6, 6), (5,), (16, 3, 3), (16, 1, 1), (10,)]


def test_the_logits_come_first(tmp_path: Path) -> None:
    network = compiled(tmp_path, SEVERAL)
    given = seqdsl.to_torch(network).eval()(torch.zeros(2, 3, 12, 12))
    assert [tuple(t.shape) for t in given] == [(2, 10), *((2, *shape) for shape in SHAPES)]
    assert torch.equal(given[-1], given[0].softmax(1))
    model = seqdsl.to_onnx(network)
    assert [o.name for o in model.graph.output] == ["logits", "probabilities", *NAMES]
    assert dump(network).splitlines()[-len(NAMES) :][0] == "output picture %0"


@pytest.mark.parametrize("fold", [False, True])
def test_every_output_agrees(tmp_path: Path, fold: bool) -> None:
    network = compiled(tmp_path, SEVERAL)
    assert all(c.agrees for c in verify(network, batches=(1, 3)))
    state = random_state(network)
    x = np.random.default_rng(0).standard_normal((2, 3, 12, 12), dtype=np.float32)
    (form,) = [f for f in forms(network) if f.fold is fold and not f.schedules]
    trace = variant(network, state, tmp_path, form).trace
    assert trace is not None and first_difference(network, state, trace, x) is None


def test_verify_finds_a_difference_in_any_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = compiled(tmp_path, SEVERAL)

    def broken(*arguments, **options):
        model = to_onnx(*arguments, **options)
        (bias,) = [t for t in model.graph.initializer if t.name == "fc1.linear.bias"]
        moved = onnx.numpy_helper.to_array(bias) + 1
        bias.CopyFrom(onnx.numpy_helper.from_array(moved, bias.name))
        return model

    monkeypatch.setattr(variants, "to_onnx", broken)
    found = [c for c in verify(network) if not c.agrees]
    assert {c.divergence for c in found} == {"fc1/linear"} and len(found) == 4


def test_a_convolution_that_is_an_output_keeps_its_norm(tmp_path: Path) -> None:
    network = compiled(tmp_path, SEVERAL)
    kinds = [n.op_type for n in to_onnx(network).graph.node]
    assert kinds.count("BatchNormalization") == 1  # `high`'s; `low`'s is folded


def test_one_output_is_a_tensor(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; conv 3x3, 4; fc 2 }")
    assert isinstance(seqdsl.to_torch(network)(torch.zeros(2, 3, 8, 8)), torch.Tensor)
    assert [o.name for o in seqdsl.to_onnx(network).graph.output] == ["logits"]


def test_costs_and_claims_count_all(tmp_path: Path) -> None:
    text = "network N {{ input 3x8x8; conv 3x3, 4; {} fc 2; expect params {} }}"
    plain = compiled(tmp_path, text.format("", 630))
    network = compiled(tmp_path, text.format("output aux = it | fc 3;", 630 + 3 * (4 * 64 + 1)))
    assert network.params - plain.params == 3 * (4 * 64 + 1)
    assert network.macs - plain.macs == 3 * 4 * 64
    assert sum(part.cost.params for part in network.stats()) == network.params


@pytest.mark.parametrize(
    ("layers", "node"),
    [
        ("conv2d 1x1, 4; output a; relu", "conv2d"),  # what flows there
        ("conv2d 1x1, 4; a = it | sigmoid; output a; relu", "sigmoid"),  # the value
        ("stage a { conv2d 1x1, 4 }; relu; output a; tanh", "a/conv2d"),  # what left the stage
        ("stage a { conv2d 1x1, 4; output a; relu }; tanh", "a/conv2d"),  # inside it: what flows
        ("conv2d 1x1, 4; output a = it | tanh | sigmoid; relu", "sigmoid"),
        ("for i in 1..2 { stage a { conv2d 1x1, 4 } }; relu; output a", "a_2/conv2d"),
    ],
)
def test_what_a_name_alone_gives(tmp_path: Path, layers: str, node: str) -> None:
    network = compiled(tmp_path, f"network N {{ input 3x8x8; {layers} }}")
    ((name, index),) = [(output.name, output.index) for output in network.further]
    assert (name, network.nodes[index].path) == ("a", node)


def test_the_input_is_no_output_of_that_name(tmp_path: Path) -> None:
    with pytest.raises(seqdsl.CompileError, match="SEQ101"):
        compiled(tmp_path, "network N { input 3x8x8; relu; output input }")


def test_a_stage_is_a_value_behind_it(tmp_path: Path) -> None:
    text = "network N { input 3x8x8; stage a { conv2d 1x1, 4 }; conv2d 1x1, 4; add it, a }"
    network = compiled(tmp_path, text)
    assert [network.nodes[i].path for i in network.nodes[-1].operands] == ["conv2d", "a/conv2d"]


@pytest.mark.parametrize(
    "text",
    [
        "network N { input 3x8x8; add it, a; stage a { conv2d 1x1, 3 } }",  # not yet
        "network N { input 3x8x8; stage b { stage a { conv2d 1x1, 3 } }; add it, a }",  # inside
    ],
)
def test_a_stage_is_no_value_elsewhere(tmp_path: Path, text: str) -> None:
    with pytest.raises(seqdsl.CompileError, match="SEQ202"):
        compiled(tmp_path, text)


def test_a_stage_hides_no_layer(tmp_path: Path) -> None:
    network = compiled(
        tmp_path, "network N { input 3x8x8; stage conv { conv 3x3, 4 }; conv 3x3, 4 }"
    )
    assert network.params == 3 * 4 * 9 + 8 + 4 * 4 * 9 + 8


@pytest.mark.parametrize("depth", Depth)
def test_drawings_show_outputs(tmp_path: Path, depth: Depth) -> None:
    drawn = picture(compiled(tmp_path, SEVERAL), depth)
    boxes = {box.key: (box.name, box.shape) for box in drawn.boxes}
    arrows = {(a.source, a.target) for a in drawn.arrows}
    assert boxes["output/aux"] == ("output aux", "5")
    assert ("input", "output/picture") in arrows
    assert {target for _, target in arrows} >= {f"output/{name}" for name in NAMES}


def test_a_part_shows_its_own_outputs(tmp_path: Path) -> None:
    drawn = picture(compiled(tmp_path, SEVERAL), Depth.BLOCK, only="high")
    assert [box.key for box in drawn.boxes if "output" in box.key] == ["output/relu"]


def test_an_output_runs_by_its_name(tmp_path: Path) -> None:
    network = compiled(tmp_path, SEVERAL)
    x = np.ones((1, 3, 12, 12), np.float32)
    outputs = Runner(seqdsl.to_onnx(network))(x).outputs
    assert np.array_equal(outputs["picture"], x)
    assert np.allclose(outputs["softmax"], outputs["probabilities"])
