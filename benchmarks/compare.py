"""What is emitted against the definition: ratios of one run, its contenders in turn.

``python benchmarks/compare.py`` prints every row; ``--only b22`` those with a word in their name,
``--seconds 20`` the time that a row's contenders have each, ``--no-compile`` leaves out
torch.compile, which takes minutes, ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import logging
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import definition
import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

import seqdsl
from seqdsl import Network
from seqdsl.backends.verify import scale_norms
from seqdsl.backends.weights import random_state

ARCHITECTURES = Path(__file__).parent.parent / "architectures"
MEBI = 2**20

X24 = [(256, 32, 8, 64, 1), (512, 64, 8, 64, 1), (1024, 64, 4, 64, 3), (2048, 128, 4, 64, 1)]
SUBJECTS: dict[str, tuple[str, str, Callable[[], nn.Module]]] = {
    "B22": ("seqresnet_imagenet", "SeqResNetB22", lambda: definition.seqresnet_b([1, 1, 2, 1])),
    "B42": ("seqresnet_imagenet", "SeqResNetB42", lambda: definition.seqresnet_b([3, 4, 5, 3])),
    "X24": ("seqresnext", "SeqResNeXt24", lambda: definition.imagenet(X24, 2048)),
    "k8r4": ("seqresnet", "SeqResNet_k8_r4_N1", lambda: definition.seqresnet(8, 4)),
    "B-k16r7": (
        "seqresnet", "SeqResNetB_k16_r7_N1", lambda: definition.seqresnet(16, 7, kernels=(1, 3))
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One comparison: ``reached`` of ``target``, from two figures of one unit."""

    work: str
    against: str
    target: float
    reached: float
    ours: str
    theirs: str
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.reached <= self.target if self.at_most else self.reached >= self.target


class Subject:
    """A network, its definition with the same weights, and batches for both."""

    def __init__(self, key: str) -> None:
        file, name, define = SUBJECTS[key]
        self.network: Network = seqdsl.load(ARCHITECTURES / f"{file}.seq", name)
        self.state = {k: torch.from_numpy(v) for k, v in random_state(self.network, 0).items()}
        scale_norms(self.network, self.state, torch.randn(1, *self.network.input.type.shape))
        self.define = define

    def definition(self) -> nn.Module:
        module = self.define()
        keys = [k for k in module.state_dict() if not k.endswith("num_batches_tracked")]
        values = zip(keys, self.state.values(), strict=True)
        module.load_state_dict(dict(values), strict=False)
        return module

    def batch(self, n: int) -> Tensor:
        generator = torch.Generator().manual_seed(n)
        return torch.randn(n, *self.network.input.type.shape, generator=generator)


def race(contenders: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """The median seconds of each, in turn, after two runs that do not count."""
    for run in contenders.values():
        run(), run()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end = time.perf_counter() + seconds * len(contenders)
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: median(taken) for name, taken in times.items()}


# onnxruntime


def exported(module: nn.Module, x: Tensor, dynamo: bool) -> bytes:
    """What torch.onnx.export makes of a module, by its default way (dynamo) or the one before."""
    stream = io.BytesIO()
    if not dynamo:
        axes = {"input": {0: "n"}}
        torch.onnx.export(
            module, (x,), stream, dynamo=False, input_names=["input"], dynamic_axes=axes
        )
        return stream.getvalue()
    shapes = ({0: torch.export.Dim("n")},)
    program = torch.onnx.export(module, (x,), dynamo=True, dynamic_shapes=shapes, verbose=False)
    assert program is not None
    return program.model_proto.SerializeToString()


