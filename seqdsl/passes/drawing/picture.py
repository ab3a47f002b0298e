"""What a drawing of a network shows at each depth: boxes, the frames around them, and arrows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.costs import ZERO, Cost, total
from seqdsl.graph.network import Network, Output
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.tensor import TensorType, spell_shape
from seqdsl.passes.drawing.copies import Copies
from seqdsl.passes.drawing.facts import Facts
from seqdsl.passes.drawing.labels import Kind, label_of
from seqdsl.passes.drawing.panels import Panel, panels
from seqdsl.passes.drawing.placing import Depth, Placement, Unit
from seqdsl.passes.structure import Subject, scope_of, span_of
from seqdsl.source.frozen import frozen

# The channels of each node of a box; of one that a concatenation holds n times, by n as well.
Read: TypeAlias = dict[tuple[int, int], list[tuple[int, int]]]


@frozen
class Box:
    key: str  # its path: unique, and stable from one drawing to the next
    name: str
    lines: tuple[str, ...]  # what it does, below the name
    shape: str  # that leaves it
    kind: Kind
    frames: tuple[str, ...]  # the paths of the frames around it, the outermost first
    facts: Facts
    panel: Panel | None = None  # of a layer of groups, at group depth


@frozen
class Frame:
    key: str
    title: str
    facts: Facts


@frozen
class Arrow:
    source: str
    target: str
    shape: str  # of what flows; empty where another arrow from there says it
    shortcut: bool  # of an addition (`seqdsl.passes.drawing.shortcuts`)


@frozen
class Picture:
    title: str
    boxes: tuple[Box, ...]
    frames: dict[str, Frame]
    arrows: tuple[Arrow, ...]
    copies: Copies = Copies()  # which a box stands for

    @property
    def reach(self) -> int:
        """The rows of boxes that all arrows cross together, which a layout's time grows with."""
        rows: dict[str, int] = {}
        before: dict[str, list[str]] = {}
        for arrow in self.arrows:
            before.setdefault(arrow.target, []).append(arrow.source)
        for box in self.boxes:
            rows[box.key] = max((rows.get(s, 0) + 1 for s in before.get(box.key, ())), default=0)
        return sum(rows[arrow.target] - rows[arrow.source] for arrow in self.arrows)


def by_frame(boxes: Sequence[Box], level: int) -> dict[str | None, list[Box]]:
    """Boxes by the frame around them at a level, in order of first appearance; None for none."""
    found: dict[str | None, list[Box]] = {}
    for box in boxes:
        key = box.frames[level] if len(box.frames) > level else None
        found.setdefault(key, []).append(box)
    return found


class NoSuchPart(LookupError):
    """Nothing to draw has the path that was asked for."""


def picture(
    network: Network, depth: Depth, only: str | None = None, *, fold: bool | None = None
) -> Picture:
    """The picture of a network, or of the scope with the path ``only`` and what flows into it.

    With ``fold``, neighbouring copies are one; None leaves that to the depth. Raises NoSuchPart
    where nothing that is drawn has that path.
    """
    return _Painter(network, depth, only, depth.folds if fold is None else fold).picture()


