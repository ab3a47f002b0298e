"""Derived networks: what is replaced, what is not, and what is said where that can't be."""

from pathlib import Path

import pytest
import torch
from networks import compiled

import seqdsl
from seqdsl.backends.verify import verify
from seqdsl.graph.dump import dump

BASE = """use std.seqconv
block basic(width: positive, stride: positive = 1) {
  skip = in
  if stride != 1 or in.width != width { skip = in | conv 1x1, width, stride=stride, act=none }
  conv 3x3, width, stride=stride
  conv 3x3, width, act=none
  add it, skip
  relu
}
network Base(classes = 10) {
  input 3x16x16
  stage one -> 16x16 { conv 3x3, 16; conv 3x3, 16 }
  stage two -> 8x8 { conv 3x3, 32, stride=2; repeat x 2 { basic 32 } }
  head { global_average_pool; fc classes }
  expect params 1
}
"""


def derived(rules: str, base: str = "Base") -> str:
    return f"{BASE}network Derived(k: positive = 8) = {base} with {{\n{rules}\n}}\n"


def layers(network: seqdsl.Network) -> list[str]:
    return [part.name for part in network.stats(seqdsl.Level.LAYER) if part.cost.params]


def test_rules_are_tried_in_order_and_the_rest_stays(tmp_path: Path) -> None:
    rules = """
    replace conv(kernel, width) where in.group == k { wseqconv kernel, width, k }
    replace conv(kernel, width) where kernel == 3x3 { seqconv kernel, width, k }"""
    network = compiled(tmp_path, derived(rules), "Derived")
    # the second 3x3 of `basic` is off a default that no rule lists (act), and stays
    assert layers(network) == [
        "one/seqconv1", "one/wseqconv1", "two/conv1",
        "two/repeat1/basic1/seqconv1", "two/repeat1/basic1/conv1",
        "two/repeat2/basic1/seqconv1", "two/repeat2/basic1/conv1",
        "head/fc1",
    ]  # fmt: skip
    assert not network.claims  # what the base claims is not claimed of what derives from it


def test_a_strided_convolution_becomes_a_down_sampling_block(tmp_path: Path) -> None:
    rules = """
    replace conv(kernel, width, stride) where stride != 1 {
      downsample {
        seqconv kernel, width - in.width, k
        concatenate width
        conv kernel, width, stride=stride, groups=width/k
      }
    }
    replace conv(kernel, width) where kernel == 3x3 { seqconv kernel, width, k }"""
    network = compiled(tmp_path, derived(rules), "Derived")
    assert layers(network)[2:4] == ["two/downsample1/seqconv1", "two/downsample1/conv1"]


def test_a_whole_block_can_be_replaced(tmp_path: Path) -> None:
    rules = """
    replace conv(kernel, width) where in.width == 3 { seqconv kernel, width, k }
    replace conv(kernel, width, stride) where stride != 1 {
      conv kernel, width, stride=stride, groups=in.width/k
    }
    replace conv(kernel, width) { wseqconv kernel, width, k }
    replace basic(width) { residual { wseqconv 3x3, width, 2*k; wseqconv 3x3, width, 2*k } }"""
    network = compiled(tmp_path, derived(rules), "Derived")
    assert layers(network) == [
        "one/seqconv1", "one/wseqconv1", "two/conv1",
        "two/repeat1/residual1/wseqconv1", "two/repeat1/residual1/wseqconv2",
        "two/repeat2/residual1/wseqconv1", "two/repeat2/residual1/wseqconv2",
        "head/fc1",
    ]  # fmt: skip


def test_derived_networks_derive_on(tmp_path: Path) -> None:
    text = derived("replace conv(kernel, width) where kernel == 3x3 { seqconv kernel, width, k }")
    text += "model M = Derived(k=4)\n"
    text += "network Twice = M with { replace seqconv(path, width, k) { conv 5x5, width } }\n"
    network = compiled(tmp_path, text, "Twice")
    assert layers(network)[:2] == ["one/conv1", "one/conv2"]
    assert [n.operation.kernel for n in network.nodes if n.kind == "conv2d"][:2] == [(5, 5)] * 2


def test_a_derived_network_runs_trains_and_is_written_out(tmp_path: Path) -> None:
    text = derived("replace conv(kernel, width) where kernel == 3x3 { seqconv kernel, width, k }")
    network = compiled(tmp_path, text, "Derived")
    assert all(c.agrees for c in verify(network))
    module = seqdsl.to_torch(network)
    loss = torch.nn.functional.cross_entropy(module(torch.randn(4, 3, 16, 16)), torch.arange(4))
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    plain = seqdsl.expand(tmp_path / "net.seq", "Derived", k=4)
    assert " with " not in plain and "block basic(body: layers) { body }" in plain
    (tmp_path / "plain").mkdir()
    again = compiled(tmp_path / "plain", plain)
    assert dump(again) == dump(seqdsl.load(tmp_path / "net.seq", "Derived", k=4))


def test_what_the_hierarchy_forbids_is_told_at_the_convolution(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(derived("replace conv(kernel, width) { wseqconv kernel, width, k }"))
    found = [d for d in seqdsl.check(path) if d.code.name == "ungrouped-window"]
    (first,) = found
    assert first.primary is not None and first.primary.span.text == "conv 3x3, 16"
    assert "in place of `conv 3x3, 16`" in first.chain
    assert "one group of 3 channels" in first.message
    assert any(label.span.text.startswith("wseqconv kernel") for label in first.secondary)


@pytest.mark.parametrize(
    ("rules", "base", "code"),
    [
        ("replace cnov(width) { relu }", "Base", "unknown-layer"),
        ("replace conv(kernel, widht) { relu }", "Base", "unknown-argument"),
        ("replace conv(kernel, width) { conv 3x3, q }", "Base", "undefined-name"),
        ("replace conv(kernel, width) { relu }", "Bsae", "unknown-network"),
        ("replace conv(kernel, width) { relu }", "Derived", "recursion"),
        ("replace conv(kernel, width) where width { relu }", "Base", "wrong-type"),
    ],
)
def test_mistakes(tmp_path: Path, rules: str, base: str, code: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text(derived(rules, base))
    assert code in {d.code.name for d in seqdsl.check(path)}
