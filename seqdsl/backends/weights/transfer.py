"""Weights from another's checkpoint to our keys, and back under its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqdsl.backends.arrays import Array, State
from seqdsl.backends.weights.checkpoints import NO_METADATA, write_tensors
from seqdsl.backends.weights.state import initial_state, require_finite, require_variances
from seqdsl.backends.weights.weights_file import WeightsFile
from seqdsl.graph.network import Network
from seqdsl.graph.operations import Role
from seqdsl.graph.parameters import layout
from seqdsl.passes.matching.match import Match
from seqdsl.source.diagnostic import unlocated

if TYPE_CHECKING:
    import torch


def import_state(file: WeightsFile, match: Match, network: Network, seed: int = 0) -> State:
    """The matched tensors as ours: float32, our keys and shapes, in layout order.

    A head that has no counterpart is initialised as section 4.2 says, by a seed. Raises `Failure`
    for a tensor that is no plain array of floating point, or holds what no weight can be.
    """
    theirs = {pair.ours.key: pair.theirs.key for pair in match.pairs}
    wanted = list(layout(network))
    fresh = {} if len(theirs) == len(wanted) else initial_state(network, seed)
    found = {p.key: file.array(theirs[p.key]).reshape(p.shape) for p in wanted if p.key in theirs}
    require_finite(((theirs[key], array) for key, array in found.items()), file.name)
    variances = [p.key for p in wanted if p.role is Role.RUNNING_VAR and p.key in theirs]
    require_variances(((theirs[key], found[key]) for key in variances), file.name)
    return {p.key: found[p.key] if p.key in theirs else fresh[p.key] for p in wanted}


def export_state(
    path: Path,
    state: State,
    file: WeightsFile,
    match: Match,
    metadata: Mapping[str, str] = NO_METADATA,
) -> None:
    """Writes our weights as a checkpoint has them: its keys in their order, its shapes and types.

    A ``.safetensors`` file gets the metadata. What has no counterpart of ours, such as the counts
    of batches, is copied. Raises `Failure` for a value that is too large for its type there, and
    where the file can't be written.
    """
    tensors = file.tensors
    for pair in match.pairs:
        key = pair.theirs.key
        tensors[key] = _like(tensors[key], state[pair.ours.key], key, file.name)
    write_tensors(path, tensors, metadata)


def _like(tensor: torch.Tensor, array: Array, key: str, name: str) -> torch.Tensor:
    """An array in the shape and the type of a tensor of a file."""
    import torch

    from seqdsl.backends.weights.torch_files import require_floating, type_name

    require_floating(tensor, key, name)
    source = torch.from_numpy(np.array(array))
    result = source.reshape(tensor.shape).to(tensor.dtype)
    if torch.isfinite(result.float()).sum() != torch.isfinite(source).sum():
        raise unlocated(
            "weights-mismatch",
            f"{key} is {type_name(tensor)} in {name}, and a weight is too large for it",
            name,
        )
    return result
