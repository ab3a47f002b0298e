"""Plots: what the pixels of a heat map are, and what is in the files."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from networks import compiled, paper_network

import seqdsl
from seqdsl import Network
from seqdsl.backends.arrays import State
from seqdsl.backends.drawing.plots import PAGE, Curve, Heat, plot_curves, plot_weights
from seqdsl.backends.torch.reference import evaluate
from seqdsl.backends.weights.state import random_state
from seqdsl.backends.weights.usage import usage
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Conv2d
from seqdsl.passes.connections import Exploded, explode
from seqdsl.source.diagnostic import Failure

TEXT = "use std.seqconv\nuse std.dense\nnetwork N {{ input 3x5x5; seqconv 3x3, 8, k=4; {} }}"
LAYERS = [
    "seqconv 3x3, 8, k=4",
    "wseqconv 3x3, 12, k=4, c=2",
    "wseqconv 1x1 -> 3x3, 8, k=4",
    "residual x 1 { wseqconv 3x3, 8, k=4; wseqconv 3x3, 8, k=4 }",
    "dense 4, 4",
    "sparse 5, 4",
]
MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
RUN = Curve("S1", [1, 2, 3], [80.0, 40.0, 20.0], [70.0, float("nan"), 30.0], [2])


def groups(network: Network, layer: Exploded) -> list[list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in network.nodes:
        if node.path.startswith(f"{layer.scope.path}/group"):
            found.setdefault(node.path.removeprefix(layer.scope.path).split("/")[1], []).append(
                node
            )
    return list(found.values())


def heard(
    network: Network, before: Exploded, layer: Exploded, state: State, source: int
) -> set[int]:
    """Which x_i of a layer hear of x_j, while all other groups, of the layer before, too, are held.

    No part of this looks at connections: features are changed, and convolutions differ or not.
    """
    inputs, own = groups(network, before), groups(network, layer)
    features = {g[-1].index: j for j, g in enumerate([*inputs, *own], 1 - len(inputs))}
    reads = {n.index: i for i, g in enumerate(own, 1) for n in g if isinstance(n.operation, Conv2d)}
    tensors = {key: torch.from_numpy(value) for key, value in state.items()}
    x = torch.randn(1, *network.input.type.shape, generator=torch.Generator().manual_seed(1))
    clean = {node.index: value.clone() for node, value in evaluate(network, tensors, x)}
    found = set()
    for node, value in evaluate(network, tensors, x):
        if node.index in reads and not torch.equal(value, clean[node.index]):
            found.add(reads[node.index])
        if node.index in features:
            value.copy_(clean[node.index] + (features[node.index] == source))
    return found


@pytest.mark.parametrize("text", LAYERS)
def test_a_connection_is_what_features_go_through(tmp_path: Path, text: str) -> None:
    network = compiled(tmp_path, TEXT.format(text))
    before, layer = explode(network)[-2:]
    state = random_state(network)
    for j in range(1 - layer.inputs, layer.groups):
        sees = {i for i in range(1, layer.groups + 1) if (j, i) in layer.connections}
        assert heard(network, before, layer, state, j) == sees
    for j, i in [(0, 1), (1, 2), (layer.groups - 1, layer.groups)]:
        muted = {key: value.copy() for key, value in state.items()}
        for block in layer.connections[j, i]:
            muted[block.key][slice(*block.outputs), slice(*block.inputs)] = 0
        was, now = usage(layer, state), usage(layer, muted)
        at = (j + layer.inputs - 1, i - 1)
        assert was[at] > 0 and now[at] == 0 and (now == 0).sum() == 1
        now_heard = heard(network, before, layer, muted, j)
        assert now_heard == heard(network, before, layer, state, j) - {i}


def test_pixels_are_means_of_weights() -> None:
    """Of the live module's, of equation 2: x_3 sees x_{-5} .. x_2."""
    network = paper_network("seqresnet.seq", "S1")
    state = random_state(network)
    layer = next(e for e in explode(network) if e.name == "conv2/residual1/wseqconv2")
    module = seqdsl.to_torch(network)
    module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    means = torch.full((15, 8), torch.nan)
    for i in range(1, 9):
        path = f"conv2.residual1.wseqconv2.group{i}.transform1.conv1.conv2d.weight"
        for place in range(8):
            weight = module.get_parameter(path)[:, 8 * place : 8 * place + 8]
            means[i - 1 + place, i - 1] = weight.abs().mean()
    largest = np.nanmax(means.numpy(force=True))
    np.testing.assert_allclose(usage(layer, state), means.numpy(force=True) / largest, rtol=1e-5)


