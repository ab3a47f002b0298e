"""Modules of one structure share one class: what differs between them becomes its parameters."""

from __future__ import annotations

import builtins
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from seqdsl.backends.torch.plan import Module
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node

Value: TypeAlias = int | float | tuple[int, int]

MAX_PARAMETERS = 5  # a class with more is several classes


@dataclass(frozen=True, slots=True)
class Slot:
    """One number inside a module: an attribute of an operation, or an argument of a child."""

    name: str
    value: Value


@dataclass(slots=True, eq=False)
class ModuleClass:
    """A class of the emitted source, written from one of its instances."""

    name: str
    example: Module
    parameters: tuple[str, ...] = ()
    # for each slot, in order, the parameter that fills it; None where the number is written out
    filled: tuple[str | None, ...] = ()


@dataclass(slots=True)
class Classes:
    """The classes in the order in which they can be defined, and every module's own."""

    ordered: list[ModuleClass] = field(default_factory=list)
    of: dict[Module, ModuleClass] = field(default_factory=dict)
    arguments: dict[Module, tuple[Value, ...]] = field(default_factory=dict)


def classify(root: Module) -> Classes:
    """Gives every module a class, the innermost first."""
    classes = Classes()
    names: dict[str, int] = {}
    for level in _levels(root):
        shapes: dict[object, list[Module]] = defaultdict(list)
        for module in level:
            shapes[_structure(module, classes)].append(module)
        for alike in shapes.values():
            _define(alike, classes, names)
    return classes


def slots_of(item: Node, network: Network) -> tuple[Slot, ...]:
    """The numbers of an operation with parameters, which its constructor takes."""
    operation = item.operation
    match operation:
        case ops.Conv2d():
            return (
                Slot("in_channels", network.nodes[item.operands[0]].type.channels),
                Slot("width", operation.width),
                Slot("kernel", operation.kernel),
                Slot("stride", operation.stride),
                Slot("padding", operation.padding),
                Slot("dilation", operation.dilation),
                Slot("groups", operation.groups),
            )
        case ops.Linear(width=width):
            elements = network.nodes[item.operands[0]].type.elements
            return (Slot("in_features", elements), Slot("width", width))
        case ops.BatchNorm(eps=eps, momentum=momentum):
            return (
                Slot("width", item.type.channels),
                Slot("eps", eps),
                Slot("momentum", momentum),
            )
        case _:
            return ()


def _levels(root: Module) -> Iterator[list[Module]]:
    """The modules by height: those without modules inside first."""
    by_height: dict[int, list[Module]] = defaultdict(list)
    order: list[Module] = [root]
    for module in order:
        order.extend(module.children)
    heights: dict[Module, int] = {}
    for module in reversed(order):
        heights[module] = 1 + max((heights[child] for child in module.children), default=0)
    for module in order:
        by_height[heights[module]].append(module)
    return (by_height[height] for height in sorted(by_height))


def _structure(module: Module, classes: Classes) -> object:
    """Equal for modules that differ in numbers alone."""
    local = {index: position for position, index in enumerate(module.inputs)}
    parts: list[object] = [module.scope.label, module.scope.kind, len(module.inputs)]
    parts += [(held.scope.name, classes.of[held]) for held in module.held]
    for position, item in enumerate(module.items):
        if isinstance(item, Module):
            reads = tuple(local[i] for i in item.inputs)
            parts.append((item.scope.name, classes.of[item], reads))
            for index in item.outputs:
                local[index] = len(local) + position
        else:
            reads = tuple(local[i] for i in item.operands)
            parts.append((item.name, _fixed(item, module.network), reads))
            local[item.index] = len(local) + position
    parts.append(tuple(local[i] for i in module.outputs))
    return tuple(parts)


def _fixed(node: Node, network: Network) -> object:
    """What of an operation must be the same in one class."""
    operation = node.operation
    match operation:
        case ops.Conv2d(bias=bias, init=init):
            return (ops.Conv2d, bias, init)
        case ops.Linear(bias=bias, init=init):
            flattens = bool(network.nodes[node.operands[0]].type.spatial)
            return (ops.Linear, bias, init, flattens)
        case ops.BatchNorm():
            return type(operation)
        case _:  # what `forward` does without parameters stands there in numbers
            return operation


def module_slots(module: Module, classes: Classes) -> Iterator[Slot]:
    """The numbers directly inside a module, in the order of its items."""
    for item in module.parts:
        if isinstance(item, Module):
            names = classes.of[item].parameters
            yield from map(Slot, names, classes.arguments[item])
        else:
            yield from slots_of(item, module.network)


def _define(alike: list[Module], classes: Classes, names: dict[str, int]) -> None:
    """One class for modules of one structure; one for each set of numbers where too many differ."""
    rows = [tuple(module_slots(module, classes)) for module in alike]
    parameters, filled, arguments = _abstract(rows)
    if len(parameters) > MAX_PARAMETERS:
        apart: dict[tuple[Slot, ...], list[Module]] = defaultdict(list)
        for module, row in zip(alike, rows, strict=True):
            apart[row].append(module)
        for row, same in apart.items():
            made = ModuleClass(_class_name(same[0], names), same[0], (), (None,) * len(row))
            _assign(classes, made, same, [()] * len(same))
        return
    made = ModuleClass(_class_name(alike[0], names), alike[0], parameters, filled)
    _assign(classes, made, alike, arguments)


def _assign(
    classes: Classes, made: ModuleClass, modules: list[Module], rows: list[tuple[Value, ...]]
) -> None:
    classes.ordered.append(made)
    for module, arguments in zip(modules, rows, strict=True):
        classes.of[module] = made
        classes.arguments[module] = arguments


def _abstract(
    rows: list[tuple[Slot, ...]],
) -> tuple[tuple[str, ...], tuple[str | None, ...], list[tuple[Value, ...]]]:
    """Parameters for the slots that differ between instances, one for slots that always agree."""
    columns: dict[tuple[Value, ...], str] = {}
    filled: list[str | None] = []
    taken: dict[str, int] = {}
    for column in zip(*rows, strict=True):
        values = tuple(slot.value for slot in column)
        if len(set(values)) == 1:
            filled.append(None)
            continue
        if values not in columns:
            stem = column[0].name.rstrip("0123456789")
            count = taken[stem] = taken.get(stem, 0) + 1
            columns[values] = stem if count == 1 else f"{stem}{count}"
        filled.append(columns[values])
    arguments: list[tuple[Value, ...]] = [() for _ in rows]
    if columns:
        arguments = list(zip(*columns, strict=True))
    return tuple(columns.values()), tuple(filled), arguments


def _class_name(module: Module, names: dict[str, int]) -> str:
    label = module.scope.label
    stem = "".join(part[:1].upper() + part[1:] for part in label.split("_")) or "Block"
    if stem[0].isdigit():
        stem = f"Block{stem}"
    if stem in _TAKEN:
        stem += "Block"
    count = names[stem] = names.get(stem, 0) + 1
    return stem if count == 1 else f"{stem}_{count}"


# What the source calls otherwise, Python's own, and what is read as a digit.
_TAKEN = frozenset(
    {"F", "BatchNorm2d", "Tensor", "I", "O"}
    | {"AbstractContextManager", "Any", "Callable", "Iterator", "NamedTuple", "Sequence"}
    | {name for name in dir(builtins) if name[0].isupper()}
)
