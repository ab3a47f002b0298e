"""What a drawing of a network shows at each depth: boxes, the frames around them, and arrows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from seqdsl.graph.network import Network, Output
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.passes.drawing.labels import Kind, label_of
from seqdsl.passes.drawing.outline import Aggregation, group_of
from seqdsl.passes.drawing.placing import Depth, Placement, Unit


@dataclass(frozen=True, slots=True)
class Box:
    key: str  # its path: unique, and stable from one drawing to the next
    lines: tuple[str, ...]  # the first is its name
    kind: Kind
    frames: tuple[str, ...]  # the paths of the frames around it, the outermost first
    tooltip: str
    parts: tuple[str, ...] = ()  # names of parts of its channels, where arrows leave these


@dataclass(frozen=True, slots=True)
class Frame:
    key: str
    title: str
    tooltip: str


@dataclass(frozen=True, slots=True)
class Arrow:
    source: str
    target: str
    part: int | None  # the part of its source that it leaves; None for all of it
    shortcut: bool  # of an addition (`seqdsl.passes.drawing.shortcuts`)


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    boxes: tuple[Box, ...]
    frames: dict[str, Frame]
    arrows: tuple[Arrow, ...]

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


class NoSuchPart(LookupError):
    """Nothing to draw has the path that was asked for."""


def picture(network: Network, depth: Depth, only: str | None = None) -> Picture:
    """The picture of a network, or of the scope with the path ``only`` and what flows into it.

    Raises NoSuchPart where nothing that is drawn has that path.
    """
    return _Painter(network, depth, only).picture()


@dataclass(slots=True)
class _Read:
    """What one box reads of another."""

    source: str
    target: str
    shortcut: bool
    channels: int  # of all that the source gives
    spans: list[tuple[int, int]]  # of those, the channels from and up to


_Cuts = dict[str, list[tuple[int, int]]]


class _Painter:
    def __init__(self, network: Network, depth: Depth, only: str | None) -> None:
        self._only = only
        self._network = network
        self._placement = Placement(network, depth, only)
        self._depth = depth
        self._starts: dict[str, dict[Scope | None, int]] = {}  # of the groups in a layer's box

    def picture(self) -> Picture:
        units = self._placement.units
        shown = self._shown()
        reads = [read for unit in units.values() if unit.key in shown for read in self._reads(unit)]
        cuts = self._cuts(reads) if self._depth is Depth.GROUP else {}
        arrows = list(self._arrows(reads, cuts))
        if self._depth is Depth.NETWORK:
            plain = {(a.source, a.target) for a in arrows if not a.shortcut}
            arrows = [a for a in arrows if not a.shortcut or (a.source, a.target) not in plain]
        shown |= {arrow.source for arrow in arrows}
        order = [unit for unit in units.values() if unit.key in shown]
        boxes = tuple(self._box(unit, cuts.get(unit.key, [])) for unit in order)
        frames = {frame.key: frame for unit in order for frame in self._frames(unit)}
        for output in self._network.further:
            read = self._placement.reads(None, output.index)
            keys = dict.fromkeys(self._placement.of[index] for index, _, _ in read)
            makers = [key for key in keys if key in shown]
            if makers:
                box = self._output_box(output)
                boxes += (box,)
                arrows += [Arrow(key, box.key, None, shortcut=False) for key in makers]
        title = f"{self._network.name} {self._only or ''}".strip()
        return Picture(title, boxes, frames, tuple(arrows))

    def _shown(self) -> set[str]:
        units = self._placement.units.values()
        if self._only is None:
            return {unit.key for unit in units}
        inside = f"{self._only}/"
        shown = {
            unit.key
            for unit in units
            if all(f"{node.path}/".startswith(inside) for node in unit.nodes)
        }
        if not shown:
            if any(f"{node.path}/".startswith(inside) for node in self._network.nodes):
                raise NoSuchPart(
                    f"{self._only!r} has no boxes at this depth ({self._depth.value}); take another"
                )
            raise NoSuchPart(f"{self._network.name} has no part {self._only!r}")
        return shown

    # --- arrows

    def _reads(self, unit: Unit) -> list[_Read]:
        nodes, placement = self._network.nodes, self._placement
        found: dict[tuple[str, bool], _Read] = {}
        for node in unit.nodes:
            for position, operand in enumerate(node.operands):
                shortcut = (node.index, position) in placement.shortcuts
                for index, start, stop in placement.reads(node, operand):
                    source = placement.of[index]
                    if source is None or source == unit.key:
                        continue
                    before, channels = self._place(source, nodes[index])
                    read = found.setdefault(
                        (source, shortcut), _Read(source, unit.key, shortcut, channels, [])
                    )
                    read.spans.append((before + start, before + stop))
        return list(found.values())

    def _place(self, key: str, node: Node) -> tuple[int, int]:
        """How many channels of a box come before those of a node, and how many there are."""
        group = group_of(node) if self._depth is Depth.GROUP else None
        if group is None or not isinstance(self._placement.units[key].subject, Aggregation):
            return 0, node.type.channels
        if key not in self._starts:
            nodes = self._placement.units[key].nodes
            widths = {g: n.type.channels for n in nodes if (g := group_of(n)) is not None}
            starts = accumulate(widths.values(), initial=0)
            self._starts[key] = dict(zip((*widths, None), starts, strict=True))
        return self._starts[key][group], self._starts[key][None]

    @staticmethod
    def _cuts(reads: Sequence[_Read]) -> _Cuts:
        """The parts that each box is read in, where it is read in parts."""
        edges: dict[str, set[int]] = {}
        for read in reads:
            known = edges.setdefault(read.source, {0, read.channels})
            for span in _united(read.spans):
                known.update(span)
        widths: dict[str, set[int]] = {}
        for read in reads:
            widths.setdefault(read.source, set()).add(read.channels)
        return {
            key: list(pairwise(sorted(found)))
            for key, found in edges.items()
            if len(found) > 2 and len(widths[key]) == 1
        }

    def _arrows(self, reads: Sequence[_Read], cuts: _Cuts) -> Iterator[Arrow]:
        """One arrow from a box to each of its readers, or from each part that a reader reads."""
        for read in reads:
            parts = cuts.get(read.source, [])
            spans = _united(read.spans)
            taken: list[int | None] = [
                part
                for part, (first, last) in enumerate(parts)
                if any(start <= first and last <= stop for start, stop in spans)
            ]
            # A group shows its window part by part; to others, all parts are the box.
            by_group = self._placement.units[read.target].group is not None
            in_one = len(taken) == len(parts) and not by_group
            for part in [None] if in_one or not taken else taken:
                yield Arrow(read.source, read.target, part, read.shortcut)

    # --- boxes and frames

    def _box(self, unit: Unit, cuts: list[tuple[int, int]]) -> Box:
        label = label_of(self._placement, unit)
        frames = tuple(frame.key for frame in self._frames(unit))
        same = len({stop - start for start, stop in cuts}) == 1
        parts = tuple(
            f"x{number}" if same else f"{start}:{stop}"
            for number, (start, stop) in enumerate(cuts, 1)
        )
        span = unit.subject.span
        return Box(unit.key, label.lines, label.kind, frames, f"{unit.key} ({span})", parts)

    def _output_box(self, output: Output) -> Box:
        shape = "x".join(map(str, self._network.nodes[output.index].type.shape))
        key = f"output/{output.name}"
        return Box(key, (f"output {output.name}", shape), Kind.OTHER, (), key, ())

    def _frames(self, unit: Unit) -> list[Frame]:
        """The frames around a box, the outermost first."""
        inner, layer = unit.around, None
        if unit.group is not None:
            layer = self._placement.outline.aggregation_in(unit.group)
            inner = layer.parent
        path = self._placement.copies.path
        frames = [
            Frame(path(scope), self._title(scope), f"{scope.path} ({scope.span})")
            for scope in inner.ancestry()
            if scope.parent is not None
        ][::-1]
        if layer is not None and not layer.whole:
            key = f"{path(inner)}/{layer.name}".lstrip("/")
            frames.append(Frame(key, layer.label, f"{key} ({layer.span})"))
        return frames

    def _title(self, scope: Scope) -> str:
        """A scope's name; where copies are folded, how many it stands for, or which it is."""
        if self._depth not in (Depth.NETWORK, Depth.BLOCK):
            return scope.name
        times = self._placement.copies.times(scope)
        if times > 1:
            return f"{scope.label} × {times}"
        if scope.repeat is not None and scope.repeat[1] > 1:
            return f"{scope.label} {scope.repeat[0]} of {scope.repeat[1]}"
        return scope.label


def _united(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same channels, in as few spans as there can be."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found
