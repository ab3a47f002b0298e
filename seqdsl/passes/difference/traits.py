"""What a layer is, in the words of the language: ``3x3, 64, k=8``; and how two layers differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.dump import spell
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.difference.cells import Cell, Row, form_of
from seqdsl.passes.difference.outline import Item, main_cell
from seqdsl.source.frozen import frozen_value

MAX_CONTENTS = 60  # characters; of a block that holds more, its layers are counted
_POSITIONAL = ("shape", "kernel", "width", "rate")  # the language needs no name for these


@frozen_value
class Trait:
    """An attribute of a layer. A description leaves out what is usual, and what follows from
    the layers around.
    """

    name: str
    value: str
    told: bool


@frozen_value
class Attribute:
    """One thing in which two layers differ; None where a layer has no such attribute."""

    name: str  # empty for operations that only one of them has
    before: str | None
    after: str | None


def traits(layer: Item) -> dict[str, Trait]:
    """The attributes of a layer by name, in the language's words.

    ``in`` is the channels that it reads. A layer of groups has the width of all of them, and
    ``k``, ``c`` and ``window`` as section 3.1 has them.
    """
    main, aggregation = main_cell(layer), layer.aggregation
    found = _of_cell(main) if aggregation is None else _of_groups(layer, aggregation)
    for cell in _body(layer):
        if cell is not main and not isinstance(cell.node.operation, ops.Conv2d):
            kind = cell.node.kind
            found.extend(
                Trait(f"{kind}.{trait.name}", trait.value, trait.told)
                for trait in _of_cell(cell)
                if trait.name != "in"
            )
    by_name: dict[str, Trait] = {}
    for trait in found:
        by_name.setdefault(trait.name, trait)
    return by_name


def describe(layer: Item, other: Item | None = None) -> str:
    """``3x3, 64, stride=2``; with another layer, what it says of both of them."""
    others = None if other is None else traits(other)
    words: list[str] = []
    positional = True
    for name, trait in traits(layer).items():
        if not trait.told or (others is not None and others.get(name) != trait):
            positional = False
            continue
        positional = positional and name in _POSITIONAL
        words.append(trait.value if positional else f"{name}={trait.value}")
    return ", ".join(words)


def contents(item: Item) -> str:
    """What a layer is, or what a block holds: ``{ conv 1x1, 64; conv 3x3, 64 × 2 }``.

    Layers without weights are left out, unless there are no others.
    """
    if not item.items:
        return describe(item)
    layers = [x for x in item.layers if x.cost.params] or item.layers
    told = groupby(f"{layer.label} {describe(layer)}".strip() for layer in layers)
    runs = [(text, len(list(same))) for text, same in told]
    text = "; ".join(text if times == 1 else f"{text} × {times}" for text, times in runs)
    return f"{{ {text if len(text) <= MAX_CONTENTS else f'{len(layers)} layers'} }}"


def differences(a: Item, b: Item) -> tuple[Attribute, ...]:
    """The attributes in which two layers of different keys differ.

    What a layer reads is told where nothing else differs; there is no difference where both
    do the same, without weights, to different channels.
    """
    before, after = traits(a), traits(b)
    found: list[Attribute] = []
    for name in {**before, **after}:
        x, y = before.get(name), after.get(name)
        if x is None or y is None:
            if (x is not None and x.told) or (y is not None and y.told):
                found.append(Attribute(name, x.value if x else None, y.value if y else None))
        elif x.value != y.value and not (name == "window" and _see_alike(a, b)):
            found.append(Attribute(name, x.value, y.value))
    lost, gained = _operations(a, b)
    if lost or gained:
        found.append(Attribute("", lost or None, gained or None))
    if found:
        return tuple(each for each in found if each.name != "in" or len(found) == 1)
    return () if do_the_same(a, b) else _innermost(a, b)


# --- attributes


def _of_cell(cell: Cell) -> list[Trait]:
    operation = cell.node.operation
    if isinstance(operation, ops.Input):
        return [Trait("shape", spell(cell.node.type.shape), True)]
    found = [
        Trait(name, _value(operation, name), not operation.is_usual(name))
        for name, _ in operation.attributes()
    ]
    found.sort(key=lambda trait: trait.name != "kernel")
    if cell.cost.params:
        found.append(Trait("in", str(cell.fan_in), False))
    return found


def _of_groups(layer: Item, aggregation: Aggregation) -> list[Trait]:
    groups = _groups(layer, aggregation)
    convs = [c for c in groups[0] if isinstance(c.node.operation, ops.Conv2d)]
    widths = [turn.gives.width for turn in aggregation.read.values()]
    found = [
        Trait("kernel", " -> ".join(spell(_kernel(c)) for c in convs), True),
        Trait("width", str(sum(widths)), True),
        Trait("k", ", ".join(map(str, sorted(set(widths)))), True),
    ]
    for trait in _of_cell(convs[-1]) if convs else ():
        if trait.name == "groups":
            found.append(Trait("c", trait.value, trait.told))
        elif trait.name not in ("kernel", "width", "in"):
            found.append(trait)
    found.append(Trait("in", str(_read_from_outside(layer, groups)), False))
    if len(widths) > 1:
        found.append(Trait("window", aggregation.window, False))
    return found


def _kernel(cell: Cell) -> ops.Pair:
    assert isinstance(cell.node.operation, ops.Conv2d)
    return cell.node.operation.kernel


def _value(operation: ops.Operation, name: str) -> str:
    """``2`` for a stride of 2x2, but 2x2 for a kernel; ``same`` for what a kernel implies."""
    value = getattr(operation, name)
    if isinstance(operation, ops.Conv2d) and name == "padding" and operation.keeps_size:
        return "same"
    if isinstance(value, tuple) and len(set(value)) == 1 and name != "kernel":
        return str(value[0])
    return spell(value)


# --- groups


def _groups(layer: Item, aggregation: Aggregation) -> list[list[Cell]]:
    """The cells of each group that computes something."""
    depth = aggregation.scope.depth + 1
    inside: dict[Scope, list[Cell]] = {}
    for cell in layer.cells:
        if depth < len(cell.scopes) and cell.scopes[depth].kind is ScopeKind.GROUP:
            inside.setdefault(cell.scopes[depth], []).append(cell)
    return list(inside.values())


def _body(layer: Item) -> Sequence[Cell]:
    """The cells of a layer; those of one group where it is an aggregation."""
    return layer.cells if layer.aggregation is None else _groups(layer, layer.aggregation)[0]


def _read_from_outside(layer: Item, groups: Sequence[Sequence[Cell]]) -> int:
    """The channels of a layer's input that the first operations of its groups read."""
    form, first = form_of(layer.cells), layer.cells[0].index
    outside: set[int] = set()
    for group in groups:
        for cell, start, stop in form[group[0].index - first].readings[0]:
            if cell < 0:
                outside.update(range(start, stop))
    return len(outside)


