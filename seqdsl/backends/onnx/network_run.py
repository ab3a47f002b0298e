"""Runs a network on onnxruntime: what overflows is NaN or infinite in its outputs, as in torch."""

from __future__ import annotations

import numpy as np

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.onnx.magnitudes import LARGEST_INPUT
from seqdsl.backends.onnx.model import to_onnx
from seqdsl.backends.onnx.run import Runner
from seqdsl.backends.running import Outcome, Provider
from seqdsl.graph.network import Network


class NetworkRunner:
    """A network with its weights, ready to run. Raises `Failure` where onnxruntime refuses it.

    A model for inputs of any magnitude is built when one is past `LARGEST_INPUT`, and not before.
    """

    def __init__(self, network: Network, state: State, provider: Provider = Provider.AUTO) -> None:
        self._network, self._state, self._asked = network, state, provider
        self._largest = LARGEST_INPUT
        self._open()

    def _open(self) -> None:
        model = to_onnx(self._network, self._state, largest=self._largest)
        self._runner = Runner(model, self._asked)
        self.provider, self.note = self._runner.provider, self._runner.note

    def __call__(self, array: Array) -> Outcome:
        """Run a batch ``[N, C, H, W]``."""
        if not max(array.max(), -array.min()) <= self._largest:  # NaN, too
            self._largest = np.inf
            self._open()
        return self._runner(array)
