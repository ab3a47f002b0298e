"""What a Python caller sees of networks, of the package and of errors."""

from pathlib import Path

import pytest
from networks import ARCHITECTURES, compiled, paper_network

import seqdsl


def test_a_network_prints_as_one_line() -> None:
    network = paper_network("seqresnet.seq", "S1")
    assert repr(network) == (
        f"<Network S1: {len(network.nodes):,} nodes, 1,233,370 params, 282,085,248 MACs, "
        "3x32x32 -> 10>"
    )
    assert str(network) == repr(network)


def test_the_package_lists_what_it_offers() -> None:
    assert set(seqdsl.__all__) <= set(dir(seqdsl))
    for name in seqdsl.__all__:
        assert getattr(seqdsl, name).__module__.startswith("seqdsl.")


def test_an_error_says_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(seqdsl.CompileError) as caught:
        compiled(tmp_path, "network N(width = 4) { input 3x8x8; convv 3x3, width }")
    assert "SEQ201" in str(caught.value) and "help: did you mean `conv`?" in str(caught.value)


def test_an_argument_is_named_as_it_was_given(tmp_path: Path) -> None:
    text = "network N(width = 4) { input 3x8x8; conv 3x3, width }"
    with pytest.raises(seqdsl.CompileError, match=r"^argument widht=8: SEQ206 .*\n.*`width`"):
        compiled(tmp_path, text, widht=8)


def test_a_template_asks_for_its_parameters() -> None:
    with pytest.raises(seqdsl.CompileError, match=r"SEQ207 .*\n.*k=\.\.\., N=\.\.\."):
        seqdsl.load(ARCHITECTURES / "seqresnet.seq", "SeqResNet", r=2)


def test_weights_that_memory_can_not_hold(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; conv2d 3x3, 1000000000000000 }")
    for make in (seqdsl.to_torch, seqdsl.to_onnx):
        with pytest.raises(seqdsl.CompileError, match=r"SEQ603 .*weights"):
            make(network)