def _see_alike(a: Item, b: Item) -> bool:
    """Whether the groups of two layers see the same, however their windows are written."""
    x, y = a.aggregation, b.aggregation
    return x is not None and y is not None and x.sees == y.sees


# --- differences that no attribute tells


def _operations(a: Item, b: Item) -> tuple[str, str]:
    """The operations that only one of two layers has, beside its convolutions; or those of both,
    where they stand in another order.
    """
    before, after = _sequence(a), _sequence(b)
    lost, gained = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if before != after and not lost and not gained:
        return ", ".join(before), ", ".join(after)
    return ", ".join(lost.elements()), ", ".join(gained.elements())


def _sequence(layer: Item) -> list[str]:
    """The kinds of a layer's operations in order; its convolutions, and all between, as one."""
    kinds = [cell.node.kind for cell in _body(layer)]
    places = [i for i, cell in enumerate(_body(layer)) if cell.node.operation.linear]
    return [*kinds[: places[0]], "conv", *kinds[places[-1] + 1 :]] if places else kinds


def do_the_same(a: Item, b: Item) -> bool:
    """Whether two layers have no weights, and the same operations on one another."""
    if a.cost.params or b.cost.params:
        return False
    return _without_widths(a) == _without_widths(b)


def _without_widths(layer: Item) -> list[tuple[str, list[list[int]]]]:
    """Each operation with the operations of its layer that it reads; -1 for those outside."""
    return [
        (row.operation, [[cell for cell, _ in groupby(c for c, _, _ in r)] for r in row.readings])
        for row in form_of(layer.cells)
    ]


def _innermost(a: Item, b: Item) -> tuple[Attribute, ...]:
    """How the first operations differ that are not the same inside two layers of as many."""
    forms = form_of(a.cells), form_of(b.cells)
    first = next(i for i, (x, y) in enumerate(zip(*forms, strict=True)) if x != y)
    x, y = a.cells[first], b.cells[first]
    paths = _path_in(a, x), _path_in(b, y)
    name = paths[0] if paths[0] == paths[1] else f"operation {first + 1}"
    if x.node.kind != y.node.kind:
        return (Attribute(name, x.node.kind, y.node.kind),)
    before, after = _told(forms[0][first], x), _told(forms[1][first], y)
    return tuple(
        Attribute(f"{name}.{key}", before.get(key), after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    )


def _path_in(layer: Item, cell: Cell) -> str:
    return "/".join([*(scope.name for scope in cell.scopes[layer.depth :]), cell.node.name])


def _told(row: Row, cell: Cell) -> dict[str, str]:
    """The attributes of an operation, and the channels that it reads within its layer."""
    told = {trait.name: trait.value for trait in _of_cell(cell)}
    for number, reading in enumerate(row.readings, 1):
        runs = (f"{'in' if c < 0 else f'%{c}'}[{start}:{stop}]" for c, start, stop in reading)
        told[f"operand{number}"] = " ".join(runs)
    return told
