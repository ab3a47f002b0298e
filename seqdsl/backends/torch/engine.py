"""PyTorch as an engine."""

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


class TorchEngine(Engine):
    """Runs networks as modules: in evaluation with batch norms folded, or in training."""

    def runner(self, network: Network, state: State, provider: Provider) -> Runner:
        from seqdsl.backends.torch.inference import to_inference
        from seqdsl.backends.torch.run import TorchRunner

        return TorchRunner(network, to_inference(network, state), provider)

    def variants(
        self, network: Network, state: State, folder: Path
    ) -> Sequence[Callable[[], Variant]]:
        from seqdsl.backends.torch.variants import MODULES, variant

        return [partial(variant, network, state, folder, name) for name in MODULES]

    def contender(self, network: Network, state: State, array: Array, setup: Setup) -> Contender:
        from seqdsl.backends.torch.contenders import contender

        return contender(network, state, array, setup)

    def sees_cuda(self) -> bool:
        from seqdsl.backends.torch.contenders import cuda_device

        return cuda_device()

    def start(self, threads: int | None) -> None:
        from seqdsl.backends.torch.contenders import start

        start(threads)

    def parts(self) -> Iterator[tuple[str, Callable[[], Part]]]:
        from seqdsl.backends.torch.health import torch

        yield "torch", torch

    def devices(self) -> Iterator[tuple[str, Callable[[], Part]]]:
        from seqdsl.backends.torch.health import cuda_of_torch

        yield "CUDA in torch", cuda_of_torch
