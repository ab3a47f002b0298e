"""How far a run has come: all that, with the tensors, a run goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from seqdsl.source.frozen import frozen_value
from seqdsl.training.metrics import Row


@frozen_value
class Sums:
    """Of the samples of an epoch so far."""

    loss: float = 0.0
    wrong: int = 0
    samples: int = 0
    seconds: float = 0.0


@frozen_value
class Position:
    """The place of a run between two steps."""

    epoch: int = 0  # that is begun, from 0
    batch: int = 0  # steps of it that are done
    step: int = 0  # steps that are done, of all epochs
    sums: Sums = Sums()
    rows: tuple[Row, ...] = ()  # of the epochs that are done

    def after_epoch(self, row: Row) -> Position:
        return replace(self, epoch=self.epoch + 1, batch=0, sums=Sums(), rows=(*self.rows, row))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> Position:
        """The position that `as_json` tells. Raises TypeError or KeyError for anything else."""
        rows = tuple(Row(**row) for row in data["rows"])
        return Position(data["epoch"], data["batch"], data["step"], Sums(**data["sums"]), rows)
