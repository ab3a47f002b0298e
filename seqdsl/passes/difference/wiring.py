"""Which layers are the same in two networks, and read from layers that do not correspond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from seqdsl.passes.difference.cells import Run
from seqdsl.passes.difference.correspondence import Match
from seqdsl.passes.difference.outline import Item, Outline
from seqdsl.passes.difference.traits import Attribute, do_the_same


@dataclass(frozen=True, slots=True)
class Wire:
    """A layer of both networks, or an output, and what it reads in each."""

    before: Item | None
    after: Item | None
    reads: Attribute
    output: str = ""


@dataclass(frozen=True, slots=True)
class _Source:
    """Channels from ``start`` on of a cell, and the first cell to read them."""

    reader: int
    cell: int
    start: int
    width: int


# By cell, the number of its pair and its place there; -1 in layers that are no more than alike.
_Places: TypeAlias = dict[int, tuple[int, int]]


def rewired(a: Outline, b: Outline, matches: Sequence[Match]) -> list[Wire]:
    """The layers of equal items that read from layers which don't correspond; and the output.

    A layer that reads what only one network has is passed over: what was added or removed
    says that already.
    """
    pairs = [(m.before, m.after) for m in matches if m.before and m.after]
    wiring = _Wiring(a, b, pairs)
    wires: list[Wire] = []
    for x, y in pairs:
        if x.key == y.key:
            wires += wiring.compare(_inlets(x), _inlets(y))
        elif do_the_same(x, y):
            wires += wiring.compare_widened(_readings(x), _readings(y))
    for name in {**a.outputs, **b.outputs}:
        ours, theirs = _outlets(a.outputs.get(name, ())), _outlets(b.outputs.get(name, ()))
        wires += wiring.compare_outputs(f"output {name}".strip(), ours, theirs)
    if a.outputs.keys() == b.outputs.keys() and [*a.outputs] != [*b.outputs]:
        order = (", ".join(filter(None, names)) for names in (a.outputs, b.outputs))
        wires.append(Wire(None, None, Attribute("order", *order), "outputs"))
    return list({(wire.before, wire.output, wire.reads): wire for wire in wires}.values())


def _inlets(item: Item) -> list[_Source]:
    return [_Source(i.reader, i.cell, i.start, i.stop - i.start) for i in item.inlets]


def _readings(layer: Item) -> list[_Source]:
    """All that a layer reads from outside, as often as it does."""
    return [
        _Source(cell.index, run.cell, run.start, run.stop - run.start)
        for cell in layer.cells
        for operand in cell.operands
        for run in operand
        if run.cell < layer.cells[0].index
    ]


def _outlets(output: Sequence[Run]) -> list[_Source]:
    return [_Source(run.cell, run.cell, run.start, run.stop - run.start) for run in output]


class _Wiring:
    """Where the cells of two networks stand in what corresponds."""

    def __init__(self, a: Outline, b: Outline, pairs: Sequence[tuple[Item, Item]]) -> None:
        self._before: _Places = {}
        self._after: _Places = {}
        for number, (x, y) in enumerate(pairs):
            for item, places in ((x, self._before), (y, self._after)):
                for place, cell in enumerate(item.cells):
                    places[cell.index] = (number, place if x.key == y.key else -1)
        self._left, self._right = _Names(a), _Names(b)

    def compare(self, a: list[_Source], b: list[_Source]) -> Iterator[Wire]:
        """For layers that are the same: channel by channel."""
        for x, y in _pieces(a, b):
            here, there = self._before.get(x.cell), self._after.get(y.cell)
            if here is None or there is None:
                continue
            if here != there or (here[1] >= 0 and x.start != y.start):
                yield self._wire([x], [y])

    def compare_widened(self, a: list[_Source], b: list[_Source]) -> Iterator[Wire]:
        """For layers that do the same to unlike channels: whether those come from like layers."""
        here, there = _origins(a, self._before), _origins(b, self._after)
        if here is not None and there is not None and here != there:
            yield self._wire(a, b)

    def compare_outputs(self, name: str, a: list[_Source], b: list[_Source]) -> Iterator[Wire]:
        """For what the networks give: where only one of them gives it, or both give something
        else of layers that are the same.
        """
        here, there = _origins(a, self._before), _origins(b, self._after)
        if here and there:
            if here != there and all(place >= 0 for _, place, *_ in (*here, *there)):
                yield Wire(None, None, Attribute("reads", *self._names(a, b)), name)
        elif not (a and b):
            before, after = (
                names.path(x) or None for names, x in ((self._left, a), (self._right, b))
            )
            yield Wire(None, None, Attribute("reads", before, after), name)

    def _wire(self, a: Sequence[_Source], b: Sequence[_Source]) -> Wire:
        before, after = self._left.layers[a[0].reader], self._right.layers[b[0].reader]
        return Wire(before, after, Attribute("reads", *self._names(a, b)))

    def _names(self, a: Sequence[_Source], b: Sequence[_Source]) -> tuple[str, str]:
        names = (self._left.name(a), self._right.name(b))
        return names if names[0] != names[1] else (self._left.path(a), self._right.path(b))


def _origins(sources: list[_Source], places: _Places) -> list[tuple[int, ...]] | None:
    """Where channels come from, in order, and which they are of a layer that is the same.

    None where any come from what only one network has.
    """
    found: list[tuple[int, ...]] = []
    for source in sources:
        place = places.get(source.cell)
        if place is None:
            return None
        origin = (*place, source.start, source.width) if place[1] >= 0 else place
        if place[1] >= 0 or origin not in found:  # one that is only alike may come in more pieces
            found.append(origin)
    return found


def _pieces(a: list[_Source], b: list[_Source]) -> Iterator[tuple[_Source, _Source]]:
    """Two lists of channels side by side, cut where either of them is."""
    a, b = a[::-1], b[::-1]
    while a and b:
        x, y = a.pop(), b.pop()
        width = min(x.width, y.width)
        yield x, y
        for rest, one in ((a, x), (b, y)):
            if one.width > width:
                rest.append(_Source(one.reader, one.cell, one.start + width, one.width - width))


class _Names:
    """The layers of a network by their cells."""

    def __init__(self, network: Outline) -> None:
        self._cells = network.whole.cells
        self.layers = {c.index: layer for layer in network.whole.layers for c in layer.cells}

    def name(self, sources: Sequence[_Source]) -> str:
        return ", ".join(dict.fromkeys(self._name(source) for source in sources))

    def _name(self, source: _Source) -> str:
        """``conv``; or ``conv4: conv (batch_norm)``, an inner value of a layer elsewhere."""
        layer, node = self.layers[source.cell], self._cells[source.cell].node
        reader = self.layers[source.reader]
        stage = f"{layer.stage}: " if layer.stage not in ("", reader.stage) else ""
        inner = "" if node.operation == layer.cells[-1].node.operation else f" ({node.kind})"
        return f"{stage}{layer.name}{inner}"

    def path(self, sources: Sequence[_Source]) -> str:
        return ", ".join(self._cells[source.cell].node.path for source in sources)
