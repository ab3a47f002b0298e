"""What a network does in Python: counting, drawing, saving, comparing, and in a notebook."""

import pickle
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from commands import seqdsl_command
from networks import ARCHITECTURES, compiled, paper_network

import seqdsl
from seqdsl.api import drawings, notebook
from seqdsl.graph import network as graph
from seqdsl.graph.conventions import CONVENTIONS
from seqdsl.graph.dump import dump

SMALL = """network N(k = 8) {
  input 3x8x8
  stage a { conv 3x3, k }
  stage b { conv 3x3, 2*k, stride=2; global_average_pool; fc 10 }
}"""


def small(**params: int) -> seqdsl.Network:
    return seqdsl.load(source=SMALL, **params)


def test_a_network_is_one_of_the_graph() -> None:
    assert isinstance(small(), seqdsl.Network) and issubclass(seqdsl.Network, graph.Network)
    with pytest.raises(AttributeError):
        small().name = "M"  # type: ignore[misc]
    assert isinstance(replace(small(), name="M"), seqdsl.Network)


def test_a_network_goes_from_one_process_to_another(tmp_path: Path) -> None:
    network = small(k=4)
    again = pickle.loads(pickle.dumps(network))
    assert dump(again) == dump(network) and isinstance(again, seqdsl.Network)
    again.save(tmp_path / "n.seq")
    assert dump(seqdsl.load(tmp_path / "n.seq")) == dump(network)


# --- counting


def test_operations_are_counted_under_every_convention() -> None:
    network = paper_network("seqresnet_imagenet.seq", "SeqResNetB22")
    assert network.flops() == 2 * network.macs == network.flops("flops")
    for name, convention in CONVENTIONS.items():
        assert network.flops(name) == convention.count(network.cost)
    assert f"{network.flops('paper') / 2**30:.3f}" == "2.730"
    with pytest.raises(ValueError, match=r"macs, flops, paper, .*not 'flop': did you mean 'flops'"):
        network.flops("flop")  # type: ignore[arg-type]


def test_parts_are_a_list_at_each_level_by_word_or_value() -> None:
    network = small()
    assert isinstance(network.stats(), list)
    assert network.stats() == network.stats("stage") == network.stats(seqdsl.Level.STAGE)
    assert [part.name for part in network.stats()] == ["input", "a", "b"]
    assert [part.name for part in network.stats("network")] == ["N"]
    with pytest.raises(ValueError, match="level is one of network, stage, block, layer, not 'stag"):
        network.stats("stages")  # type: ignore[arg-type]


def test_parts_become_a_data_frame() -> None:
    pandas = pytest.importorskip("pandas")
    network = small()
    frame = network.stats("layer").to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame) == ["name", "shape", "params", *CONVENTIONS, "activations"]
    assert len(frame) == len(network.stats("layer"))
    assert frame["params"].sum() == network.params
    for name in CONVENTIONS:
        assert frame[name].sum() == network.flops(name)
    assert frame.set_index("name").loc["a/conv1", "shape"] == (8, 8, 8)


def test_parts_without_pandas_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        small().stats().to_pandas()


# --- drawing, and notebooks


