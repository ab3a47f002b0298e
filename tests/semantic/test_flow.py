"""What flows: a statement that sets it, and pieces of a feature map."""

from pathlib import Path

import pytest
from networks import compiled

import seqdsl
from seqdsl.graph.dump import dump


def same(tmp_path: Path, one: str, other: str) -> bool:
    first, second = (f"network N {{ input 4x8x8; {text} }}" for text in (one, other))
    return dump(compiled(tmp_path, first)) == dump(compiled(tmp_path, second))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("it = it | relu | tanh", "relu; tanh"),
        ("a = it | relu; it = a; tanh", "relu; tanh"),
        ("stage s { conv 3x3, 8; it = in | conv 1x1, 4 }", "stage s { _a = it | conv 3x3, 8; "
         "conv 1x1, 4 }"),
        ("a = it | relu; for i in 1..2 { it = a | tanh }", "relu; tanh"),
    ],
)  # fmt: skip
def test_setting_what_flows(tmp_path: Path, text: str, plain: str) -> None:
    names = [[n.name for n in compiled(tmp_path, f"network N {{ input 4x8x8; {t} }}").nodes]
             for t in (text, plain)]  # fmt: skip
    assert [name.rstrip("2") for name in names[0]] == [name.rstrip("2") for name in names[1]]


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("it = it.width", "SEQ209"),
        ("it = skip", "SEQ202"),
        ("a = it | relu; a | tanh", "SEQ101"),
        ("a = it; conv 3x3, 8; it = a", "SEQ321"),  # a layer that is dropped
    ],
)
def test_what_can_not_flow(tmp_path: Path, layers: str, code: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text(f"network N {{ input 4x8x8; {layers} }}")
    assert {d.code.id for d in seqdsl.check(path)} >= {code}


def test_channels_are_cut_once(tmp_path: Path) -> None:
    """All of a map is the map itself, and pieces side by side are one slice."""
    assert same(tmp_path, "conv 1x1, 8; relu; it = it.channels(1, 8); tanh",
                "conv 1x1, 8; relu; tanh")  # fmt: skip
    text = "concatenate it.channels(1, 2), it.channels(3, 3); conv 1x1, 8"
    kinds = [n.kind for n in compiled(tmp_path, f"network N {{ input 4x8x8; {text} }}").nodes]
    assert kinds[:3] == ["input", "slice", "conv2d"]


def test_channels_keep_the_raw_face(tmp_path: Path) -> None:
    text = "network N { input 4x8x8; conv 1x1, 8; a = it.channels(5, 8); it = a.raw; tanh }"
    network = compiled(tmp_path, text)
    (cut,) = [node for node in network.nodes if node.kind == "slice"]
    assert network.nodes[cut.operands[0]].kind == "conv2d"


def test_the_plain_form_of_pieces_and_flow(tmp_path: Path) -> None:
    text = """network N {
      input 4x8x8
      conv 3x3, 8
      stage s { a = it.channels(2, 5) | relu; concatenate it.channels(6, 8), a }
      output s
      it = s.channels(3, 6)
      conv 3x3, 4
    }"""
    network = compiled(tmp_path, text)
    plain = seqdsl.expand(tmp_path / "net.seq")
    assert dump(compiled(tmp_path, plain)) == dump(network)
