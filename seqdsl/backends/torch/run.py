"""Runs networks with PyTorch: on CUDA where there is a device, else on the CPU, and says where."""

from __future__ import annotations

import torch
from torch import nn

from seqdsl.backends.arrays import Array
from seqdsl.backends.running import NO_CUDA, Outcome, Provider, refused
from seqdsl.graph.network import Network


class TorchRunner:
    """A module with its weights, in evaluation mode. Raises `Failure` where torch refuses."""

    def __init__(
        self,
        network: Network,
        module: nn.Module,
        provider: Provider = Provider.AUTO,
    ) -> None:
        self._name = network.name
        self._names = [output.name for output in network.returned]
        there = torch.cuda.is_available()
        wanted = provider is not Provider.CPU and there
        self._device = torch.device("cuda" if wanted else "cpu")
        self.note = NO_CUDA if provider is Provider.CUDA and not there else None
        try:
            self._module = module.to(self._device).eval()
        except RuntimeError as error:
            raise refused("torch", error, self._name) from None

    def __call__(self, array: Array) -> Outcome:
        """Runs a batch ``[N, C, H, W]``; ``provider`` is the device that the logits are on."""
        try:
            with torch.inference_mode():
                given: torch.Tensor | tuple[torch.Tensor, ...] = self._module(
                    torch.from_numpy(array).to(self._device)
                )
            values = given if isinstance(given, tuple) else (given,)
            pairs = zip(self._names, values, strict=True)
            outputs = {name: value.cpu().numpy() for name, value in pairs}
        except RuntimeError as error:
            raise refused("torch", error, self._name) from None
        return Outcome(outputs, values[0].device.type.upper(), self.note)
