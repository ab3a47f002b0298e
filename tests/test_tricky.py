"""Networks that once went wrong: each agrees in every backend, under keys and names of its own."""

from pathlib import Path

import pytest
import torch
from networks import compiled
from torch.utils.flop_counter import FlopCounterMode

import seqdsl
from seqdsl.backends.verify import verify
from seqdsl.graph.parameters import layout

TRICKY = {
    "a stage called like a block": "network N { input 3x8x8; conv 3x3, 3\n"
    "stage conv1 { conv 3x3, 3 } }",
    "blocks whose numbers collide": "block conv1 { conv 1x1, 3 }\n"
    "network N { input 3x8x8; conv 3x3, 3 x 12\n conv1 x 2\n}",
    "a block called group": "block group { conv 1x1, 3 }\nnetwork N { input 3x8x8; group\n"
    "aggregate i in 1..2, window=all { conv 3x3, 3 } }",
    "names that torch has": "network N { input 3x8x8\n"
    "stage half { conv 1x1, 3 }; stage half_ { conv 1x1, 3 }; stage __a { conv 1x1, 3 }\n"
    "stage _a { conv 1x1, 3 }; stage u_a { conv 1x1, 3 } }",
    "a join that reads a slice": "use std.seqconv\nblock T { conv2d 1x1, 4 }\n"
    "block S(y: feature) {\n a = it.group(1) | T\n b = it.group(1) | concatenate y\n"
    " w = b | conv2d 1x1, 4\n add a, w }\n"
    "network N { input 3x8x8\n seqconv 3x3, 8, k=4\n y = it | conv 3x3, 4\n"
    " conv2d 3x3, 8, groups=2\n S y }",
    "a join whose operand is overwritten": "block L(b: feature) {\n"
    " aggregate i in 1..3, window=last(2) {\n conv2d 1x1, 8\n add it, b\n }\n}\n"
    "network N { input 3x8x8\n p = it | conv 3x3, 4\n q = it | conv 3x3, 4\n"
    " b = p | concatenate p, p\n concatenate p, q\n L b\n global_average_pool; fc 10 }",
    "one block over a vector and over a map": "block dense(w: positive) { linear w }\n"
    "network N { input 3x4x4\n v = it | linear 8\n w = v | dense 4\n z = it | dense 4\n add w, z }",
    "two layers in one scope, and a reader between": "network N { input 4x8x8\n"
    " aggregate i in 1..2, window=all { conv 3x3, 4 }\n y = it | conv 1x1, 8\n"
    " aggregate i in 1..2, window=all { conv 1x1, 4 }\n add it, y }",
    "one channel of a convolution": "network N { input 3x4x4\n a = it | conv2d 1x1, 4\n"
    " b = a.channels(2, 4) | relu\n concatenate a.channels(1, 1), b }",
    "a window that depends on the group": "network N { input 3x8x8\n"
    "aggregate i in 1..4, window=last(max(1, i - 1)) { conv 3x3, 2 } }",
    "a shortcut under another name": "block gated(width: positive, gate: feature) {\n"
    " conv 3x3, width\n add it, gate }\nblock own(body: layers) {\n body.head\n"
    " body.last gate=in }\nnetwork N { input 4x4x4\n own { conv 3x3, 4\n gated 4 } }",
    "pooling that drops a window": "network N { input 3x3x3\n"
    "avg_pool 2, stride=3, ceil=true\n fc 5 }",
    "a dilated convolution that keeps its size": "network N { input 3x9x9\n"
    "conv 3x3, 4, dilation=2\n conv 3x3, 4, stride=2, dilation=3 }",
}


@pytest.mark.parametrize("name", TRICKY)
def test_tricky(tmp_path: Path, name: str) -> None:
    network = compiled(tmp_path, TRICKY[name])
    assert not seqdsl.check(tmp_path / "net.seq")
    assert len({node.path for node in network.nodes}) == len(network.nodes)
    module = seqdsl.to_torch(network, schedule="gather").eval()
    assert list(seqdsl.to_torch(network).state_dict()) == list(module.state_dict())
    assert list(module.state_dict()) == [parameter.key for parameter in layout(network)]
    assert sum(p.numel() for p in module.parameters()) == network.params
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(torch.zeros(1, *network.input.type.shape))
    assert counter.get_total_flops() == 2 * network.macs
    assert all(c.agrees for c in verify(network)), verify(network)


def test_a_narrower_layer_takes_no_wider_shortcut(tmp_path: Path) -> None:
    text = "use std.seqconv\nnetwork N { input 3x8x8; seqconv 3x3, 16, k=4\n"
    text += "residual { wseqconv 3x3, 16, k=4; wseqconv 3x3, 8, k=4 } }"
    with pytest.raises(seqdsl.CompileError, match=r"SEQ301.: a shortcut is as wide"):
        compiled(tmp_path, text)
