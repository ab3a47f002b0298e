"""The folder of a run: what is in it, and whether a run can be begun or resumed there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from seqdsl.backends.files import regular_bytes, write_whole
from seqdsl.graph.dump import dump
from seqdsl.graph.network import Network
from seqdsl.graph.recipe import Recipe
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.frozen import frozen
from seqdsl.source.json_text import parse_json
from seqdsl.training.data.batch import Data
from seqdsl.training.metrics import METRICS
from seqdsl.training.options import DataSource


@frozen
class Run:
    """A run's folder, and what belongs where in it."""

    folder: Path

    @property
    def description(self) -> Path:
        return self.folder / "run.json"  # what is trained, and how

    @property
    def source(self) -> Path:
        return self.folder / "network.seq"  # the network, as a plain source

    @property
    def metrics(self) -> Path:
        return self.folder / METRICS

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def best(self) -> Path:
        return self.folder / "best.safetensors"  # weights of the lowest validation error

    @property
    def final(self) -> Path:
        return self.folder / "final.safetensors"

    @property
    def curves(self) -> Path:
        return self.folder / "curves.svg"  # Figure 4

    @property
    def heat_maps(self) -> Path:
        return self.folder / "weights.svg"  # Figure 5

    @property
    def model(self) -> Path:
        return self.folder / "model.onnx"


def network_hash(network: Network) -> str:
    """What two networks share that compute the same, however their sources spell it."""
    return sha256(dump(network).encode()).hexdigest()


def describe(network: Network, recipe: Recipe, source: DataSource, data: Data) -> dict[str, Any]:
    """What a run can't change on its way, as JSON."""
    given = {name: value for name, value in asdict(source).items() if name != "path"}
    samples = {
        "training samples": len(data.train), "validation samples": len(data.validation),
        "classes": list(data.classes),
        "preprocessing": data.preprocessing.as_json(),
    }  # fmt: skip
    settings = {name: _plain(value) for name, value in asdict(recipe).items()}
    return {
        "network": network.name,
        "graph": network_hash(network),
        **given,
        **samples,
        "recipe": settings,
    }


def begin(run: Run, description: Mapping[str, Any], plain: str | None) -> None:
    """Makes the folder of a new run. Raises `Failure` where one has saved something there."""
    if run.metrics.exists() or any(run.checkpoints.glob("step-*")):
        raise _unfit(
            run, f"{run.folder} holds a run already", "go on with it by --resume, or name another"
        )
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise _unfit(run, f"{run.folder} can't be made: {reason}", "name another folder") from None
    if plain is not None:
        write_whole(run.source, plain.encode())
    text = json.dumps(description, indent=1) + "\n"
    write_whole(run.description, text.encode())


def require_same(run: Run, description: Mapping[str, Any]) -> None:
    """Raises `Failure` where a folder's run is not the one that is to be gone on with."""
    try:
        there = parse_json(regular_bytes(run.description))
        if not isinstance(there, dict) or not isinstance(there.get("recipe"), dict):
            raise ValueError("it describes no run")
        differing = list(_differing(there, description))
    except FileNotFoundError:
        raise _unfit(
            run, f"{run.folder} holds no run to be resumed", "leave out --resume to begin one"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _unfit(run, f"{run.description} can't be read: {reason}", None) from None
    if there.get("graph") != description["graph"]:
        raise unlocated(
            "other-network",
            f"the run in {run.folder} is of another network than {description['network']}",
            run.folder,
            "resume it with its own, or train this one in another folder",
        )
    if differing:
        raise _unfit(
            run, f"the run in {run.folder} is another one: {'; '.join(differing)}",
            "resume it as it was begun, or begin another in another folder",
        )  # fmt: skip


def _differing(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    before, after = ({**each, **each["recipe"]} for each in (there, here))
    ignored = {"recipe", "graph", "network"}
    if "preprocessing" not in before:  # of a run that began before it was recorded
        ignored.add("preprocessing")
    for name, value in after.items():
        if name not in ignored and before.get(name) != value:
            told = (f"{each}"[:_SHOWN] for each in (before.get(name), value))
            yield "its {} is {}, and {} is given".format(name, *told)


_SHOWN = 60  # characters of what differs


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _unfit(run: Run, message: str, help: str | None) -> Failure:
    return unlocated("unfit-run", message, run.folder, help)
