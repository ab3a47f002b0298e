"""What the comparisons share: subjects beside their definitions, contenders, and tables."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import definition
import onnx
import torch
from torch import nn

import seqdsl
from seqdsl.backends.arrays import Array
from seqdsl.backends.bench.bench import started
from seqdsl.backends.bench.cases import input_of, scaled_state
from seqdsl.backends.bench.machine import busy, processor, versions
from seqdsl.backends.bench.measuring import Timing, take_turns
from seqdsl.backends.engine import Contender
from seqdsl.backends.onnx.half import to_half
from seqdsl.backends.onnx.run import BoundRunner
from seqdsl.backends.running import Dtype, Provider, relative_error
from seqdsl.backends.torch.contenders import Compiled, Inference, Training
from seqdsl.backends.torch.execution import Execution
from seqdsl.backends.torch.inference import to_inference
from seqdsl.backends.torch.module import to_training
from seqdsl.cli.tables import Cell, Number, Table, figure, whole, write_tables

ARCHITECTURES = Path(__file__).parent.parent / "architectures"
AGREES = {Dtype.FLOAT32: 1e-5, Dtype.FLOAT16: 3e-2, Dtype.BFLOAT16: 1e-1}

_SEQRESNEXT24 = [
    (256, 32, 8, 64, 1), (512, 64, 8, 64, 1), (1024, 64, 4, 64, 3), (2048, 128, 4, 64, 1),
]  # fmt: skip
# name: the file and the network in it, and the same from the paper's equations
SUBJECTS: dict[str, tuple[str, str, Callable[[], nn.Module]]] = {
    "SeqResNet-B22": ("seqresnet_imagenet", "SeqResNetB22",
                      lambda: definition.seqresnet_b([1, 1, 2, 1])),
    "SeqResNet-B42": ("seqresnet_imagenet", "SeqResNetB42",
                      lambda: definition.seqresnet_b([3, 4, 5, 3])),
    "SeqResNeXt-24": ("seqresnext", "SeqResNeXt24",
                      lambda: definition.imagenet(_SEQRESNEXT24, 2048)),
    "k=8 r=4": ("seqresnet", "SeqResNet_k8_r4_N1", lambda: definition.seqresnet(8, 4)),
    "B k=16 r=7": ("seqresnet", "SeqResNetB_k16_r7_N1",
                   lambda: definition.seqresnet(16, 7, kernels=(1, 3))),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where and in what contenders run, and for how long each."""

    provider: Provider = Provider.CPU
    dtype: Dtype = Dtype.FLOAT32
    seconds: float = 10.0


class Subject:
    """A network, and its definition with the same weights."""

    def __init__(self, name: str) -> None:
        file, network, self._define = SUBJECTS[name]
        self.name = name
        self.network = seqdsl.load(ARCHITECTURES / f"{file}.seq", network)
        self.state = scaled_state(self.network, seed=0)

    def definition(self) -> nn.Module:
        """The definition, in evaluation mode.

        Its parameters are registered in dataflow order, as the state's are.
        """
        module = self._define()
        keys = [key for key in module.state_dict() if not key.endswith("num_batches_tracked")]
        values = (torch.from_numpy(value) for value in self.state.values())
        module.load_state_dict(dict(zip(keys, values, strict=True)), strict=False)
        return module.eval()

    def input(self, batch: int) -> Array:
        return input_of(self.network, batch, seed=0)


def exported(module: nn.Module, array: Array, *, dynamo: bool) -> onnx.ModelProto:
    """What torch.onnx.export makes of a module for one size of input."""
    x = torch.from_numpy(array)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            if dynamo:
                program = torch.onnx.export(module, (x,), dynamo=True, verbose=False)
                assert program is not None
                return program.model_proto
            stream = io.BytesIO()
            torch.onnx.export(module, (x,), stream, dynamo=False)
        finally:
            logging.disable(logging.NOTSET)
    return onnx.load_from_string(stream.getvalue())


def in_onnxruntime(subject: Subject, batch: int, place: Place) -> dict[str, Contender]:
    """The compiler's model, and those of torch's two exporters."""
    x, module = subject.input(batch), subject.definition()
    models = {
        "export": exported(module, x, dynamo=True),
        "dynamo=False": exported(module, x, dynamo=False),
        "seqdsl": seqdsl.to_onnx(subject.network, subject.state, batch=batch),
    }
    return {name: bound(model, x, place) for name, model in models.items()}


def bound(model: onnx.ModelProto, x: Array, place: Place) -> Contender:
    if place.dtype is not Dtype.FLOAT32:
        model = to_half(model, place.dtype)
    runner = BoundRunner(model, x, place.provider, threads=torch.get_num_threads())
    return Contender(runner, runner.device, next(iter(runner.outputs().values())))


def in_torch(subject: Subject, batch: int, place: Place, *, compiled: bool) -> dict[str, Contender]:
    """The definition and the compiler's module for inference, both eager and, if asked, compiled
    by torch.
    """
    x, where = subject.input(batch), (place.provider, place.dtype)

    def evaluates(kind: type[Inference], module: nn.Module) -> Contender:
        run = kind(module, x, *where)
        return Contender(run, run.device, run.logits())

    modules = {
        "eager": subject.definition(),
        "seqdsl": to_inference(subject.network, subject.state),
    }
    made = {name: evaluates(Inference, module) for name, module in modules.items()}
    if compiled:
        made["compiled"] = started(lambda: evaluates(Compiled, modules["eager"]))
        made["seqdsl compiled"] = started(lambda: evaluates(Compiled, modules["seqdsl"]))
    return made


