"""What is measured: cases, the settings that they share, and each of them made ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.bench.measuring import Run
from seqdsl.backends.running import Dtype, Provider, random_input
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.strategy import Strategy


class Engine(Enum):
    """What runs a network, and how."""

    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"
    COMPILED = "torch.compile"
    TRAINING = "torch train"


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: an engine on a schedule at a batch size."""

    engine: Engine
    schedule: Strategy
    batch: int
    recompute: bool = False  # in training: what can be computed again is not kept

    @property
    def shown(self) -> str:
        """The schedule, and whether things are computed again."""
        return f"{self.schedule.value}, recompute" if self.recompute else self.schedule.value


@dataclass(frozen=True, slots=True)
class Settings:
    """How all cases are measured."""

    provider: Provider = Provider.AUTO
    dtype: Dtype = Dtype.FLOAT32
    threads: int | None = None  # None for as many as each engine takes by itself
    seconds: float = 2.0  # of timing, a case
    memory: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Contender:
    """A case ready to run, which has run once."""

    run: Run
    device: str  # where it really runs
    logits: Array | None = None
    saved: int | None = None
    peak: int | None = None  # bytes on a CUDA device, where its engine tells
    start: float | None = None  # seconds to build it and run it once


def make(case: Case, network: Network, state: State, array: Array, settings: Settings) -> Contender:
    """A case ready to run. Raises `Failure` where its engine refuses it."""
    provider, dtype = settings.provider, settings.dtype
    if case.engine is Engine.ONNXRUNTIME:
        from seqdsl.backends.onnx.half import to_half
        from seqdsl.backends.onnx.model import to_onnx
        from seqdsl.backends.onnx.run import BoundRunner
        from seqdsl.passes.schedule.choose import choose

        schedules = choose(network, case.schedule, case.batch)
        model = to_onnx(network, state, schedules=schedules)
        if dtype is not Dtype.FLOAT32:
            model = to_half(model, dtype)
        bound = BoundRunner(model, array, provider, threads=settings.threads)
        return Contender(bound, bound.device, bound.outputs()["logits"])
    from seqdsl.backends.bench import torch_bench
    from seqdsl.backends.torch.execution import Execution
    from seqdsl.backends.torch.inference import to_inference
    from seqdsl.backends.torch.module import to_training

    execution = Execution(case.schedule, case.recompute)
    if case.engine is Engine.TRAINING:
        module = to_training(network, state, execution)
        training = torch_bench.Training(module, array, provider, dtype)
        return Contender(training, training.device, None, training.saved, training.peak())
    module = to_inference(network, state, execution)
    kind = torch_bench.Compiled if case.engine is Engine.COMPILED else torch_bench.Inference
    inference = kind(module, array, provider, dtype)
    return Contender(inference, inference.device, inference.logits(), None, inference.peak())


def scaled_state(network: Network, seed: int) -> State:
    """Random weights, with statistics on the scale of what they normalise."""
    from seqdsl.backends.bench.torch_bench import scale

    state = random_state(network, seed)
    scale(network, state, input_of(network, 1, seed))
    return state


def input_of(network: Network, batch: int, seed: int) -> Array:
    """The batch that every case of a size runs on."""
    return random_input(network, batch, np.random.default_rng(seed + 1))
