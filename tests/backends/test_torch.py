"""The live module is the emitted source, and does what torch's own modules do."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from networks import EVERYTHING, compiled
from torch import nn

import seqdsl
from seqdsl.backends.torch.source import torch_source
from seqdsl.graph.parameters import _MODULE_ATTRIBUTES, layout

SMALL = """
use std.seqconv
network Small(k = 4, N = 2) {
  input 3x8x8
  seqconv 3x3, 16, k
  residual x N {
    wseqconv 1x1 -> 3x3, 16, k
    wseqconv 1x1 -> 3x3, 16, k
  }
  global_average_pool
  fc 5
}
"""


@pytest.fixture
def module(tmp_path: Path) -> nn.Module:
    return seqdsl.to_torch(compiled(tmp_path, SMALL)).eval()


def outputs(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return module(x)


X = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_copies_and_pickles(module: nn.Module) -> None:
    expected = outputs(module, X)
    assert torch.equal(outputs(copy.deepcopy(module), X), expected)
    assert torch.equal(outputs(pickle.loads(pickle.dumps(module)), X), expected)


def test_a_pickle_opens_in_another_process(module: nn.Module, tmp_path: Path) -> None:
    (tmp_path / "module.pickle").write_bytes(pickle.dumps((module, X, outputs(module, X))))
    code = (
        "import pickle, torch\n"
        "module, x, y = pickle.load(open('module.pickle', 'rb'))\n"
        "assert torch.equal(module(x), y)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_compiles(module: nn.Module) -> None:
    compiled_module = torch.compile(module, backend="aot_eager")
    assert torch.allclose(compiled_module(X), module(X), atol=1e-6)


def test_channels_last_and_autocast(module: nn.Module) -> None:
    expected = outputs(module, X)
    last = module.to(memory_format=torch.channels_last)
    assert torch.allclose(outputs(last, X.contiguous(memory_format=torch.channels_last)), expected,
                          atol=1e-5)  # fmt: skip
    with torch.autocast("cpu", torch.bfloat16):
        assert outputs(module, X).dtype is torch.bfloat16


def test_moves_between_devices_and_types(module: nn.Module) -> None:
    assert outputs(copy.deepcopy(module).to("meta"), X.to("meta")).shape == (3, 5)
    assert outputs(copy.deepcopy(module).double(), X.double()).dtype is torch.float64


def test_plain_dict_loads_strictly(module: nn.Module) -> None:
    state = {key: value.clone() + 1 for key, value in module.state_dict().items()}
    module.load_state_dict(state, strict=True)
    assert torch.equal(next(iter(module.state_dict().values())), next(iter(state.values())))


def test_sync_batch_norm_converts(module: nn.Module) -> None:
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(module)
    assert list(converted.state_dict()) == list(module.state_dict())


def test_trains(module: nn.Module) -> None:
    module.train()
    before = {k: v.clone() for k, v in module.state_dict().items()}
    optimiser = torch.optim.SGD(module.parameters(), 0.1)
    nn.functional.cross_entropy(module(X), torch.tensor([0, 1, 2])).backward()
    optimiser.step()
    changed = [k for k, v in module.state_dict().items() if not torch.equal(v, before[k])]
    assert any("wseqconv2" in key and key.endswith("conv2d.weight") for key in changed)


def test_source_stands_alone(tmp_path: Path) -> None:
    network = compiled(tmp_path, EVERYTHING)
    (tmp_path / "net.py").write_text(torch_source(network))
    code = (
        "import sys; sys.path.insert(0, '.'); import net, torch\n"
        "assert net.Everything()(torch.zeros(2, 3, 17, 15)).shape == (2, 5)\n"
        "assert 'seqdsl' not in sys.modules"
    )
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True)


def test_one_structure_is_one_class(module: nn.Module) -> None:
    first, second = module.residual1, module.residual2
    groups = [*first.wseqconv1.children(), *second.wseqconv1.children()]
    assert len(groups) == 8 and len({type(group) for group in groups}) == 1
    assert type(first.wseqconv2) is type(first.wseqconv1)  # a shortcut is given, or not


def test_initialisation(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 64x8x8; conv2d 3x3, 256; fc 100 }")
    torch.manual_seed(0)
    conv, linear, bias = seqdsl.to_torch(network).state_dict().values()
    assert conv.var().item() == pytest.approx(2 / (64 * 9), rel=0.03)  # He et al. 2015
    bound = (6 / (256 * 64 + 100)) ** 0.5  # Glorot and Bengio 2010
    assert linear.abs().max().item() == pytest.approx(bound, rel=0.01)
    assert not bias.any()


@pytest.mark.parametrize(
    "doc", ['"""', "\\", '\\"""', "x\x00\x1b\u2028", "{0}%s", '""" + exit(1) + """']
)
def test_no_text_becomes_code(tmp_path: Path, doc: str) -> None:
    text = f"## {doc}\nnetwork N {{ input 1x4x4; conv 1x1, 2 }}"
    network = compiled(tmp_path, text)
    assert outputs(seqdsl.to_torch(network).eval(), torch.zeros(1, 1, 4, 4)).shape == (1, 2, 4, 4)


def test_names_that_python_or_torch_have(tmp_path: Path) -> None:
    text = """
    block forward { conv 1x1, 2 }
    block lambda { forward }
    network None_ {
      input 1x4x4
      stage class { lambda }
      stage half { lambda; forward }
      stage torch { conv 1x1, 3 }
    }"""
    network = compiled(tmp_path, text)
    module = seqdsl.to_torch(network).eval()
    assert list(module.state_dict()) == [p.key for p in layout(network)]
    assert outputs(module, torch.zeros(1, 1, 4, 4)).shape == (1, 3, 4, 4)


def test_reserved_names_are_those_of_torch() -> None:
    public = {name for name in dir(nn.Module) if not name.startswith("_")} | {"training"}
    assert public <= _MODULE_ATTRIBUTES


def test_load_refuses_what_does_not_compile(tmp_path: Path) -> None:
    with pytest.raises(seqdsl.CompileError, match="SEQ201"):
        compiled(tmp_path, "network N { input 1x4x4; nonsense }")
