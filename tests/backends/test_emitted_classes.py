"""An emitted source says once what the network's file says once."""

import re
from pathlib import Path

import pytest
import torch
from networks import ARCHITECTURES, compiled, paper_network

import seqdsl
from seqdsl.api import check_file
from seqdsl.backends.torch.execution import DEFINITION, FASTEST, Execution, runtime
from seqdsl.backends.torch.module import module_class
from seqdsl.backends.torch.reference import evaluate
from seqdsl.backends.torch.source import torch_source
from seqdsl.graph.network import Network
from seqdsl.graph.parameters import layout

GROUPS = "use std.seqconv\nnetwork N { input 4x8x8; %s }"
# Networks, and a line that each has in `forward`.
WINDOWS = {
    "all": ("aggregate i in 1..5, window=all { conv 3x3, 4 }", "group(torch.cat(features, 1))"),
    "input kept": (
        "aggregate i in 1..5, window=all, keep=input { conv 3x3, 4 }; relu",
        "F.relu(torch.cat(features, 1))",
    ),
    "last": ("aggregate i in 1..5, window=last(2) { conv 3x3, 4 }", "features[-2:]"),
    "powers": (
        "aggregate i in 1..6, window=powers(2), keep=powers(2) { conv 3x3, 4 }",
        "seen = [features[-o] for o in (4, 2, 1) if o <= len(features)]",
    ),
    "sliding": (
        "seqconv 3x3, 16, k=4; wseqconv 3x3, 16, k=4",
        "features = [chunks[i] for i in range(4)]",
    ),
}


def source(folder: Path, text: str) -> str:
    return torch_source(compiled(folder, text), DEFINITION)


def assert_defined(network: Network, execution: Execution) -> None:
    """The module has the parameters of the graph in their order, and gives what the graph does."""
    module = module_class(torch_source(network, execution))().eval().double()
    keys = [parameter.key for parameter in layout(network)]
    assert [key for key in module.state_dict() if key in keys] == keys
    x = torch.randn(2, *network.input.type.shape, dtype=torch.float64)
    with torch.no_grad():
        given = module(x)
        values = {node.index: value for node, value in evaluate(network, module.state_dict(), x)}
    given = given if isinstance(given, tuple) else (given,)
    for output, value in zip(network.returned, given, strict=True):
        assert torch.allclose(values[output.index], value, atol=1e-9)


@pytest.mark.parametrize(
    ("file", "name", "most"),
    [
        ("densenet.seq", "DenseNet169", 250),
        ("resnet.seq", "ResNet50", 180),
        ("seqresnet_imagenet.seq", "SeqResNetB22", 250),
    ],
)
def test_a_network_is_as_short_as_its_file_is(file: str, name: str, most: int) -> None:
    network = paper_network(file, name)
    assert len(torch_source(network, DEFINITION).splitlines()) <= most
    besides = len(runtime(FASTEST)[1].splitlines())
    assert len(torch_source(network).splitlines()) - besides <= most


def test_a_value_is_written_where_the_next_line_reads_it(tmp_path: Path) -> None:
    text = """
        network N {
          input 4x8x8
          conv2d 1x1, 4; tanh; relu; sigmoid
          a = it | conv2d 3x3, 4
          b = a | tanh
          add it, b
          multiply it, a
          conv2d 1x1, 8; softmax
        }"""
    made = source(tmp_path, text)
    assert "x = F.relu(torch.tanh(self.conv2d(x)))\n        x = torch.sigmoid(x)" in made
    assert "x = x + torch.tanh(conv2d2)" in made  # and the sum is in no product
    assert "return self.conv2d3(x * conv2d2)" in made
    assert_defined(compiled(tmp_path, text), DEFINITION)


def test_depth_costs_no_lines() -> None:
    short, long = (
        len(torch_source(paper_network("densenet.seq", name)).splitlines())
        for name in ("DenseNet169", "DenseNet264")
    )
    assert short == long


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_is_a_loop(tmp_path: Path, window: str) -> None:
    text, line = WINDOWS[window]
    network = compiled(tmp_path, GROUPS % text)
    made = torch_source(network, DEFINITION)
    assert line in made
    assert "self.group2" not in made
    assert_defined(network, DEFINITION)
    assert_defined(network, FASTEST)


def test_what_no_loop_computes_is_written_out(tmp_path: Path) -> None:
    """Each group is as wide as its number, so no arguments rise evenly, and one reads its own."""
    text = GROUPS % "aggregate i in 1..3, window=[i] { conv 3x3, 4 }"
    network = compiled(tmp_path, text)
    assert "self.group2(" in torch_source(network, DEFINITION)
    assert_defined(network, DEFINITION)