def test_a_drawing_is_an_svg_or_a_file(tmp_path: Path) -> None:
    network = small()
    drawn = network.draw(depth="block")
    root = ET.fromstring(drawn.svg)
    assert root.tag.endswith("svg") and drawn._repr_svg_() == drawn.svg
    assert any("3×3" in (e.text or "") for e in root.iter())
    for suffix in (".svg", ".dot", ".mmd", ".png", ".pdf"):
        path = network.draw(tmp_path / f"n{suffix}", "block")
        assert path == tmp_path / f"n{suffix}" and path.stat().st_size > 100
    assert (tmp_path / "n.svg").read_text() == drawn.svg
    part = network.draw(only="b", depth="layer", heading=False, theme="dark", direction="LR")
    assert len(part.svg) != len(drawn.svg)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"path": "n.gif"}, "suffix is one of .svg, .png"),
        ({"depth": "stage"}, "depth is one of network, block, layer, group, not 'stage'"),
        ({"direction": "UP"}, "direction is one of TB, LR"),
        ({"theme": "grey"}, "theme is one of auto, light, dark, gray, not 'grey'"),
        ({"only": "c"}, "no part 'c'"),
    ],
)
def test_a_drawing_of_other_words_is_refused(arguments: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        small().draw(**arguments)


def test_a_notebook_shows_the_stages_and_their_costs() -> None:
    network = small()
    svg, html = network._repr_svg_(), network._repr_html_()
    assert svg is not None and ET.fromstring(svg).tag.endswith("svg")
    root = ET.fromstring(html)  # well-formed
    cells = [[c.text for c in row] for row in root.iter("tr")]
    assert cells[0] == ["part", "output", "params", "MACs"]
    assert [row[0] for row in cells[1:]] == ["a", "b", "total"]
    assert cells[-1][2] == "1.586K" and network.params == 1_586
    assert len(list(root.iter("img"))) == 1


def test_a_notebook_is_shown_a_table_where_nothing_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqdsl.backends.drawing.write.engines", lambda: iter(()))
    network = small()
    assert network._repr_svg_() is None
    assert not list(ET.fromstring(network._repr_html_()).iter("img"))
    with pytest.raises(seqdsl.CompileError, match="Graphviz"):
        network.draw()


@pytest.mark.parametrize("limit", ["MOST_NODES", "MOST_CHARACTERS"])
def test_a_notebook_is_not_held_up_by_a_large_network(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(drawings, limit, 3)
    network = small()
    assert network._repr_svg_() is None and "<img" not in network._repr_html_()


def test_a_long_table_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "MAX_ROWS", 1)
    rows = re.findall("<tr>.*</tr>", small()._repr_html_())
    assert len(rows) == 4 and "… and 1 more" in rows[2]


def test_no_name_becomes_markup() -> None:
    network = replace(small(), name="<script>", parameters=(("k", "<b>"),))
    text = network._repr_html_()
    assert "<script>" not in text and "<b>" not in text
    assert "&lt;script&gt;" in text and "&lt;b&gt;" in text


# --- saving


def test_a_network_is_saved_as_the_commands_write_it(tmp_path: Path) -> None:
    path = ARCHITECTURES / "seqresnet.seq"
    network = seqdsl.load(path, "S1")
    for suffix in (".py", ".seq"):
        saved = network.save(tmp_path / f"api{suffix}")
        command = "build" if suffix == ".py" else "expand"
        done = seqdsl_command(command, path, "--network", "S1", "-o", tmp_path / f"cli{suffix}")
        assert done.code == 0, done.err
        assert saved.read_text() == (tmp_path / f"cli{suffix}").read_text()


def test_a_saved_model_has_the_weights(tmp_path: Path) -> None:
    network = small()
    state = seqdsl.to_torch(network).state_dict()
    path = network.save(tmp_path / "n.onnx", state, classes=[f"c{i}" for i in range(10)])
    names = {tensor.name for tensor in onnx.load(path).graph.initializer}
    assert names == {tensor.name for tensor in seqdsl.to_onnx(network, state).graph.initializer}
    assert seqdsl.recorded(path).classes == tuple(f"c{i}" for i in range(10))


def test_a_plain_source_is_of_the_parameters_that_were_given(tmp_path: Path) -> None:
    network = small(k=4)
    path = network.save(tmp_path / "n.seq")
    assert dump(seqdsl.load(path)) == dump(network)


def test_a_source_is_saved_of_what_was_compiled_although_its_file_is_gone(tmp_path: Path) -> None:
    network = compiled(tmp_path, SMALL, k=4)
    (tmp_path / "net.seq").unlink()
    assert dump(seqdsl.load(network.save(tmp_path / "n.seq"))) == dump(network)


def test_a_network_of_no_source_is_not_saved_as_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`seqdsl\.load` returned"):
        replace(small(), name="M").save(tmp_path / "n.seq")


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("n.pt", {}, r"suffix is one of \.py, \.onnx, \.seq"),
        ("n.py", {"state_dict": {}}, r"state_dict goes with \.onnx, not with \.py"),
        ("n.seq", {"batch": 2, "classes": []}, r"batch, classes go with \.onnx"),
        ("n.onnx", {"recompute": True}, r"recompute goes with \.py"),
        ("n.seq", {"schedule": "gather"}, r"schedule goes with \.py and \.onnx"),
        ("n.py", {"schedule": "scatter"}, "PyTorch has no schedule 'scatter'"),
        ("n.py", {"schedule": "gather", "recompute": True}, "needs schedule='auto'"),
        ("n.onnx", {"batch": 0}, r"at least 1 \(got 0\)"),
    ],
)
def test_an_argument_goes_with_a_suffix(
    tmp_path: Path, name: str, arguments: dict, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        small().save(tmp_path / name, **arguments)
    assert not list(tmp_path.iterdir())


def test_a_file_that_can_not_be_written_is_a_diagnostic(tmp_path: Path) -> None:
    for name in ("n.py", "n.onnx", "n.seq"):
        with pytest.raises(seqdsl.CompileError):
            small().save(tmp_path / "absent" / name)


# --- comparing


def test_every_backend_is_compared() -> None:
    found = small().verify(batches=[2], seed=1)
    assert {each.batch for each in found} == {2}
    assert len(found) >= 6 and all(each.agrees for each in found)
    for batches in ([], [0]):
        with pytest.raises(ValueError, match="at least 1"):
            small().verify(batches)


def test_two_networks_are_told_apart() -> None:
    found = small().diff(small(k=4))
    assert found.differ and [stage.before.name for stage in found.stages] == ["a", "b"]
    assert not small().diff(small()).differ
