"""Checkpoints: a folder each, of tensors in safetensors and all else in JSON, whole or not there.

A folder gets its name once all that is in it is on the disk, so a process that is killed at any
instant leaves the checkpoint before it. Its files are listed with their hashes, so one that a
disk has damaged is told from a good one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from seqdsl.backends.files import regular_bytes, write_through
from seqdsl.backends.weights.checkpoints import sort_metadata
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.json_text import parse_json
from seqdsl.training.position import Position

Tensors = Mapping[str, torch.Tensor]

WEIGHTS, MOMENTUM, STATE = "weights.safetensors", "momentum.safetensors", "state.json"
_NAME = re.compile(r"step-([0-9]{8,18})")
_KEPT = 2  # checkpoints: the one before the last, too, for a disk that damages the last


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that a run goes on from. Tensors are on the CPU, under the keys of the state_dict."""

    network: str  # the hash of its graph
    weights: Tensors
    momentum: Tensors  # empty before the first step
    position: Position
    engine: Mapping[str, Any]  # what the engine keeps beside these: JSON
    metadata: Mapping[str, str] = field(default_factory=dict)  # of its weights


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Adds a checkpoint to a folder, and takes out what it makes needless.

    Raises `Failure` where that can't be written; the checkpoints that were there stay.
    """
    path = folder / f"step-{checkpoint.position.step:08}"
    temporary = folder / f".{path.name}.{os.getpid()}"
    metadata = {"format": "pt", "seqdsl.network": checkpoint.network}
    weights = {**metadata, **checkpoint.metadata}
    files = {
        WEIGHTS: sort_metadata(save(_plain(checkpoint.weights), weights)),
        MOMENTUM: sort_metadata(save(_plain(checkpoint.momentum), metadata)),
    }
    state: dict[str, Any] = {
        "network": checkpoint.network,
        "position": checkpoint.position.as_json(),
        "engine": checkpoint.engine,
        "sha256": {name: sha256(data).hexdigest() for name, data in files.items()},
    }
    state = json.loads(json.dumps(state))  # as it will be read
    state["sha256"][STATE] = _hash_of(state)
    files[STATE] = (json.dumps(state, indent=1) + "\n").encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        temporary.mkdir()
        for name, data in files.items():
            _write(temporary / name, data)
        if path.exists():  # damaged, or of a run that went on from before it
            path.rename(folder / f".{path.name}.old")
        temporary.rename(path)
        _flush(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _unwritable(folder, error) from None
    _sweep(folder)
    found = checkpoints(folder)
    at = found.index(path)  # later ones could not be read, or this would not have been next
    for old in (*found[:at], *found[at + _KEPT :]):
        shutil.rmtree(old, ignore_errors=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the latest first."""
    if not folder.is_dir():
        return []
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _matches(path))]
    return [path for _, path in sorted(found, reverse=True)]


def read_latest(folder: Path) -> tuple[Path, Checkpoint, list[str]] | None:
    """The latest checkpoint that is whole, and what is wrong with later ones; None where nothing
    was saved. Raises `Failure` where none of several is whole.
    """
    problems: list[str] = []
    for path in checkpoints(folder):
        try:
            return path, read_checkpoint(path), problems
        except Failure as failure:
            problems.append(failure.diagnostic.message)
    if not problems:
        return None
    raise _unreadable(folder, "; ".join(problems), "begin anew in another folder")


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint. Raises `Failure` where it is not as it was written."""
    try:
        state = _read_state(path)
        tensors = {}
        for name in (WEIGHTS, MOMENTUM):
            data = regular_bytes(path / name)
            if sha256(data).hexdigest() != state.hashes.get(name):
                raise ValueError(f"{name} is not as it was written")
            tensors[name] = load(data)
    except (OSError, ValueError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _unreadable(path, f"{path} can't be read as a checkpoint: {reason}", None) from None
    return Checkpoint(
        state.network, tensors[WEIGHTS], tensors[MOMENTUM], state.position, state.engine
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What a checkpoint holds beside tensors."""

    network: str
    position: Position
    engine: Mapping[str, Any]
    hashes: Mapping[str, Any]


def _read_state(path: Path) -> _State:
    """Raises OSError or ValueError."""
    state = parse_json(regular_bytes(path / STATE))
    match state:
        case {
            "network": str(network), "position": dict(position), "engine": dict(engine),
            "sha256": dict(hashes),
        }:  # fmt: skip
            if STATE in hashes and hashes[STATE] != _hash_of(state):  # earlier ones hold none
                raise ValueError(f"{STATE} is not as it was written")
            return _State(network, Position.of_json(position), engine, hashes)
    raise ValueError(f"{STATE} holds no state of a run")


def _hash_of(state: Any) -> str:
    """The hash of all that a state says beside it."""
    hashes = {name: value for name, value in state["sha256"].items() if name != STATE}
    text = json.dumps({**state, "sha256": hashes}, sort_keys=True)
    return sha256(text.encode()).hexdigest()


def _unreadable(path: Path, message: str, help: str | None) -> Failure:
    return unlocated("unreadable-weights", message, path, help)


def _unwritable(path: Path, error: OSError) -> Failure:
    return unlocated(
        "unwritable-output",
        f"{path} can't be written: {error.strerror or error}",
        path,
        "what was saved before is whole: make room, and go on with --resume",
    )


def _matches(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(path.name) if path.is_dir() else None


def _plain(tensors: Tensors) -> dict[str, torch.Tensor]:
    return {key: value.detach().cpu().contiguous() for key, value in tensors.items()}


def _sweep(folder: Path) -> None:
    """Takes out what was to be replaced, and what a process left that was killed as it wrote."""
    for path in folder.glob(".step-*"):
        shutil.rmtree(path, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        write_through(file, data)


def _flush(folder: Path) -> None:
    """Puts the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
