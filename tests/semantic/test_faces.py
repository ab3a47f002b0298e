"""The raw and the activated face of a feature map (section 3.2), and dropout where 4.2 has it."""

from pathlib import Path

import pytest
from networks import compiled, paper_network

from seqdsl import Network
from seqdsl.graph.operations import Dropout


def raw_of(tmp_path: Path, body: str) -> str:
    """The path of the node whose output is the raw face of what the body gives."""
    text = f"network N {{ input 4x8x8\n{body}\nmark = it.raw | sigmoid\nadd it, mark\n}}"
    network = compiled(tmp_path, text)
    (mark,) = (node for node in network.nodes if node.kind == "sigmoid")
    return network.nodes[mark.operands[0]].path


@pytest.mark.parametrize(
    ("body", "raw"),
    [
        ("conv2d 3x3, 4", "conv2d"),  # both faces are one
        ("conv2d 3x3, 4\nbatch_norm", "conv2d"),
        ("conv2d 3x3, 4\nbatch_norm\nrelu", "conv2d"),
        ("conv2d 3x3, 4\nbatch_norm\nrelu\ndropout 0.1", "conv2d"),
        ("conv2d 3x3, 4\nrelu", "conv2d"),  # without a norm: before the activation
        ("conv 3x3, 4\nconv2d 1x1, 4", "conv2d"),
        ("conv 3x3, 4\nadd it, it", "add"),
    ],
)
def test_the_raw_face(tmp_path: Path, body: str, raw: str) -> None:
    assert raw_of(tmp_path, body) == raw


def test_a_group_has_the_raw_face_of_its_own_channels(tmp_path: Path) -> None:
    text = """use std.seqconv
    network N { input 4x8x8
      seqconv 3x3, 8, k=4
      mark = it.group(2).raw | sigmoid
      add mark, it.group(2)
    }"""
    network = compiled(tmp_path, text)
    (mark,) = (node for node in network.nodes if node.kind == "sigmoid")
    assert network.nodes[mark.operands[0]].path == "seqconv1/group2/transform1/conv1/conv2d"


def dropouts(network: Network) -> dict[str, float]:
    """The layer that each dropout stands before, and its rate."""
    readers = {operand: node for node in network.nodes for operand in node.operands}
    found = {}
    for node in network.nodes:
        if isinstance(node.operation, Dropout):
            reader = readers[node.index]
            while reader.kind in ("concat", "slice"):
                reader = readers[reader.index]
            layer = reader.path.split("/group")[0].removesuffix("/conv2d")
            found[layer] = node.operation.rate
    return found


def test_dropout_stands_where_section_4_2_has_it() -> None:
    """Before the closing 1x1 convolution and every SeqConv layer but the first, at 0.1."""
    found = dropouts(paper_network("seqresnet.seq", "SeqResNet_k8_r4_N1"))
    assert found == dict.fromkeys(
        [
            "conv2/residual1/wseqconv1", "conv2/residual1/wseqconv2",
            "conv3/downsample1/wseqconv1",
            "conv3/residual1/wseqconv1", "conv3/residual1/wseqconv2",
            "conv4/downsample1/wseqconv1",
            "conv4/residual1/wseqconv1", "conv4/residual1/wseqconv2",
            "conv4/conv1",
        ],
        0.1,
    )  # fmt: skip


def test_imagenet_networks_have_no_dropout() -> None:
    assert not dropouts(paper_network("seqresnet_imagenet.seq", "SeqResNetB22"))
