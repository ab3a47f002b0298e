"""The graph has every call of a block, with its arguments."""

from pathlib import Path

from networks import ARCHITECTURES, compiled

import seqdsl
from seqdsl.graph.network import Network

TEXT = """
block twice(width: positive, kernel: size = 3, act: layer = relu) {
  conv 1x1, width
  conv kernel, width, act=act
}
block nothing(body: layers) { body }
network N(w: positive = 4) {
  input 3x8x8
  twice w x 3
  nothing { twice 2*w, 3x5, act=tanh }
  nothing { }
}
"""


def called(network: Network) -> dict[str, dict[str, object]]:
    return {scope.path: dict(call.arguments) for scope, call in network.calls.items()}


def test_a_call_has_its_arguments_and_defaults(tmp_path: Path) -> None:
    calls = called(compiled(tmp_path, TEXT))
    assert calls["twice1"] == {"width": 4, "kernel": (3, 3), "act": "relu"}
    assert calls["nothing1/twice1"] == {"width": 8, "kernel": (3, 5), "act": "tanh"}
    assert calls["nothing1/twice1/conv2"]["kernel"] == (3, 5)
    assert calls["twice1/conv1"]["shortcut"] is None


def test_a_repeat_has_a_call_for_each_turn(tmp_path: Path) -> None:
    network = compiled(tmp_path, TEXT)
    turns = [scope.repeat for scope in network.calls if scope.label == "twice"]
    assert turns == [(1, 3), (2, 3), (3, 3), None]
    calls = called(network)
    assert calls["twice2"] == calls["twice3"] == calls["twice1"]
    assert [path for path in calls if path.startswith("twice3")] == [
        "twice3", "twice3/conv1", "twice3/conv2"
    ]  # fmt: skip


def test_a_block_that_does_nothing_has_none(tmp_path: Path) -> None:
    assert "nothing2" not in called(compiled(tmp_path, TEXT))


def test_a_feature_map_is_its_type(tmp_path: Path) -> None:
    text = "network N { input 4x8x8; conv 3x3, 4, shortcut=in }"
    shortcut = called(compiled(tmp_path, text))["conv1"]["shortcut"]
    assert str(shortcut) == "4x8x8"


def test_the_definition_tells_blocks_of_one_name_apart(tmp_path: Path) -> None:
    text = "block conv(width: positive) { conv2d 1x1, width }\n"
    own = compiled(tmp_path, text + "network N { input 4x8x8; conv 3 }")
    (call,) = own.calls.values()
    assert (call.block, call.definition.text, call.definition.source.library) == (
        "conv", "conv", False
    )  # fmt: skip


def test_replayed_blocks_have_the_calls_of_expanded_ones() -> None:
    """The second of two equal residual blocks is replayed, and so is all inside of it."""
    network = seqdsl.load(ARCHITECTURES / "seqresnet_imagenet.seq", "SeqResNetB42")
    calls = called(network)
    for path, arguments in calls.items():
        if path.startswith("conv3/residual2"):
            assert calls[path.replace("residual2", "residual3")] == arguments
    assert set(network.calls) >= {
        node.scope for node in network.nodes if node.scope.kind.value == "block"
    }
