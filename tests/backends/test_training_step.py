"""A training step is the same however the layers of groups are computed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from networks import ARCHITECTURES
from torch import Tensor, nn

import seqdsl


def step(module: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    """Logits, every gradient, and the running statistics that a step leaves."""
    torch.manual_seed(1)
    x, target = torch.randn(4, 3, 32, 32).to(dtype), torch.randint(10, (4,))
    logits = module.to(dtype).train()(x)
    F.cross_entropy(logits, target).backward()
    gradients = {f"gradient of {n}": p.grad for n, p in module.named_parameters()}
    found = {"logits": logits.detach(), **gradients, **dict(module.named_buffers())}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("recompute", [False, True], ids=["kept", "recomputed"])
def test_schedules_train_alike(recompute: bool) -> None:
    """To 1e-9 in float64; in float32 logits to 1e-5, and all else as near to the exact value as
    the definition comes, whose own rounding grows on the way back through the layers.
    """
    path = ARCHITECTURES / "seqresnet.seq"
    network = seqdsl.load(path, "SeqResNet", k=8, r=4, N=1, drop=0.0)
    torch.manual_seed(0)
    state = seqdsl.to_torch(network, schedule="gather").state_dict()
    for value in state.values():
        if value.ndim == 4 and not value.any():  # a block that starts as the identity
            nn.init.kaiming_normal_(value)

    def run(schedule: str, dtype: torch.dtype, recompute: bool = False) -> dict[str, Tensor]:
        made = seqdsl.to_torch(network, schedule=schedule, recompute=recompute, state_dict=state)
        assert list(made.state_dict()) == list(state)
        return step(made, dtype)

    exact = run("gather", torch.float64)
    whole = distances(run("auto", torch.float64, recompute), exact)
    assert max(whole.values()) <= 1e-9
    defined = distances(run("gather", torch.float32), exact)
    rounded = distances(run("auto", torch.float32, recompute), exact)
    assert rounded["logits"] <= 1e-5
    for name, found in rounded.items():
        assert found <= max(1e-5, 4 * defined[name]), name


def distances(given: dict[str, Tensor], expected: dict[str, Tensor]) -> dict[str, float]:
    """max |given - expected| / max |expected| of each tensor."""
    assert given.keys() == expected.keys()
    return {
        name: float((given[name] - value).abs().max() / value.abs().max().clamp(1e-30))
        for name, value in expected.items()
    }
