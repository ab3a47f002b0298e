"""Receptive fields: against torch's own gradients, which reach what an element sees."""

from pathlib import Path

import pytest
import torch
from networks import compiled, paper_network

from seqdsl.backends.torch.module import to_training
from seqdsl.graph.network import Network
from seqdsl.passes.receptive import receptive_fields

PLAIN = "conv2d 3x3, 4; conv2d 5x3, 4, stride=2x1; avg_pool 3x3, stride=2, padding=1; conv2d 1x1, 4"
DILATED = "conv2d 3x3, 4, dilation=3; conv2d 7x7, 4, stride=3; avg_pool 2x2, stride=2"
BRANCHES = """
block both {
  a = it | conv2d 3x3, 4 | conv2d 3x3, 4
  b = it | conv2d 1x1, 4
  concatenate a, b
}
block added { conv2d 5x5, 8; add it, in }
"""


def reached(network: Network) -> list[tuple[int, int]]:
    """The first and the last pixel, along each axis, that the middle element depends on."""
    module = to_training(network).eval()
    for value in module.parameters():
        torch.nn.init.constant_(value, 1.0)  # no weight hides what is seen
    image = torch.rand(1, *network.input.type.shape, requires_grad=True)
    out = module(image)
    height, width = out.shape[2:]
    out[0, :, height // 2, width // 2].sum().backward()
    assert image.grad is not None
    seen = image.grad[0].abs().sum(0) > 0
    ends = []
    for axis in (0, 1):
        rows = torch.nonzero(seen.any(1 - axis)).flatten()
        ends.append((int(rows[0]), int(rows[-1])))
    return ends


@pytest.mark.parametrize(
    "body", [PLAIN, DILATED, "both; conv2d 3x3, 8; added", "conv2d 1x1, 8; added; added"]
)
def test_what_gradients_reach(tmp_path: Path, body: str) -> None:
    network = compiled(tmp_path, f"{BRANCHES}\nnetwork N {{ input 3x96x96; {body} }}")
    fields = receptive_fields(network)[network.output]
    assert fields is not None
    sizes = network.nodes[network.output].type.spatial
    for field, (first, last), size in zip(fields, reached(network), sizes, strict=True):
        start = field.start + size // 2 * field.stride
        assert (start, field.size) == (first, last - first + 1)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_upsampling_is_bounded(tmp_path: Path, mode: str) -> None:
    body = f"conv2d 3x3, 4, stride=2; upsample 2, mode={mode}; conv2d 3x3, 4"
    network = compiled(tmp_path, f"network N {{ input 3x48x48; {body} }}")
    fields = receptive_fields(network)[network.output]
    assert fields is not None and all(field.stride == 1 for field in fields)
    for field, (first, last) in zip(fields, reached(network), strict=True):
        start = field.start + 24 * field.stride
        assert start <= first and last <= start + field.size - 1
        # a hull: of two elements that share a neighbour, one sees less on this side, one on that;
        # between two centres, bilinear weights reach one neighbour more, on one side only
        assert (field.pixels, last - first + 1) == ((6, 5) if mode == "nearest" else (10, 7))


def test_a_seqconv_sees_further_with_each_group() -> None:
    network = paper_network("seqresnet_imagenet.seq", "SeqResNetB22")
    fields = receptive_fields(network)
    ends = {node.scope.path: index for index, node in enumerate(network.nodes)}
    sizes = []
    for number in range(1, 5):
        found = fields[ends[f"conv2/seqconv1/group{number}/transform1/conv2"]]
        assert found is not None
        sizes.append(found[0].pixels)
    assert sizes == [11, 15, 19, 23]  # 3x3 at a stride of 2 each time


def test_a_classifier_sees_all() -> None:
    network = paper_network("seqresnet.seq", "S1")
    assert receptive_fields(network)[network.output] is None
