"""What is emitted is an ordinary module: torch's own tools take it as they take any other."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path

import pytest
import torch
from networks import compiled
from torch import Tensor, fx, nn
from torch.nn.utils import parametrizations, prune
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

import seqdsl

# A layer of each kind, a stage that ends in one, and a head.
NETWORK = """
use std.seqconv
network Small {
  input 3x8x8
  stage stem { seqconv 3x3, 16, k=4 }
  stage body {
    residual x 1 { wseqconv 1x1 -> 3x3, 16, k=4; wseqconv 1x1 -> 3x3, 16, k=4 }
    downsample { wseqconv 3x3, 16, k=4; concatenate 32; conv 3x3, 32, stride=2, groups=4 }
  }
  head { global_average_pool; dropout 0.1; fc 5; softmax }
}
"""
X = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 3, 4, 0])


@pytest.fixture(params=["auto", "gather"])
def module(request: pytest.FixtureRequest, tmp_path: Path) -> nn.Module:
    torch.manual_seed(0)
    made = seqdsl.to_torch(compiled(tmp_path, NETWORK), schedule=request.param)
    trained(made)  # so that no statistics are those of the start
    return made


def trained(module: nn.Module) -> Tensor:
    """A step of training; returns its logits."""
    logits = module.train()(X)
    nn.functional.cross_entropy(logits, LABELS).backward()
    torch.optim.SGD(module.parameters(), 0.1).step()
    module.zero_grad()
    return logits


def norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    return [each for each in module.modules() if isinstance(each, nn.BatchNorm2d)]


def same(one: Tensor, other: Tensor) -> None:
    assert one.shape == other.shape
    assert (one - other).abs().max() <= 1e-5 * other.abs().max()


def test_every_layer_is_torchs_own(module: nn.Module) -> None:
    leaves = [each for each in module.modules() if list(each.parameters(recurse=False))]
    assert {type(each) for each in leaves} == {nn.Conv2d, nn.BatchNorm2d, nn.Linear}
    assert [int(norm.num_batches_tracked) for norm in norms(module)] == [1] * len(norms(module))


def test_a_checkpoint_holds_no_counters_and_needs_none(module: nn.Module) -> None:
    state = module.state_dict()
    assert len(norms(module)) > 10 and not any("num_batches_tracked" in key for key in state)
    for given in (state, dict(state)):
        module.load_state_dict(given)
    counted = dict(fx.symbolic_trace(module).state_dict())
    assert sum("num_batches_tracked" in key for key in counted) == len(norms(module))
    module.load_state_dict(counted)


def test_a_checkpoint_of_earlier_versions_loads(module: nn.Module) -> None:
    """Its norms had no counters, and say that they are of torch's version that counts."""
    state = module.state_dict()
    for norm, metadata in state._metadata.items():
        if norm.endswith("batch_norm"):
            metadata["version"] = 2
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    module.load_state_dict(torch.load(file))
    around = nn.ModuleDict({"net": module})
    around.load_state_dict({f"net.{key}": value for key, value in state.items()})
    with pytest.raises(RuntimeError, match="Missing key"):
        module.load_state_dict({key: state[key] for key in list(state)[1:]})


def test_counters_that_a_norm_reads_are_kept(module: nn.Module) -> None:
    first, *_ = norms(module)
    first.momentum = None
    (kept,) = (key for key in module.state_dict() if key.endswith("num_batches_tracked"))
    around = nn.ModuleDict({"net": module, "own": nn.BatchNorm2d(2)})
    counted = [key for key in around.state_dict() if key.endswith("num_batches_tracked")]
    assert counted == [f"net.{kept}", "own.num_batches_tracked"]


def test_reset_running_stats(module: nn.Module) -> None:
    for norm in norms(module):
        norm.reset_running_stats()
        assert not norm.running_mean.any() and int(norm.num_batches_tracked) == 0
    assert trained(module).shape == (6, 5)


def test_fx_traces_it(module: nn.Module) -> None:
    graph = fx.symbolic_trace(module.eval())
    same(graph(X), module(X))
    called = {node.target for node in graph.graph.nodes if node.op == "call_module"}
    assert "stem.seqconv1.group2.transform1.conv1.batch_norm" in called
    graph.load_state_dict(module.state_dict())  # counters apart
    assert trained(graph.train()).shape == (6, 5)


def test_export(module: nn.Module) -> None:
    batch = {"x": {0: torch.export.Dim("batch", min=2)}}
    exported = torch.export.export(module.eval(), (X,), dynamic_shapes=batch)
    same(exported.module()(X[:3]), module(X[:3]))


