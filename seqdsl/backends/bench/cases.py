"""What is measured: cases, the settings that they share, and each of them made ready to run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.engine import Contender, Mode, Setup
from seqdsl.backends.running import Dtype, Provider, random_input
from seqdsl.backends.targets import EngineTarget
from seqdsl.backends.weights.state import random_state
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: an engine in a mode, on a schedule, at a batch size."""

    engine: EngineTarget
    schedule: Strategy
    batch: int
    mode: Mode = Mode.RUN
    recompute: bool = False  # in training: what can be computed again is not kept

    @property
    def backend(self) -> str:
        """The engine, and what it does: ``torch train``."""
        return f"{self.engine.name}{self.mode.value}"

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


def make(case: Case, network: Network, state: State, array: Array, settings: Settings) -> Contender:
    """A case ready to run. Raises `Failure` where its engine refuses it."""
    setup = Setup(
        case.mode, case.schedule, case.recompute,
        settings.provider, settings.dtype, settings.threads,
    )  # fmt: skip
    return case.engine.load().contender(network, state, array, setup)


def scaled_state(network: Network, seed: int) -> State:
    """Random weights, with statistics on the scale of what they normalise."""
    from seqdsl.backends.torch.contenders import scale

    state = random_state(network, seed)
    scale(network, state, input_of(network, 1, seed))
    return state


def input_of(network: Network, batch: int, seed: int) -> Array:
    """The batch that every case of a size runs on."""
    return random_input(network, batch, np.random.default_rng(seed + 1))
