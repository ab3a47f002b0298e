"""What no output reads is no part of the network: not of its graph, counts, module or model."""

from pathlib import Path

import pytest
from networks import compiled

import seqdsl
from seqdsl.backends.verify import verify
from seqdsl.graph.dump import dump
from seqdsl.graph.parameters import layout

DEAD = {
    "before the logits": "network N { input 3x8x8; a = it; conv 3x3, 4; DEAD; fc 2; softmax }",
    "after the logits": "network N { input 3x8x8; a = it; conv 3x3, 4; fc 2; softmax; DEAD }",
    "in a stage": "network N { input 3x8x8; a = it; stage s { conv 3x3, 4; DEAD }; fc 2 }",
}
VALUES = {
    "nothing": [],
    "a named value": ["b = a | conv 3x3, 8"],
    "a value that only a dead one reads": ["b = a | conv 3x3, 8", "c = b | conv 1x1, 2"],
    "a value that is said to be unread": ["_b = a | conv 3x3, 8 | max_pool 2"],
}


@pytest.mark.parametrize("place", DEAD)
@pytest.mark.parametrize("values", VALUES)
def test_a_dead_value_changes_nothing(tmp_path: Path, place: str, values: str) -> None:
    plain = compiled(tmp_path, DEAD[place].replace("DEAD", "b = a"))
    network = compiled(tmp_path, DEAD[place].replace("DEAD", "; ".join([*VALUES[values], "d = a"])))
    assert dump(network) == dump(plain)
    assert network.cost == plain.cost
    assert [n.index for n in network.nodes] == list(range(len(network.nodes)))
    keys = [parameter.key for parameter in layout(network)]
    assert list(seqdsl.to_torch(network).state_dict()) == keys
    weights = {tensor.name for tensor in seqdsl.to_onnx(network).graph.initializer}
    assert weights == {tensor.name for tensor in seqdsl.to_onnx(plain).graph.initializer}
    assert all(c.agrees for c in verify(network, batches=(2,)))


def test_parts_keep_their_names(tmp_path: Path) -> None:
    """What is dead takes a name, so that keys do not depend on what is read."""
    text = "network N { input 3x8x8; a = it | conv 3x3, 4; conv 3x3, 4; conv 3x3, 4 }"
    (first, *_, last) = layout(compiled(tmp_path, text))
    assert (first.key, last.key) == ("conv2.conv2d.weight", "conv3.batch_norm.running_var")


@pytest.mark.parametrize(
    ("layers", "codes"),
    [
        ("a = it | conv 3x3, 4; add it, it", ["SEQ203"]),
        ("_a = it | conv 3x3, 4; add it, it", []),
        ("a = it; conv 3x3, 4; add a, a", ["SEQ321"]),
        ("a = it; max_pool 2; add a, a", []),
        ("a = it | conv 3x3, 3; if it.width > 9 { add it, a }", []),  # a template may not need it
    ],
)
def test_what_check_says(tmp_path: Path, layers: str, codes: list[str]) -> None:
    path = tmp_path / "net.seq"
    path.write_text(f"network N {{ input 3x8x8; {layers} }}")
    assert [d.code.id for d in seqdsl.check(path)] == codes