@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
def test_jit_traces_it(module: nn.Module) -> None:
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(module.eval(), X), file)
    file.seek(0)
    same(torch.jit.load(file)(X), module(X))


def test_stochastic_weight_averaging(module: nn.Module) -> None:
    """The average, and the statistics that it gets, are those of the definition's."""
    averaged = AveragedModel(module)
    for _ in range(2):
        trained(module)
        averaged.update_parameters(module)
    update_bn([X[:3], X[3:]], averaged)
    again = copy.deepcopy(averaged)
    update_bn([X[:3], X[3:]], again)
    for one, other in zip(averaged.buffers(), again.buffers(), strict=True):
        assert torch.equal(one, other)
    stem = norms(averaged)[0]
    assert int(stem.num_batches_tracked) == 2
    with torch.no_grad():
        values = averaged.module.stem.seqconv1.group1.transform1.conv1.conv2d(X)
    halves = torch.stack([values[:3].mean((0, 2, 3)), values[3:].mean((0, 2, 3))])
    same(stem.running_mean, halves.mean(0))


def test_exponential_moving_average(module: nn.Module) -> None:
    averaged = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.5), use_buffers=True)
    averaged.update_parameters(module)  # the first is a copy
    before = next(iter(module.parameters())).clone()
    trained(module)
    averaged.update_parameters(module)
    same(next(iter(averaged.module.parameters())), (before + next(module.parameters())) / 2)
    assert averaged(X).shape == (6, 5)


def test_sync_batch_norm_runs(module: nn.Module) -> None:
    expected = module.eval()(X)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(module))
    assert not norms(converted) and list(converted.state_dict()) == list(module.state_dict())
    same(converted(X), expected)
    before = [norm.running_mean.clone() for norm in norms(module)]
    trained(module), trained(converted)
    synced = [each for each in converted.modules() if isinstance(each, nn.SyncBatchNorm)]
    for norm, other, old in zip(norms(module), synced, before, strict=True):
        assert not torch.equal(norm.running_mean, old)
        torch.testing.assert_close(norm.running_mean, other.running_mean, rtol=1e-3, atol=1e-4)


def test_hooks_are_called(module: nn.Module) -> None:
    expected = module.eval()(X)
    seen: list[str] = []
    for name, each in module.named_modules():
        if isinstance(each, nn.Conv2d):
            each.register_forward_hook(lambda *_, name=name: seen.append(name))
    same(module(X), expected)
    assert seen == [name for name, each in module.named_modules() if isinstance(each, nn.Conv2d)]


def test_pruned_and_parametrized_layers(module: nn.Module) -> None:
    conv = module.eval().stem.seqconv1.group2.transform1.conv1.conv2d
    prune.l1_unstructured(conv, "weight", 0.5)
    pruned = module(X)
    prune.remove(conv, "weight")
    assert int((conv.weight == 0).sum()) == conv.weight.numel() // 2
    same(module(X), pruned)
    parametrizations.weight_norm(conv)
    same(module(X), pruned)


def test_compiles(module: nn.Module) -> None:
    run = torch.compile(module.eval(), backend="aot_eager", fullgraph=True)
    same(run(X), module(X))


def test_copies_and_pickles(module: nn.Module) -> None:
    expected = module.eval()(X)
    for made in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(made(X), expected)
        made.load_state_dict(pickle.loads(pickle.dumps(module.state_dict())))
        assert list(made.state_dict()) == list(module.state_dict())


def half(rank: int, module: nn.Module, folder: Path) -> None:
    """One process of two: saves the gradients that it has of a half of a batch, as averaged."""
    store = f"file://{folder / 'store'}"
    torch.distributed.init_process_group("gloo", store, rank=rank, world_size=2)
    parallel = nn.parallel.DistributedDataParallel(module)
    part = slice(3 * rank, 3 * rank + 3)
    nn.functional.cross_entropy(parallel(X[part]), LABELS[part]).backward()
    torch.save([parameter.grad for parameter in module.parameters()], folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_distributed_data_parallel(module: nn.Module, tmp_path: Path) -> None:
    nn.functional.cross_entropy(module.eval()(X), LABELS).backward()
    expected = [parameter.grad for parameter in module.parameters()]
    module.zero_grad()
    torch.multiprocessing.spawn(half, (module, tmp_path), nprocs=2)
    for rank in (0, 1):
        found = torch.load(tmp_path / f"{rank}.pt")
        for own, whole in zip(found, expected, strict=True):
            torch.testing.assert_close(own, whole, rtol=1e-3, atol=1e-6)