def in_training(subject: Subject, batch: int, place: Place) -> dict[str, Contender]:
    """Steps of the definition, and of the compiler's module with and without recomputation."""
    x, where = subject.input(batch), (place.provider, place.dtype)
    modules = {
        "eager": subject.definition(),
        "seqdsl": to_training(subject.network, subject.state),
        "recompute": to_training(subject.network, subject.state, Execution(recompute=True)),
    }
    made: dict[str, Contender] = {}
    for name, module in modules.items():
        logits = Inference(module, x, place.provider).logits()  # before weights change
        step = Training(module, x, *where)
        made[name] = Contender(step, step.device, logits, step.saved, step.peak())
    return made


def require_equal(contenders: Mapping[str, Contender], dtype: Dtype = Dtype.FLOAT32) -> None:
    """Exits where one does not compute what the first does: its time would mean nothing."""
    first, expected = next((n, c.logits) for n, c in contenders.items() if c.logits is not None)
    for name, contender in contenders.items():
        if contender.logits is not None and expected is not None:
            error = relative_error(contender.logits, expected)
            if not error <= AGREES[dtype]:
                sys.exit(f"{name} differs from {first} by {error:.1e} of the largest logit")


@dataclass(frozen=True)
class Row:
    """One comparison: ``figures`` by contender, and what it reaches against what it should."""

    name: str
    subject: str
    batch: int
    figures: Mapping[str, float]
    reached: float | None = None
    target: float | None = None  # at least, or at most
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # p10 and p90
    reason: str = ""  # why it was not measured
    remark: str = ""

    def verdict(self, section: Section) -> str:
        if self.reason:
            return f"not measured: {self.reason}"
        if self.reached is None or self.target is None:
            return ""
        met = self.reached <= self.target if section.at_most else self.reached >= self.target
        return ("met" if met else "NOT MET") + (f" ({self.remark})" if self.remark else "")


def race(contenders: Mapping[str, Contender], place: Place) -> dict[str, Timing]:
    """Times contenders in turn."""
    timings, interrupted = take_turns([c.run for c in contenders.values()], place.seconds)
    if interrupted:
        raise KeyboardInterrupt
    return {n: t for n, t in zip(contenders, timings, strict=True) if t is not None}


def timed(
    name: str,
    subject: Subject,
    batch: int,
    found: Mapping[str, Timing],
    target: float | None,
    against: Sequence[str],
    ours: str = "seqdsl",
) -> Row:
    """A row in milliseconds: how many times as fast ours is as the fastest of ``against``."""
    reached = min(found[ours].speedup(found[other]) for other in against)
    return Row(
        name, subject.name, batch,
        {n: 1000 * t.median for n, t in found.items()}, reached, target,
        {n: (1000 * t.spread[0], 1000 * t.spread[1]) for n, t in found.items()},
    )  # fmt: skip


@dataclass(frozen=True)
class Section:
    """Rows of one kind: the contenders are columns."""

    title: str
    unit: str
    columns: tuple[str, ...]
    note: str = ""
    at_most: bool = False

    def table(self, rows: Sequence[Row]) -> Table:
        columns = [c for c in self.columns if any(c in row.figures for row in rows)]
        cells = tuple(
            (
                row.subject,
                whole(row.batch),
                *(figure(row.figures.get(column)) for column in columns),
                _times(row.reached),
                _target(row.target, self.at_most),
                row.verdict(self),
            )
            for row in rows
        )
        right = frozenset({"batch", *columns, "reached", "target"})
        headings = ("network", "batch", *columns, "reached", "target", "verdict")
        return Table(f"{self.title}, {self.unit}", headings, cells, right, self.note)


def print_sections(measured: Sequence[tuple[Section, Sequence[Row]]]) -> None:
    tables = [section.table(rows) for section, rows in measured if rows]
    if tables:
        print(write_tables(tables, "table"), end="\n\n", flush=True)


def _threads() -> str:
    count = torch.get_num_threads()
    return "1 thread" if count == 1 else f"{count} threads"


def machine() -> str:
    """What the figures were measured on, and what else was going on."""
    told = f"{processor()}, {_threads()}; {versions()}"
    load = busy()
    return told if load is None else f"{told}\n{load}: the figures are off"


def write_json(path: Path, about: str, measured: Sequence[tuple[Section, Row]]) -> None:
    rows = [
        {
            "row": row.name, "kind": section.title, "network": row.subject, "batch": row.batch,
            "unit": section.unit, "figures": dict(row.figures), "p10..p90": dict(row.spread),
            "reached": row.reached, "target": row.target, "at most": section.at_most,
            "verdict": row.verdict(section),
        }
        for section, row in measured
    ]  # fmt: skip
    text = json.dumps({"machine": about, "rows": rows}, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _times(value: float | None) -> Cell:
    return Number(value, "-" if value is None else f"{value:.2f}x")


def _target(value: float | None, at_most: bool) -> Cell:
    return Number(value, "-" if value is None else f"{'≤' if at_most else '≥'} {value:.1f}x")
