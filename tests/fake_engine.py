"""An engine that is a leaf and a row: torch's operators in float32, node by node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.engine import Contender, Engine, Runner, Setup, Traced, Variant
from seqdsl.backends.parts import Part
from seqdsl.backends.running import Outcome, Provider
from seqdsl.backends.targets import EngineTarget
from seqdsl.backends.torch.scaling import evaluated, shared
from seqdsl.graph.network import Network
from seqdsl.passes.schedule.strategy import Strategy


class FakeRunner:
    note = None

    def __init__(self, network: Network, state: State) -> None:
        self._network, self._state = network, state

    def values(self, array: Array) -> Iterator[tuple[int, Array]]:
        with torch.inference_mode():
            nodes = evaluated(self._network, shared(self._state), torch.from_numpy(array))
            yield from ((node.index, value.numpy()) for node, value in nodes)

    def __call__(self, array: Array, /) -> Outcome:
        values = dict(self.values(array))
        outputs = {output.name: values[output.index] for output in self._network.returned}
        return Outcome(outputs, "CPU", None)


class FakeEngine(Engine):
    def runner(self, network: Network, state: State, provider: Provider) -> Runner:  # noqa: ARG002
        return FakeRunner(network, state)

    def variants(
        self, network: Network, state: State, folder: Path
    ) -> Sequence[Callable[[], Variant]]:
        assert folder.is_dir()
        runner = FakeRunner(network, state)

        def trace(array: Array) -> Iterator[Traced]:
            for node, value in runner.values(array):
                yield Traced(node, 0, value.shape[1], value)

        return [lambda: Variant("fake, float32", lambda array: runner(array).outputs, trace)]

    def contender(self, network: Network, state: State, array: Array, setup: Setup) -> Contender:
        assert setup.schedule is Strategy.GATHER
        runner = FakeRunner(network, state)
        return Contender(lambda: runner(array), "CPU", runner(array).outputs["logits"])

    def sees_cuda(self) -> bool:
        return False

    def parts(self) -> Iterator[tuple[str, Callable[[], Part]]]:
        yield "fake", lambda: Part("fake", "1.0, in the tests")


def load() -> Engine:
    return FakeEngine()


ROW = EngineTarget("fake", "the fake", load, schedules=(Strategy.GATHER,))