class _Painter:
    def __init__(self, network: Network, depth: Depth, only: str | None, fold: bool) -> None:
        self._only = only
        self._network = network
        self._placement = Placement(network, depth, only, fold)
        self._depth = depth
        self._fold = fold
        self._inside: dict[Scope, list[Unit]] = {}
        for unit in self._placement.units.values():
            for scope in unit.around.ancestry():
                self._inside.setdefault(scope, []).append(unit)
        self._within: dict[Scope, set[int]] = {}  # the operations of each scope, by index
        for node in network.nodes:
            for scope in node.scope.ancestry():
                self._within.setdefault(scope, set()).add(node.index)
        self._known: dict[str, Frame] = {}

    def picture(self) -> Picture:
        units = self._placement.units
        shown = self._shown()
        inside = [unit for unit in units.values() if unit.key in shown]
        arrows = [arrow for unit in inside for arrow in self._arrows(unit)]
        if self._depth is Depth.NETWORK:
            plain = {(a.source, a.target) for a in arrows if not a.shortcut}
            arrows = [a for a in arrows if not a.shortcut or (a.source, a.target) not in plain]
        shown |= {arrow.source for arrow in arrows}
        found = panels(self._placement, inside) if self._depth is Depth.GROUP else {}
        order = [unit for unit in units.values() if unit.key in shown]
        boxes = tuple(self._box(unit, found.get(unit.key)) for unit in order)
        frames = {frame.key: frame for unit in order for frame in self._frames(unit)}
        for output in self._network.further:
            read = self._placement.reads(None, output.index)
            keys = dict.fromkeys(self._placement.of[index] for index, _, _ in read)
            makers = [key for key in keys if key in shown]
            if makers:
                box = self._output_box(output)
                boxes += (box,)
                arrows += [Arrow(key, box.key, "", shortcut=False) for key in makers]
        title = f"{self._network.name} {self._only or ''}".strip()
        return Picture(title, boxes, frames, tuple(_said_once(arrows)), self._placement.copies)

    def _shown(self) -> set[str]:
        units = self._placement.units
        if self._only is None:
            return set(units)
        inside = f"{self._only}/"
        shown = {
            unit.key
            for unit in units.values()
            if f"{unit.key}/".startswith(inside)
            or all(f"{node.path}/".startswith(inside) for node in unit.nodes)
        }
        if not shown:
            if any(f"{node.path}/".startswith(inside) for node in self._network.nodes):
                raise NoSuchPart(
                    f"{self._only!r} has no boxes at this depth ({self._depth.value}); take another"
                )
            raise NoSuchPart(f"{self._network.name} has no part {self._only!r}")
        return shown

    # --- arrows

    def _reads(self, nodes: Iterable[Node], own: Collection[str]) -> dict[tuple[str, bool], Read]:
        """What nodes read of boxes that are not their own, as shortcuts and else."""
        placement = self._placement
        found: dict[tuple[str, bool], Read] = {}
        for node in nodes:
            for position, operand in enumerate(node.operands):
                shortcut = (node.index, position) in placement.shortcuts
                for index, start, stop in placement.reads(node, operand):
                    source = placement.of[index]
                    if source is not None and source not in own:
                        read = found.setdefault((source, shortcut), {})
                        for maker, span in self._made(index, start, stop):
                            read.setdefault(maker, []).append(span)
        return found

    def _made(
        self, index: int, start: int, stop: int
    ) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Channels of a value as those of their makers: a concatenation and what it joins may both
        be read, and are the same channels.
        """
        before: dict[int, list[tuple[int, int]]] = {}
        tracing = self._placement.outline.tracing
        for maker, first, last in tracing.within(index, start, stop):
            spans = before.setdefault(self._face(maker), [])
            times = sum(low < last and first < high for low, high in spans)
            spans.append((first, last))
            yield (self._face(maker), times), (first, last)

    def _face(self, index: int) -> int:
        """Of a value that has two faces, raw and activated, the first in its box."""
        of, nodes = self._placement.of, self._network.nodes
        while nodes[index].operation.has_faces:
            if of[nodes[index].operands[0]] != of[index]:
                break
            index = nodes[index].operands[0]
        return index

    def _arrows(self, unit: Unit) -> Iterator[Arrow]:
        for (source, shortcut), read in self._reads(unit.nodes, {unit.key}).items():
            yield Arrow(source, unit.key, spell_shape(self._shape(read)), shortcut)

    def _shape(self, read: Read) -> tuple[int, ...]:
        """Of all that is read of one box."""
        channels = sum(stop - start for spans in read.values() for start, stop in _united(spans))
        (maker, _), *_ = read
        return (channels, *self._network.nodes[maker].type.spatial)

    # --- boxes and frames

    def _box(self, unit: Unit, panel: Panel | None) -> Box:
        label = label_of(self._placement, unit)
        frames = tuple(frame.key for frame in self._frames(unit))
        output = self._placement.output(unit)
        facts = self._facts(unit.key, label.detail, [unit], unit.subject, output)
        shape = spell_shape(output.shape)
        return Box(unit.key, label.name, label.lines, shape, label.kind, frames, facts, panel)

    def _facts(
        self, path: str, detail: str, units: Sequence[Unit], subject: Subject, output: TensorType
    ) -> Facts:
        nodes = [node for unit in units for node in unit.nodes]
        reads = self._reads(nodes, {unit.key for unit in units})
        return Facts(
            path,
            detail,
            tuple(self._shape(read) for (_, shortcut), read in reads.items() if not shortcut),
            output,
            self._ends(subject, nodes),
            total([self._cost(unit) for unit in units]),
            self._placement.copies.count(scope_of(subject)),
            span_of(subject),
            subject.kind if isinstance(subject, Scope) else None,
        )

    def _ends(self, subject: Subject, nodes: Sequence[Node]) -> tuple[int, ...]:
        """What of it is read from outside, or flows at the end; what it gives by name only where it
        gives nothing else.
        """
        inside = {node.index for node in nodes}
        match subject:
            case Scope() | Aggregation(whole=True):
                inside = self._within[scope_of(subject)]
            case Aggregation():
                inside = inside.union(*(self._within.get(g, ()) for g in subject.groups))
        readers = self._placement.outline.readers
        read = {i for i in inside if any(reader.index not in inside for reader in readers(i))}
        read |= inside & {self._network.output}
        named = inside & self._placement.outline.given
        return tuple(sorted(read or named or {max(inside)}))

    def _cost(self, unit: Unit) -> Cost:
        """Of all copies that it stands for."""
        cost = total([self._network.costs[node.index] for node in unit.nodes])
        return cost * self._placement.copies.count(unit.scope)

    def _output_box(self, output: Output) -> Box:
        node = self._network.nodes[output.index]
        key, name = f"output/{output.name}", f"output {output.name}"
        facts = Facts(key, "", (node.type.shape,), node.type, (node.index,), ZERO, 1, node.span)
        return Box(key, name, (), spell_shape(node.type.shape), Kind.OTHER, (), facts)

    def _frames(self, unit: Unit) -> list[Frame]:
        """The frames around a box, the outermost first."""
        around = [scope for scope in unit.around.ancestry() if scope.parent is not None]
        return [self._frame(scope) for scope in reversed(around)]

    def _frame(self, scope: Scope) -> Frame:
        key = self._placement.copies.path(scope)
        if key not in self._known:
            output = self._network.leaving[scope]
            facts = self._facts(key, "", self._inside[scope], scope, output)
            self._known[key] = Frame(key, self._title(scope), facts)
        return self._known[key]

    def _title(self, scope: Scope) -> str:
        """A scope's name; where copies are folded, how many it stands for, or which it is."""
        if not self._fold:
            return scope.name
        times = self._placement.copies.times(scope)
        if times > 1:
            return f"{scope.label} × {times}"
        if scope.repeat is not None and scope.repeat[1] > 1:
            return f"{scope.label} {scope.repeat[0]} of {scope.repeat[1]}"
        return scope.label


def _said_once(arrows: Sequence[Arrow]) -> Iterator[Arrow]:
    """Arrows of which the first of a box says a shape, and no shortcut does."""
    said: set[tuple[str, str]] = set()
    for arrow in arrows:
        call = (arrow.source, arrow.shape)
        yield replace(arrow, shape="") if arrow.shortcut or call in said else arrow
        if not arrow.shortcut:
            said.add(call)


def _united(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same channels, in as few spans as there can be."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found
