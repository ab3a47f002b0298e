"""What an engine is: a way to run networks. Each is a leaf that implements `Engine`.

Nothing heavy is imported here or at the top of a leaf's own file: a row of `targets.ENGINES` names
an engine before its library is needed, and `seqdsl doctor` asks it even where that is broken.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from seqdsl.backends.arrays import Array, Outputs, State
    from seqdsl.backends.parts import Part
    from seqdsl.backends.running import Dtype, Outcome, Provider
    from seqdsl.backends.weights.recorded import Recorded
    from seqdsl.graph.network import Network
    from seqdsl.graph.tensor import TensorType
    from seqdsl.passes.schedule.strategy import Strategy


class Mode(Enum):
    """What an engine does with a network when it is timed; the value follows its name."""

    RUN = ""
    COMPILED = ".compile"
    TRAINING = " train"


class Runner(Protocol):
    """A network with its weights, ready to run."""

    note: str | None  # why it does not run where it was asked to

    def __call__(self, array: Array, /) -> Outcome:
        """Run a batch ``[N, C, H, W]``."""


class ModelFile(Protocol):
    """A file that an engine runs without a source."""

    @property
    def name(self) -> str:
        """What the network is called."""

    @property
    def type(self) -> TensorType:
        """The type of its input."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its outputs; the logits are the first."""

    @property
    def is_ours(self) -> bool:
        """Whether `build` wrote it: its first output are logits, then."""

    @property
    def recorded(self) -> Recorded:
        """How an input is made, and what the classes are called."""

    def runner(self, provider: Provider) -> Runner:
        """Return the network, ready to run. Raises `Failure` where the engine refuses it."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a network is computed when it is timed."""

    mode: Mode
    schedule: Strategy
    recompute: bool  # in training: what can be computed again is not kept
    provider: Provider
    dtype: Dtype
    threads: int | None  # None for as many as the engine takes by itself


@dataclass(frozen=True, slots=True)
class Contender:
    """A network on a batch, ready to be timed, which has run once."""

    run: Callable[[], object]  # one whole run: what it leaves running does not count
    device: str  # where it really runs
    logits: Array | None = None
    saved: int | None = None  # bytes that a step of training keeps for its way back
    peak: int | None = None  # bytes on a CUDA device, where its engine tells
    start: float | None = None  # seconds to build it and run it once


@dataclass(frozen=True, slots=True)
class Traced:
    """The value of some channels of a node, as an engine computes it."""

    node: int
    start: int
    stop: int
    value: Array


@dataclass(frozen=True, slots=True)
class Variant:
    """A way in which an engine runs a network, to be compared with the definition."""

    name: str
    run: Callable[[Array], Outputs]
    trace: Callable[[Array], Iterable[Traced]] | None = None  # in dataflow order


class Engine(ABC):
    """A way to run networks. Methods raise `Failure` where the engine refuses a network."""

    @abstractmethod
    def runner(self, network: Network, state: State, provider: Provider) -> Runner:
        """Return the network with its weights, ready to run: for `run` and `eval`."""

    @abstractmethod
    def variants(
        self, network: Network, state: State, folder: Path
    ) -> Sequence[Callable[[], Variant]]:
        """Return what makes each way to run a network that `verify` compares.

        ``folder`` is for files, and is there while the variants are used.
        """

    @abstractmethod
    def contender(self, network: Network, state: State, array: Array, setup: Setup) -> Contender:
        """Return the network on a batch, ready for `bench` to time it."""

    @abstractmethod
    def sees_cuda(self) -> bool:
        """Return whether the engine sees a CUDA device."""

    def start(self, threads: int | None) -> None:  # noqa: B027
        """Import all that a run needs and make the threads: memory is measured from then on."""

    def parts(self) -> Iterator[tuple[str, Callable[[], Part]]]:
        """Yield what `doctor` examines: the engine's library."""
        yield from ()

    def devices(self) -> Iterator[tuple[str, Callable[[], Part]]]:
        """Yield what `doctor` examines: the devices that the engine runs on."""
        yield from ()
