"""How Lightning keeps and reads checkpoints: as ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.fabric.plugins import CheckpointIO

from seqdsl.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

POSITION = "seqdsl_position"  # the key under which a position travels in Lightning's dictionary
_STEP = "momentum_buffer"  # what SGD keeps of each parameter


class Saves(CheckpointIO):
    """Writes what `Checkpoint` holds of Lightning's dictionary, and makes one of it again.

    The state of its loops is left out: where a run is, `Position` says.
    """

    def __init__(
        self, network: str, parameters: Sequence[str], metadata: Mapping[str, str]
    ) -> None:
        self._network, self._metadata = network, metadata
        self._parameters = parameters  # their keys, in the optimiser's order

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: Any,
        storage_options: Any = None,  # noqa: ARG002
    ) -> None:
        (optimizer,) = checkpoint["optimizer_states"]
        momentum = {
            self._parameters[index]: state[_STEP]
            for index, state in optimizer["state"].items()
            if state.get(_STEP) is not None
        }
        dropped = {"state_dict", "optimizer_states", "loops", "callbacks", POSITION}
        engine = {key: value for key, value in checkpoint.items() if key not in dropped}
        engine["groups"] = optimizer["param_groups"]
        saved = Checkpoint(
            self._network, checkpoint["state_dict"], momentum, checkpoint[POSITION], engine,
            self._metadata,
        )  # fmt: skip
        write_checkpoint(Path(path), saved)

    def load_checkpoint(self, path: Any, *_: Any, **__: Any) -> dict[str, Any]:
        found = read_checkpoint(Path(path))
        engine = dict(found.engine)
        state = {
            index: {_STEP: found.momentum[key]}
            for index, key in enumerate(self._parameters)
            if key in found.momentum
        }
        optimizer = {"state": state, "param_groups": engine.pop("groups")}
        return {**engine, "state_dict": found.weights, "optimizer_states": [optimizer]}

    def remove_checkpoint(self, path: Any) -> None:
        """Old ones go as new ones are written."""
