"""onnxruntime as an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seqdsl.backends.engine import Contender, Engine, Runner, Setup, Variant

if TYPE_CHECKING:
    from seqdsl.backends.arrays import Array, State
    from seqdsl.backends.parts import Part
    from seqdsl.backends.running import Provider
    from seqdsl.graph.network import Network


class OnnxruntimeEngine(Engine):
    """Runs networks as ONNX models, by any schedule."""

    def runner(self, network: Network, state: State, provider: Provider) -> Runner:
        from seqdsl.backends.onnx.network_run import NetworkRunner

        return NetworkRunner(network, state, provider)

    def variants(
        self, network: Network, state: State, folder: Path
    ) -> Sequence[Callable[[], Variant]]:
        from seqdsl.backends.onnx.variants import forms, variant

        return [partial(variant, network, state, folder, form) for form in forms(network)]

    def contender(self, network: Network, state: State, array: Array, setup: Setup) -> Contender:
        from seqdsl.backends.onnx.half import to_half
        from seqdsl.backends.onnx.model import to_onnx
        from seqdsl.backends.onnx.run import BoundRunner
        from seqdsl.backends.running import Dtype
        from seqdsl.passes.schedule.choose import choose

        schedules = choose(network, setup.schedule, len(array))
        model = to_onnx(network, state, schedules=schedules)
        if setup.dtype is not Dtype.FLOAT32:
            model = to_half(model, setup.dtype)
        bound = BoundRunner(model, array, setup.provider, threads=setup.threads)
        return Contender(bound, bound.device, bound.outputs()["logits"])

    def sees_cuda(self) -> bool:
        from seqdsl.backends.onnx.run import cuda_device

        return cuda_device()

    def start(self, threads: int | None) -> None:  # noqa: ARG002
        from seqdsl.backends.onnx import half, model, run

        del half, model, run

    def parts(self) -> Iterator[tuple[str, Callable[[], Part]]]:
        from seqdsl.backends.onnx.health import onnxruntime, telemetry

        yield "onnxruntime", onnxruntime
        yield "telemetry", telemetry

    def devices(self) -> Iterator[tuple[str, Callable[[], Part]]]:
        from seqdsl.backends.onnx.health import providers

        yield "onnxruntime runs on", providers