READ_ALONE = """
use std.seqconv
block widen(width: positive, kernel: size = 3) { conv2d kernel, width, bias=true; silu }
block branches(width: positive) {
  a = it | widen width
  b = in | conv 1x1, width, act=none | batch_norm
  add a, b
}
block dense(n: positive, k: positive) {
  aggregate i in 1..n, window=all, keep=input { batch_norm; relu; conv2d 3x3, k }
}
network N {
  input 3x8x8
  relu
  stage s0 { conv 3x3, 3, stride=2, groups=1; dense 3, 2 }
  stage s1 {
    rest5 = it.channels(5, 9) | conv 3x3, 5
    concatenate it.channels(1, 4), rest5
    shuffle 1
  }
}
"""


def test_a_group_that_is_read_alone_from_outside_is_written_out(tmp_path: Path) -> None:
    network = compiled(tmp_path, READ_ALONE)
    assert_defined(network, DEFINITION)
    assert_defined(network, FASTEST)


def test_equal_layers_in_a_row_are_a_loop(tmp_path: Path) -> None:
    made = source(tmp_path, "network N { input 4x8x8; conv 3x3, 8; conv 3x3, 8 x 5 }")
    assert 'setattr(self, f"conv{i}", Conv(8))' in made
    assert 'for i in range(2, 7):\n            x = getattr(self, f"conv{i}")(x)' in made


@pytest.mark.parametrize("execution", [DEFINITION, FASTEST])
def test_a_layer_stands_before_a_loop_of_groups(tmp_path: Path, execution: Execution) -> None:
    """Of groups that are a layer each, and of groups that hold an aggregation of their own."""
    groups = "aggregate j in 1..2 { conv 3x3, 4 }"
    for text in (groups, f"aggregate i in 1..2 {{ {groups}; dropout 0.1 }}"):
        network = compiled(tmp_path, f"network N {{ input 3x8x8; conv 3x3, 8; {text} }}")
        assert_defined(network, execution)


def test_calls_of_a_block_share_a_class(tmp_path: Path) -> None:
    """With an activation and without, with a shortcut and without, of other sizes."""
    text = """
        use std.residual
        network N {
          input 4x8x8
          conv 3x3, 8
          bottleneck 4, 8
          bottleneck 4, 16, stride=2
        }"""
    network = compiled(tmp_path, text)
    made = torch_source(network)
    assert re.findall(r"^class (\w+)", made, re.M).count("Conv") == 1
    assert "Conv_2" not in made
    assert "Bottleneck_2" not in made
    assert "x = self.projection1(x) if self.projection else x" in made
    assert "F.relu(x) if self.relu else x" in made
    assert_defined(network, FASTEST)


def test_parameters_are_called_as_in_the_block(tmp_path: Path) -> None:
    text = """
        block narrow(inner: positive, outer: positive) { conv 1x1, inner; conv 1x1, outer; tanh }
        network N { input 4x8x8; narrow 3, 5; narrow 7, 9 }"""
    assert "self, in_channels, inner, outer" in source(tmp_path, text)


def test_a_name_of_a_block_is_no_code(tmp_path: Path) -> None:
    text = """
        block b(self: positive, nn: positive, class_: positive, setattr: positive) {
          conv 1x1, self; conv 1x1, nn; conv 1x1, class_; conv 1x1, setattr; conv 1x1, setattr x 3
          tanh
        }
        network N { input 4x8x8; b 3, 5, 6, 2; b 7, 9, 10, 8 }"""
    network = compiled(tmp_path, text)
    assert_defined(network, FASTEST)


@pytest.mark.parametrize("execution", [DEFINITION, FASTEST])
def test_the_raw_face_is_given_where_it_is_read(tmp_path: Path, execution: Execution) -> None:
    text = """
        use std.seqconv
        network N {
          input 3x8x8
          seqconv 3x3, 16, k=4
          residual x 2 { wseqconv 1x1 -> 3x3, 16, k=4; wseqconv 1x1 -> 3x3, 16, k=4 }
        }"""
    network = compiled(tmp_path, text)
    made = torch_source(network, execution)
    assert made.count("class Wseqconv") == 1
    assert "raw=True" in made
    assert_defined(network, execution)


def test_every_architecture_has_its_parameters_in_order() -> None:
    for file in sorted(ARCHITECTURES.glob("*.seq")):
        for each in check_file(file)[0] or []:
            assert each.network is not None
            with torch.device("meta"):
                module = seqdsl.to_torch(each.network)
            keys = [parameter.key for parameter in layout(each.network)]
            assert [k for k in module.state_dict() if not k.endswith("tracked")] == keys
            break  # one of each file
