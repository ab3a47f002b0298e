"""What is measured is what is said: bytes that training keeps, memory, agreement, devices."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from networks import EVERYTHING, compiled, paper_network
from torch import nn

import seqdsl
from seqdsl import Network
from seqdsl.backends.bench import bench as bench_module
from seqdsl.backends.bench.bench import Report, bench
from seqdsl.backends.bench.cases import Case, Settings, input_of, scaled_state
from seqdsl.backends.bench.peak import peak_memory
from seqdsl.backends.engine import Contender, Mode
from seqdsl.backends.onnx.half import to_half
from seqdsl.backends.onnx.run import BoundRunner, Runner, cuda_device
from seqdsl.backends.running import Dtype, Provider
from seqdsl.backends.targets import ENGINES
from seqdsl.backends.torch import contenders as torch_bench
from seqdsl.backends.torch.execution import DEFINITION
from seqdsl.backends.torch.inference import to_inference
from seqdsl.passes.schedule.strategy import Strategy

QUICK = Settings(Provider.CPU, seconds=1e-6, memory=False)
NO_DEVICE = not torch.cuda.is_available() and not cuda_device()


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return compiled(tmp_path, EVERYTHING)


ONNXRUNTIME = ("onnxruntime", Mode.RUN)
TORCH, COMPILED, TRAINING = (("torch", mode) for mode in (Mode.RUN, Mode.COMPILED, Mode.TRAINING))


def cases(*backends: tuple[str, Mode], batch: int = 1) -> list[Case]:
    return [Case(ENGINES[name], Strategy.GATHER, batch, mode) for name, mode in backends]


def test_every_engine_is_measured_and_rows_keep_their_order(network: Network) -> None:
    asked = [
        *cases(TRAINING, TORCH, batch=3),
        *cases(ONNXRUNTIME, TRAINING),
    ]
    told: list[float] = []
    report = bench(network, asked, QUICK, lambda _, part: told.append(part))
    assert [row.case for row in report.rows] == asked and not report.interrupted
    for row in report.rows:
        assert row.timing is not None and row.timing.median > 0 and row.start is not None
        assert row.device == "CPU" and row.speedup == 1 and not row.reason
        assert (row.saved is not None) == (row.case.mode is Mode.TRAINING)
    assert told == sorted(told) and told[-1] == pytest.approx(1)


def broken(**changes: object):
    """`make`, with something else in what it makes for torch."""
    made = bench_module.make

    def make(case: Case, *arguments: object) -> Contender:
        contender = made(case, *arguments)
        if case.backend == "torch":
            for name, value in changes.items():
                object.__setattr__(contender, name, value)
        return contender

    return make


def test_other_logits_are_no_time(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, said in ((np.ones, "logits differ by"), (lambda s: np.full(s, np.nan), "NaN")):
        monkeypatch.setattr(bench_module, "make", broken(logits=wrong((1, 5))))
        fine, other = bench(network, cases(ONNXRUNTIME, TORCH), QUICK).rows
        assert fine.timing is not None and not fine.failed
        assert other.timing is None and other.failed and said in other.reason
        monkeypatch.undo()


def test_an_interruption_keeps_what_was_measured(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupts() -> None:
        raise KeyboardInterrupt

    asked = [*cases(ONNXRUNTIME), *cases(TORCH, TRAINING, batch=2)]
    monkeypatch.setattr(bench_module, "make", broken(run=interrupts))
    report: Report = bench(network, asked, QUICK)
    assert report.interrupted and [row.case for row in report.rows] == asked
    assert report.rows[0].timing is not None
    assert [row.reason for row in report.rows] == ["", "interrupted", "interrupted"]


def test_nothing_is_held_against_logits_that_are_not_finite(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "make", broken(logits=np.full((1, 5), np.inf)))
    first, second = bench(network, cases(TORCH, ONNXRUNTIME), QUICK).rows
    assert first.failed and second.timing is not None and not second.failed


@pytest.mark.skipif(not NO_DEVICE, reason="there is a CUDA device")
def test_without_a_device_nothing_is_measured(network: Network) -> None:
    settings = Settings(Provider.CUDA, seconds=1e-6)
    for row in bench(
        network, cases(*((name, mode) for name, t in ENGINES.items() for mode in t.modes)), settings
    ).rows:
        assert row.timing is None and row.reason == "no device" and not row.failed
        assert row.memory is row.start is row.speedup is None


def test_the_ratio_of_a_compiled_module_is_to_the_eager_one(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_bench, "Compiled", torch_bench.Inference)
    eager, compiled = bench(network, cases(TORCH, COMPILED), QUICK).rows
    assert compiled.timing is not None and eager.timing is not None
    assert compiled.speedup == compiled.timing.speedup(eager.timing)


def test_threads_are_set_and_given_back(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    before, seen = torch.get_num_threads(), []
    made = bench_module.make

    def make(*arguments: object) -> Contender:
        seen.append(torch.get_num_threads())
        return made(*arguments)

    monkeypatch.setattr(bench_module, "make", make)
    bench(network, cases(TORCH), Settings(Provider.CPU, threads=1, seconds=1e-6))
    assert seen == [1] and torch.get_num_threads() == before


class Keeps(torch.autograd.Function):
    """Keeps one tensor as autograd knows it, and one behind its back."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x * 2)
        ctx.hidden = [x.new_zeros(1000)]
        return x.clone()

    @staticmethod
    def backward(_ctx, gradient):
        return gradient