def runs(model: bytes, x: Tensor) -> Callable[[], list[np.ndarray]]:
    """A run of a model; its threads stop spinning behind it, or they would take others' time."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x.numpy()}
    return lambda: session.run(None, feed)


def in_onnxruntime(key: str, n: int, target: float, seconds: float) -> Iterator[Row]:
    subject = Subject(key)
    module, x, sample = subject.definition().eval(), subject.batch(n), subject.batch(2)
    model = seqdsl.to_onnx(subject.network, subject.state, batch=n).SerializeToString()
    entrants = {
        "ours": runs(model, x),
        "export": runs(exported(module, sample, dynamo=True), x),
        "export, dynamo=False": runs(exported(module, sample, dynamo=False), x),
    }
    expected = entrants["export"]()[0]
    assert np.abs(entrants["ours"]()[0] - expected).max() <= 1e-5 * np.abs(expected).max()
    found = race(entrants, seconds)
    rate = subject.network.macs * n / found["ours"] / 1e9
    for name in ("export", "export, dynamo=False"):
        ours = f"{1e3 * found['ours']:.1f} ms ({rate:.0f} GMAC/s)"
        ratio = found[name] / found["ours"]
        work = f"{key}, onnxruntime, batch {n}"
        yield Row(work, name, target, ratio, ours, f"{1e3 * found[name]:.1f} ms")


def beside_resnet(seconds: float) -> Iterator[Row]:
    subject = Subject("B22")
    resnet = seqdsl.load(ARCHITECTURES / "resnet.seq", "ResNet50")
    x = subject.batch(1)
    found = race(
        {
            "B22": runs(seqdsl.to_onnx(subject.network, subject.state).SerializeToString(), x),
            "ResNet-50": runs(seqdsl.to_onnx(resnet).SerializeToString(), x),
        },
        seconds,
    )
    ours, theirs = subject.network.macs / found["B22"], resnet.macs / found["ResNet-50"]
    yield Row(
        "B22, onnxruntime, batch 1, GMAC/s", "ResNet-50, same compiler", 1.0, ours / theirs,
        f"{ours / 1e9:.0f} GMAC/s", f"{theirs / 1e9:.0f} GMAC/s",
    )  # fmt: skip


# PyTorch


def in_torch(n: int, compiled: bool, seconds: float) -> Iterator[Row]:
    subject = Subject("B22")
    module, x = subject.definition().eval(), subject.batch(n)
    ours = seqdsl.to_torch(subject.network, "inference", state_dict=subject.state)
    entrants = {"ours": evaluates(ours, x), "eager": evaluates(module, x)}
    if compiled:
        import torch._inductor.config as inductor

        inductor.freezing = True
        entrants["torch.compile, frozen"] = evaluates(torch.compile(subject.definition().eval()), x)
    expected = entrants["eager"]()
    assert (entrants["ours"]() - expected).abs().max() <= 1e-5 * expected.abs().max()
    found = race(entrants, seconds)
    for name, target in (("eager", 2.0), ("torch.compile, frozen", 1.0)):
        if name in found:
            ratio = found[name] / found["ours"]
            times = [f"{1e3 * found[who]:.1f} ms" for who in ("ours", name)]
            yield Row(f"B22, PyTorch eval, batch {n}", f"definition, {name}", target, ratio, *times)


def evaluates(module: nn.Module, x: Tensor) -> Callable[[], Tensor]:
    def run() -> Tensor:
        with torch.no_grad():
            result = module(x)
        assert isinstance(result, Tensor)
        return result

    return run


def trained(key: str, n: int, seconds: float) -> Iterator[Row]:
    subject = Subject(key)
    x, y = subject.batch(n), torch.arange(n) % 10
    network, state = subject.network, subject.state
    modules = {
        "eager": subject.definition().train(),
        "ours": seqdsl.to_torch(network, state_dict=state).train(),
        "recompute": seqdsl.to_torch(network, state_dict=state, recompute=True).train(),
    }
    saved = {name: saved_bytes(module, x, y) for name, module in modules.items()}
    found = race({name: steps(module, x, y) for name, module in modules.items()}, seconds)
    work = f"{key}, training step, batch {n}"
    for name, word in (("ours", ""), ("recompute", " with recompute")):
        times = [f"{1e3 * found[who]:.0f} ms" for who in (name, "eager")]
        ratio = found["eager"] / found[name]
        # what recomputing costs is shown beside; no figure was asked of it
        yield Row(f"{work}{word}", "definition, eager", 1.5 if not word else 0.0, ratio, *times)
    for name, word, target in (("ours", "", 0.5), ("recompute", " with recompute", 0.3)):
        sizes = [f"{saved[who] / MEBI:.0f} MiB" for who in (name, "eager")]
        ratio = saved[name] / saved["eager"]
        yield Row(
            f"{work}, saved for backward{word}", "definition, eager", target, ratio, *sizes,
            at_most=True,
        )  # fmt: skip


def steps(module: nn.Module, x: Tensor, y: Tensor) -> Callable[[], object]:
    def run() -> None:
        module.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(module(x), y).backward()

    return run


def saved_bytes(module: nn.Module, x: Tensor, y: Tensor) -> int:
    """The bytes that a forward pass keeps for the backward pass, each storage once."""
    own = {p.untyped_storage().data_ptr() for p in (*module.parameters(), *module.buffers())}
    sizes: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = nn.functional.cross_entropy(module(x), y)
    del loss
    gc.collect()
    return sum(sizes.values())


def rows(compiled: bool, seconds: float) -> dict[str, Callable[[], Iterator[Row]]]:
    """Every comparison by its name, to be made when it is asked for."""
    made: dict[str, Callable[[], Iterator[Row]]] = {}
    for key, n, target in (
        ("B22", 1, 2.0), ("B22", 8, 1.3), ("X24", 1, 1.6), ("B42", 1, 1.6), ("k8r4", 1, 2.0),
        ("k8r4", 64, 2.0), ("B-k16r7", 1, 1.5), ("B-k16r7", 64, 1.5),
    ):  # fmt: skip
        made[f"onnx {key} {n}"] = lambda key=key, n=n, target=target: in_onnxruntime(
            key, n, target, seconds
        )
    made["resnet"] = lambda: beside_resnet(seconds)
    for n in (1, 8):
        made[f"torch B22 {n}"] = lambda n=n: in_torch(n, compiled, seconds)
    for key, n in (("B22", 8), ("k8r4", 64)):
        made[f"train {key} {n}"] = lambda key=key, n=n: trained(key, n, seconds)
    return made


def machine() -> str:
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        name = next((line.split(": ")[1] for line in lines if line.startswith("model name")), name)
    return (
        f"{name}, {torch.get_num_threads()} threads of {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"onnxruntime {onnxruntime.__version__}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--seconds", type=float, default=10, help="for each contender of a row")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
    parser.add_argument("--json", type=Path, help="keep the figures here")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(machine(), flush=True)
    print("| work | against | asked | reached | ours | theirs | |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |", flush=True)
    kept = []
    for name, compare in rows(not arguments.no_compile, arguments.seconds).items():
        if arguments.only.lower() not in name.lower():
            continue
        for row in compare():
            kept.append({**asdict(row), "met": row.met})
            asked = f"{'≤ ' if row.at_most else ''}{row.target:.1f}x" if row.target else ""
            verdict = ("met" if row.met else "not met") if row.target else ""
            print(
                f"| {row.work} | {row.against} | {asked} | {row.reached:.2f}x | {row.ours} "
                f"| {row.theirs} | {verdict} |",
                flush=True,
            )
    if arguments.no_compile:
        print("torch.compile was not measured: --no-compile.")
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rows": kept}, indent=2))


if __name__ == "__main__":
    main()
