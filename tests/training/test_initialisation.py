"""Before the first step, every residual block is the identity (section 4.2)."""

from __future__ import annotations

import pytest
import torch
from networks import ELEVEN, paper_network

from seqdsl.backends.torch.reference import evaluate
from seqdsl.backends.weights.state import initial_state
from seqdsl.graph import operations as ops

SMALL = [(f, n) for f, n in ELEVEN if n in ("S1", "S4", "SeqResNetB_k16_r7_N1", "SeqResNeXt24")]


def starts_at_zero(operation: ops.Operation) -> bool:
    return isinstance(operation, ops.Conv2d) and operation.init is ops.Init.ZERO


@pytest.mark.parametrize(("file", "name"), SMALL)
def test_residual_blocks_add_nothing(file: str, name: str) -> None:
    """What a group's shortcut brings is what leaves the group, raw, to the last bit."""
    network = paper_network(file, name)
    state = {key: torch.from_numpy(value) for key, value in initial_state(network).items()}
    x = torch.randn(1, *network.input.type.shape)
    with torch.inference_mode():
        values = {node.index: value for node, value in evaluate(network, state, x)}
    joined = [
        node
        for node in network.nodes
        if isinstance(node.operation, ops.Add) and "residual" in node.path
    ]
    assert joined
    for node in joined:
        (brought,) = (i for i in node.operands if not starts_at_zero(network.nodes[i].operation))
        assert values[brought].any() and torch.equal(values[node.index], values[brought])
