"""Weights from another's checkpoint to our keys, and back under its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seqdsl.backends.checkpoints import NO_METADATA, Checkpoint, unreadable, write_tensors
from seqdsl.backends.weights import State
from seqdsl.passes.matching.match import Match


def import_state(checkpoint: Checkpoint, match: Match) -> State:
    """The matched tensors as ours: float32, our keys and shapes, in layout order.

    Raises `Failure` for a tensor that is no plain array of floating point.
    """
    _check_types(checkpoint, match)
    return {
        pair.ours.key: checkpoint.array(pair.theirs.key).reshape(pair.ours.shape)
        for pair in match.pairs
    }


def export_state(
    path: Path,
    state: State,
    checkpoint: Checkpoint,
    match: Match,
    metadata: Mapping[str, str] = NO_METADATA,
) -> None:
    """Writes our weights as a checkpoint has them: its keys in their order, its shapes and types.

    A ``.safetensors`` file gets the metadata. What has no counterpart of ours, the counts of
    batches, is copied. Raises `Failure` for a value that is too large for its type there, and where
    the file can't be written.
    """
    _check_types(checkpoint, match)
    tensors = dict(checkpoint.tensors)
    for pair in match.pairs:
        tensors[pair.theirs.key] = checkpoint.like(pair.theirs.key, state[pair.ours.key])
    write_tensors(path, tensors, metadata)


def _check_types(checkpoint: Checkpoint, match: Match) -> None:
    for pair in match.pairs:
        key = pair.theirs.key
        if not checkpoint.is_floating(key):
            kind = checkpoint.type_name(key)
            raise unreadable(checkpoint.name, f"{key} is {kind}, not floating point")
