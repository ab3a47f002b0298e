"""The paper's networks: their figures, and an independent definition of one of them."""

import pytest
import torch
import torch.nn.functional as F
from networks import ELEVEN, paper_network
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import seqdsl
from seqdsl.backends.verify import verify
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.parameters import layout
from seqdsl.passes.claims import check_claims


@pytest.mark.parametrize(("file", "name"), ELEVEN)
def test_eleven(file: str, name: str) -> None:
    network = paper_network(file, name)
    assert network.claims and not check_claims(network)
    module = seqdsl.to_torch(network, schedule="gather").eval()
    assert list(module.state_dict()) == [parameter.key for parameter in layout(network)]
    assert sum(p.numel() for p in module.parameters()) == network.params
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        module(torch.zeros(1, *network.input.type.shape))
    assert counter.get_total_flops() == 2 * network.macs


@pytest.mark.parametrize(("file", "name"), ELEVEN)
def test_backends_agree(file: str, name: str) -> None:
    comparisons = verify(paper_network(file, name))
    torch_runs = {c.backend for c in comparisons if c.backend.startswith("torch, ")}
    onnx_runs = {c.backend for c in comparisons if c.backend.startswith("onnxruntime, ")}
    assert len(torch_runs) == 4 and len(onnx_runs) >= 2  # as defined and folded, and schedules
    assert len(comparisons) == 2 * len(torch_runs | onnx_runs)  # at two batch sizes
    assert all(c.agrees for c in comparisons), comparisons
    assert max(c.error for c in comparisons) <= 5e-6  # well below the limit, each by itself


class PlainSeqResNet(nn.Module):
    """SeqResNet of Table 1 written from equations 1 and 2 and section 3.2, in evaluation mode.

    It takes the paper's convolutions from a list, one after another: a weight and its batch
    norm's scale, shift, mean and variance.
    """

    def __init__(self, state: dict[str, Tensor], k: int, r: int, N: int, bottleneck: bool) -> None:
        super().__init__()
        self.values = iter(state.values())
        self.k, self.r, self.N, self.bottleneck = k, r, N, bottleneck

    def conv(self, x: Tensor, add: Tensor | float = 0.0, **options: int) -> tuple[Tensor, Tensor]:
        weight = next(self.values)
        raw = F.conv2d(x, weight, padding=weight.shape[-1] // 2, **options) + add
        scale, shift, mean, var = (next(self.values) for _ in range(4))
        return raw, F.relu(F.batch_norm(raw, mean, var, scale, shift))

    def transform(self, x: Tensor, add: Tensor | float) -> tuple[Tensor, Tensor]:
        if self.bottleneck:
            _, x = self.conv(x)
        return self.conv(x, add)

    def layer(self, x: Tensor, width: int, window: int | None, shortcut: Tensor | None = None):
        groups, raws = list(x.split(self.k, 1)) if window else [x], []
        inputs = len(groups)
        for i in range(width // self.k):
            seen = groups[-window:] if window else groups
            add = 0.0 if shortcut is None else shortcut[:, i * self.k : (i + 1) * self.k]
            raw, out = self.transform(torch.cat(seen, 1), add)
            raws.append(raw)
            groups.append(out)
        return torch.cat(raws, 1), torch.cat(groups[inputs:], 1)

    def forward(self, x: Tensor) -> Tensor:
        k, r = self.k, self.r
        _, x = self.conv(x)
        raw, x = self.layer(x, 16 * r, None)
        for width in (16, 32, 48):
            if width > 16:
                _, extended = self.layer(x, 16 * r, x.shape[1] // k)
                x = torch.cat([x, extended], 1)
                raw, x = self.conv(x, stride=2, groups=width * r // k)
            for _ in range(self.N):
                _, inner = self.layer(x, width * r, width * r // k)
                raw, x = self.layer(inner, width * r, width * r // k, raw)
        _, x = self.conv(x)
        return F.linear(x.mean((2, 3)), next(self.values), next(self.values))


@pytest.mark.parametrize(
    ("name", "k", "r", "N", "bottleneck"),
    [("SeqResNet", 8, 2, 1, False), ("SeqResNet", 16, 1, 2, False), ("SeqResNetB", 16, 2, 2, True)],
)
def test_against_the_equations(name: str, k: int, r: int, N: int, bottleneck: bool) -> None:
    network = seqdsl.load(paper_file(), name, k=k, r=r, N=N)
    state = {key: torch.from_numpy(value) for key, value in random_state(network).items()}
    module = seqdsl.to_torch(network).eval()
    module.load_state_dict(state)
    x = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = PlainSeqResNet(state, k, r, N, bottleneck)(x)
        actual = module(x)
    assert (actual - expected).abs().max() <= 1e-5 * expected.abs().max()


def paper_file() -> str:
    from networks import ARCHITECTURES

    return str(ARCHITECTURES / "seqresnet.seq")


def test_residual_blocks_start_as_the_identity() -> None:
    network = seqdsl.load(paper_file(), "SeqResNet", k=8, r=2, N=2, drop=0)
    module = seqdsl.to_torch(network, schedule="gather").eval()
    seen: list[tuple[tuple[Tensor, ...], Tensor]] = []
    for block in (module.conv2.residual1, module.conv2.residual2):
        block.register_forward_hook(lambda _, args, out: seen.append((args, out)))
    with torch.inference_mode():
        module(torch.randn(2, 3, 32, 32))
    # raw features are read where they stand: what the second block passes on is what came in
    first, second = module.conv2.residual1, module.conv2.residual2
    zeros = [p for n, p in first.named_parameters() if "wseqconv2" in n and "conv2d" in n]
    assert zeros and all(not p.any() for p in zeros)
    (activated_in, raw_in), activated_out = seen[1]
    assert activated_in.min() >= 0 > raw_in.min()
    assert second is not first and torch.equal(activated_in, activated_out)
