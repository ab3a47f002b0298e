"""What differs between modules of one class becomes parameters of its constructor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from seqdsl.backends.torch.slots import Slot, Value
from seqdsl.graph.calls import Argument
from seqdsl.graph.parameters import attribute_name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a constructor; its kind is that of the numbers that it fills."""

    name: str
    kind: str
    default: Value | None


@dataclass(frozen=True, slots=True)
class Number:
    """What fills a slot: a value, a parameter, or half of a parameter, for a padding."""

    value: Value | None = None
    parameter: str = ""
    halved: bool = False


@dataclass(slots=True)
class _Column:
    """The values of one parameter for each instance; None where an instance needs none."""

    slot: Slot
    values: list[Value | None]
    fills: list[int]


def abstracted(
    rows: Sequence[Sequence[Slot]],
    taken: frozenset[str],
    calls: Sequence[Mapping[str, Argument]],
) -> tuple[tuple[Parameter, ...], list[Number], list[tuple[Value, ...]]]:
    """The parameters of a class, what fills each slot, and the arguments of each instance.

    Slots of one kind that always agree share a parameter. It is called as the parameter of the
    block that has its value in each of the ``calls``, if one does and the name isn't taken.
    """
    columns: list[_Column] = []
    numbers: dict[int, Number] = {}
    halves: list[tuple[int, _Column]] = []
    for position, slots in enumerate(zip(*rows, strict=True)):
        values = [slot.value for slot in slots]
        distinct = dict.fromkeys(value for value in values if value is not None)
        if len(distinct) == 1:
            numbers[position] = Number(next(iter(distinct)))
            continue
        slot = next(s for s in slots if s.value is not None)
        whole = next((c for c in columns if _is_half(slot, values, c)), None)
        if whole is not None:
            halves.append((position, whole))
            continue
        column = next((c for c in columns if _agrees(slot, values, c)), None)
        if column is None:
            columns.append(_Column(slot, values, [position]))
            continue
        column.values = [
            a if a is not None else b for a, b in zip(column.values, values, strict=True)
        ]
        column.fills.append(position)
    columns.sort(key=lambda c: _default(c) is not None)
    names = set(taken)
    said = [_said(column, calls, names) for column in columns]
    parameters = []
    for column, own in zip(columns, said, strict=True):
        name = own or _fresh(column.slot.name, names)
        names.add(name)
        for position in column.fills:
            numbers[position] = Number(parameter=name)
        for position, whole in halves:
            if whole is column:
                numbers[position] = Number(parameter=name, halved=True)
        default = _default(column)
        any_value = next(v for v in column.values if v is not None)
        spare = any_value if default is None else default
        column.values = [spare if value is None else value for value in column.values]
        parameters.append(Parameter(name, column.slot.family, default))
    arguments: list[tuple[Value, ...]] = [() for _ in rows]
    if columns:
        arguments = list(zip(*(c.values for c in columns), strict=True))
    return tuple(parameters), [numbers[i] for i in range(len(numbers))], arguments


def _said(column: _Column, calls: Sequence[Mapping[str, Argument]], names: set[str]) -> str | None:
    """The parameter of the block that a column is, which no other column is called from now on."""
    if not all(calls) or any(isinstance(value, bool) for value in column.values):
        return None
    known = calls[0]
    for name in sorted(known, key=lambda name: name != column.slot.name):
        attribute = attribute_name(name)
        if attribute not in names and all(
            value is None or _plain(value) == _plain(call.get(name))
            for value, call in zip(column.values, calls, strict=True)
        ):
            names.add(attribute)
            return attribute
    return None


def _plain(value: object) -> object:
    """A number, also of a square."""
    if isinstance(value, tuple) and value and len(set(value)) == 1:
        return value[0]
    return value


def _agrees(slot: Slot, values: Sequence[Value | None], column: _Column) -> bool:
    return slot.family == column.slot.family and all(
        a is None or b is None or (a == b and type(a) is type(b))
        for a, b in zip(values, column.values, strict=True)
    )


def _is_half(slot: Slot, values: Sequence[Value | None], column: _Column) -> bool:
    """Whether a padding is always half of what the kernel is."""
    if slot.family != "padding" or column.slot.family != "kernel":
        return False
    sides = [_side(value) for value in column.values]
    return all(side > 0 for side in sides) and all(
        value is None or _side(value) == side // 2
        for value, side in zip(values, sides, strict=True)
    )


def _side(value: Value | None) -> int:
    """Of a square its side; less than nothing for all else."""
    if isinstance(value, tuple) and value[0] == value[1]:
        return value[0]
    return -1


def _default(column: _Column) -> Value | None:
    """What the parameter is where nothing is said, if any instance says nothing."""
    default = column.slot.default
    return default if default is not None and default in column.values else None


def _fresh(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    stem = name.rstrip("0123456789") or name
    return next(f"{stem}{i}" for i in count(2) if f"{stem}{i}" not in taken)
