"""How far a run has come: all that, with the tensors, a run goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar, get_type_hints

from seqdsl.source.frozen import frozen_value
from seqdsl.training.metrics import Row

T = TypeVar("T")


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
        """Read what `as_json` gives. Raises ValueError for anything else."""
        rows = data.get("rows")
        if not isinstance(rows, list) or len(data) != len(fields(Position)):
            raise ValueError("its position is not that of a run")
        epoch, batch, step = (_number(data, name, int) for name in ("epoch", "batch", "step"))
        sums = _of_numbers(Sums, data.get("sums"))
        return Position(epoch, batch, step, sums, tuple(_of_numbers(Row, row) for row in rows))


def _of_numbers(kind: type[T], data: object) -> T:
    """A value of a dataclass of numbers, from its fields."""
    wanted = get_type_hints(kind)
    if not isinstance(data, dict) or set(data) != set(wanted):
        raise ValueError(f"its position has no whole {kind.__name__.lower()}")
    return kind(**{name: _number(data, name, type) for name, type in wanted.items()})


def _number(data: Mapping[str, Any], name: str, kind: type) -> Any:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        raise ValueError(f"{name} of its position is no number")
    if isinstance(value, int) and not 0 <= value < _MOST:
        raise ValueError(f"{name} of its position is out of bounds")
    return value


_MOST = 2**63