def test_a_layer_of_zeros_is_not_used_at_all() -> None:
    """As section 4.2 lets the last layer of a residual block begin."""
    network = paper_network("seqresnet.seq", "S1")
    layer = explode(network)[0]
    values = usage(layer, {key: 0 * value for key, value in random_state(network).items()})
    assert np.nanmax(values) == 0 and np.isnan(values).sum() == values.size - len(layer.connections)


def heats(count: int, title: str = "conv2/layer") -> list[Heat]:
    values = np.array([[0, 1], [np.nan, 0.5]], np.float32)
    return [Heat(f"{title}{at}", values, 1) for at in range(count)]


@pytest.mark.parametrize("suffix", MAGIC)
def test_every_format_and_the_same_file_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plot{suffix}"
    for plot in (lambda: plot_weights(heats(3), path), lambda: plot_curves([RUN], path)):
        plot()
        first = path.read_bytes()
        with mpl.rc_context({"font.size": 20, "svg.hashsalt": "other"}):
            plot()
        assert first.startswith(MAGIC[suffix]) and path.read_bytes() == first


def text_of(path: Path) -> list[str]:
    return ["".join(t.itertext()) for t in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_a_drawing_is_labelled(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    plot_weights(heats(5), path)
    texts = text_of(path)
    assert {f"conv2/layer{at}" for at in range(5)} <= set(texts)
    assert texts.count("group i") == 5 and texts.count("source group j") == 2
    assert "mean |weight|, largest of a layer = 1" in texts
    plot_curves([RUN, Curve("_S2", [1], [50.0], [60.0], [])], path)
    assert {"S1  30.00 %", "_S2  60.00 %", "validation", "training", "epoch", "error (%)"} <= {
        *text_of(path)
    }


@pytest.mark.parametrize("name", ["$x_", r"$\frac", "<b>&", "\x1b[31m", "網", "_", "", "x" * 9999])
def test_a_name_is_text_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / "plot.svg"
    plot_curves([Curve(name, [1, 2], [50.0, 40.0], [60.0, 50.0], [])], path)
    assert len(text_of(path)) > 8
    plot_weights(heats(1, name), path)
    assert any(text.endswith(f"{name[-9:]}0") or "\\x1b" in text for text in text_of(path))


def test_a_pdf_has_pages(tmp_path: Path) -> None:
    path = tmp_path / "plot.pdf"
    plot_weights(heats(2 * PAGE + 1), path)
    assert len(re.findall(rb"/Type /Page\b", path.read_bytes())) == 3


def test_a_layer_of_many_groups_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    plot_weights([Heat("wide", np.ones((239, 120), np.float32), 120)], path)
    numbers = [text for text in text_of(path) if re.fullmatch(r"−?\d+", text)]
    assert 6 <= len(numbers) <= 16


@pytest.mark.parametrize(("epochs", "is_shown"), [(100, False), (3, True)])
def test_early_errors_do_not_flatten_the_rest(tmp_path: Path, epochs: int, is_shown: bool) -> None:
    """The scale leaves out the first of many epochs, and shows all of few."""
    errors = ([90.0] * 3 + [10.0] * 97)[:epochs]
    path = tmp_path / "plot.svg"
    plot_curves([Curve("run", range(1, epochs + 1), errors, errors, [])], path)
    *_, highest = [float(text) for text in text_of(path) if re.fullmatch(r"[\d.]+", text)]
    assert (highest > 60) is is_shown


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no folder"):
        plot_curves([RUN], tmp_path / "none" / "plot.svg")