class Module(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 4, 1, 1))

    def forward(self, x):
        return Keeps.apply(x * self.weight).mean((2, 3))


def test_bytes_that_training_keeps() -> None:
    x = np.zeros((2, 4, 5, 5), np.float32)
    saved = torch_bench.Training(Module(), x, Provider.CPU).saved
    # the input for the product's weight, what Keeps keeps in either way; not the weight itself
    activations = 4 * (x.size + x.size + 1000)
    # and what the loss is made of: log-softmax [2, 4], labels, and scalars
    assert activations < saved <= activations + 4 * 8 + 8 * 2 + 32


def test_what_training_keeps_grows_with_the_batch_and_holds_no_weights() -> None:
    network = paper_network("seqresnet.seq", "S1")
    kept = {}
    for batch in (1, 2, 3):
        module = seqdsl.to_torch(network)
        x = input_of(network, batch, 0)
        kept[batch] = torch_bench.Training(module, x, Provider.CPU).saved
    assert kept[3] - kept[2] == pytest.approx(kept[2] - kept[1], rel=1e-3)
    constant = 2 * kept[1] - kept[2]  # statistics of the norms; the weights are 4.9 MB
    assert constant < 0.1 * 4 * network.params


def test_a_step_of_training_trains() -> None:
    network = paper_network("seqresnet.seq", "S1")
    module = seqdsl.to_torch(network)
    before = module.state_dict()["head.fc1.linear.weight"].clone()
    step = torch_bench.Training(module, input_of(network, 2, 0), Provider.CPU)
    step()
    assert module.training
    assert not torch.equal(module.state_dict()["head.fc1.linear.weight"], before)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells")
def test_memory_of_a_process(tmp_path: Path) -> None:
    """A wide layer's weights and activations are in it, and the engine itself is not."""
    network = compiled(tmp_path, "network W { input 3x32x32; conv2d 1x1, 3000; conv2d 1x1, 3000 }")
    least = 4 * (network.params + 2 * 3000 * 32 * 32)
    for case in cases(ONNXRUNTIME, TORCH):
        found = peak_memory(network, case, QUICK)
        assert found is not None and 0.9 * least < found < 3 * least


def test_a_bound_runner_gives_what_a_runner_gives(network: Network) -> None:
    model = seqdsl.to_onnx(network, scaled_state(network, 0))
    for batch in (1, 4):
        x = input_of(network, batch, 0)
        bound = BoundRunner(model, x, Provider.CPU, threads=1)
        bound()
        assert bound.device == "CPU" and not bound.captures
        expected = Runner(model, Provider.CPU)(x).outputs
        assert list(bound.outputs()) == list(expected)
        for name, value in bound.outputs().items():
            assert value.dtype == np.float32
            np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6)


def test_float16_within_a_hundredth(network: Network) -> None:
    x = input_of(network, 2, 0)
    model = seqdsl.to_onnx(network, scaled_state(network, 0))
    before = model.SerializeToString()
    half = to_half(model, Dtype.FLOAT16)
    assert model.SerializeToString() == before
    onnx.checker.check_model(half, full_check=True)
    floats = [t for t in half.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    assert {t.name.rpartition(":")[2] for t in floats} == {"scales"}  # Resize takes no others
    expected, given = (Runner(m, Provider.CPU)(x).outputs for m in (model, half))
    assert list(given) == list(expected)
    for name, value in expected.items():
        assert given[name].dtype == np.float32
        error = np.abs(given[name] - value).max() / np.abs(value).max()
        assert 0 < error < 1e-2


def test_bfloat16_is_a_model(network: Network) -> None:
    half = to_half(seqdsl.to_onnx(network, scaled_state(network, 0)), Dtype.BFLOAT16)
    onnx.checker.check_model(half, full_check=True)
    floats = [t for t in half.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    assert {t.name.rpartition(":")[2] for t in floats} == {"scales"}
    assert half.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


@pytest.mark.parametrize("dtype", [Dtype.FLOAT16, Dtype.BFLOAT16])
def test_torch_in_16_bits(network: Network, dtype: Dtype) -> None:
    x = input_of(network, 2, 0)
    module = to_inference(network, scaled_state(network, 0), DEFINITION)
    exact = torch_bench.Inference(module, x, Provider.CPU).logits()
    given = torch_bench.Inference(module, x, Provider.CPU, dtype).logits()
    assert given.dtype == np.float32
    error = np.abs(given - exact).max() / np.abs(exact).max()
    assert 0 < error < 5e-2
