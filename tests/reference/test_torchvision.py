"""Networks beside torchvision's. Runs where torchvision is installed: see the README."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from networks import ARCHITECTURES, paper_network
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import seqdsl
from seqdsl import Network
from seqdsl.backends.onnx.run import Provider, Runner
from seqdsl.backends.weights.state import load_state
from seqdsl.graph.operations import BatchNorm, Conv2d, Linear
from seqdsl.graph.parameters import layout

models = pytest.importorskip("torchvision.models")

PAIRS = {
    "resnet50": ("resnet.seq", "ResNet50"),
    "resnet101": ("resnet.seq", "ResNet101"),
    "resnet152": ("resnet.seq", "ResNet152"),
    "resnext50_32x4d": ("resnext.seq", "ResNeXt50_32x4d"),
    "densenet169": ("densenet.seq", "DenseNet169"),
    "vgg16_bn": ("vgg.seq", "VGG16BN"),
}
LEARNED = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)


def in_dataflow_order(model: nn.Module, x: Tensor) -> list[nn.Module]:
    """The modules with parameters, in the order in which ``forward`` calls them."""
    called: list[nn.Module] = []
    learned = [module for module in model.modules() if isinstance(module, LEARNED)]
    hooks = [
        module.register_forward_hook(lambda module, _, __: called.append(module))
        for module in learned
    ]
    model(x)
    for hook in hooks:
        hook.remove()
    return called


def shapes(network: Network) -> list[tuple[int, ...]]:
    return [p.shape for p in layout(network) if isinstance(p.node.operation, Conv2d)]


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[str, Network]:
    return request.param, paper_network(*PAIRS[request.param])


def test_structure_and_counts(pair: tuple[str, Network]) -> None:
    name, network = pair
    with torch.device("meta"):
        model = models.get_model(name, weights=None).eval()
        x = torch.zeros(1, *network.input.type.shape)
    called = in_dataflow_order(model, x)
    kinds = {nn.Conv2d: Conv2d, nn.BatchNorm2d: BatchNorm, nn.Linear: Linear}
    ours = [n.operation for n in network.nodes if type(n.operation) in kinds.values()]
    assert [kinds[type(module)] for module in called] == [type(o) for o in ours]
    weights = [tuple(p.shape) for m in called if isinstance(m, nn.Conv2d) for p in m.parameters()]
    assert weights == shapes(network)
    assert sum(p.numel() for p in model.parameters()) == network.params
    counter = FlopCounterMode(display=False)
    with counter:
        model(x)
    assert counter.get_total_flops() == 2 * network.macs


def test_both_orders_are_one(pair: tuple[str, Network]) -> None:
    """torchvision registers its modules in the order in which data reach them, and so do we."""
    name, network = pair
    with torch.device("meta"):
        model = models.get_model(name, weights=None).eval()
        module = seqdsl.to_torch(network).eval()
        x = torch.zeros(1, *network.input.type.shape)
    for each in (model, module):
        registered = [m for m in each.modules() if isinstance(m, LEARNED)]
        assert registered == in_dataflow_order(each, x)


def test_imported_weights_give_the_same_outputs(pair: tuple[str, Network], tmp_path: Path) -> None:
    """A checkpoint of torchvision's, imported by order and shape, and exported again."""
    name, network = pair
    torch.manual_seed(0)
    model = models.get_model(name, weights=None).eval()
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.normal_(norm.running_mean, 0, 0.1)
        nn.init.uniform_(norm.running_var, 0.5, 1.5)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.1)
    theirs, ours, back = (tmp_path / n for n in ("theirs.pth", "ours.safetensors", "back.pth"))
    torch.save(model.state_dict(), theirs)
    file, which = str(ARCHITECTURES / PAIRS[name][0]), ["--network", PAIRS[name][1]]
    seqdsl_command("weights", "import", str(theirs), "--into", file, *which, "-o", str(ours))
    seqdsl_command("weights", "export", str(ours), "--from", file, *which,
                   "--like", str(theirs), "-o", str(back))  # fmt: skip
    again = torch.load(back, weights_only=True)
    assert list(again) == list(model.state_dict())
    assert all(torch.equal(again[key], value) for key, value in model.state_dict().items())

    state = load_state(ours, network)
    module = seqdsl.to_torch(network).eval()
    module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    x = torch.randn(1, *network.input.type.shape)
    with torch.inference_mode():
        expected, actual = model(x), module(x)
    runner = Runner(seqdsl.to_onnx(network, state), Provider.CPU)
    assert expected.abs().max() > 0 and expected.isfinite().all()
    for found in (actual, torch.from_numpy(runner(x.numpy()).outputs["logits"])):
        assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def seqdsl_command(*arguments: str) -> None:
    command = [sys.executable, "-m", "seqdsl", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
