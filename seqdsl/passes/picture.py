"""What a drawing of a network shows at each depth: boxes, the frames around them, and arrows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network, Output
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.labels import Kind, label_of


class Depth(Enum):
    """The smallest thing that is a box."""

    NETWORK = "network"  # a stage; repeats folded
    BLOCK = "block"  # a layer, framed by its block, repeats folded (Figures 2 and 3)
    LAYER = "layer"  # a layer, nothing folded
    GROUP = "group"  # a group of a layer, with the window that it sees (Figure 1)


@dataclass(frozen=True, slots=True)
class Box:
    key: str  # its path: unique, and stable from one drawing to the next
    lines: tuple[str, ...]  # the first is its name
    kind: Kind
    frames: tuple[str, ...]  # the paths of the frames around it, the outermost first
    tooltip: str


@dataclass(frozen=True, slots=True)
class Frame:
    key: str
    title: str
    tooltip: str


@dataclass(frozen=True, slots=True)
class Arrow:
    source: str
    target: str
    text: str  # the channels that go over it, where they are not all
    shortcut: bool  # joins by addition


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    boxes: tuple[Box, ...]
    frames: dict[str, Frame]
    arrows: tuple[Arrow, ...]


Unit: TypeAlias = Scope | Node


def picture(network: Network, depth: Depth, only: str | None = None) -> Picture:
    """The picture of a network, or of the scope with the path ``only`` and what flows into it.

    Raises KeyError where no scope has that path.
    """
    return _Painter(network, depth, only).picture()


class _Painter:
    def __init__(self, network: Network, depth: Depth, only: str | None) -> None:
        self._network = network
        self._depth = depth
        self._only = only
        self._fold = depth in (Depth.NETWORK, Depth.BLOCK)
        self._keys: dict[Scope, str] = {}
        self._first: dict[tuple[str, str, int], str] = {}
        self._members: dict[str, list[Node]] = {}
        self._units: dict[str, Unit] = {}
        self._of: list[str | None] = []
        scopes = {scope for node in network.nodes for scope in node.scope.ancestry()}
        self._parents = {scope.parent for scope in scopes}
        self._aggregations = {s.parent for s in scopes if s.kind is ScopeKind.GROUP}
        for node in network.nodes:
            self._of.append(self._place(node))

    def picture(self) -> Picture:
        shown = self._shown()
        arrows = self._arrows(shown)
        if self._only is not None:
            outside = {a.source for a in arrows} - shown
            shown = shown | outside
        order = [key for key in self._members if key in shown]
        boxes = tuple(self._box(key) for key in order)
        frames = {f.key: f for key in order for f in self._frames(key)}
        for output in self._network.further:
            makers = dict.fromkeys(self._of[index] for index, _ in self._through(output.index))
            drawn = [key for key in makers if key is not None and key in shown]
            if drawn:
                box = self._output_box(output)
                boxes += (box,)
                arrows += [Arrow(key, box.key, "", shortcut=False) for key in drawn]
        title = f"{self._network.name} {self._only or ''}".strip()
        return Picture(title, boxes, frames, tuple(arrows))

    def _shown(self) -> set[str]:
        if self._only is None:
            return set(self._members)
        inside = f"{self._only}/"
        shown = {
            key
            for key, nodes in self._members.items()
            if any(f"{node.path}/".startswith(inside) for node in nodes)
        }
        if not shown:
            raise KeyError(self._only)
        return shown

    # --- units

    def _place(self, node: Node) -> str | None:
        """The key of the box that a node is drawn in; None where it is only passed through."""
        if self._is_transparent(node):
            return None
        unit = self._unit(node)
        key = self._key(unit)
        if isinstance(unit, Node) and isinstance(unit.operation, ops.Dropout):
            key = f"{self._scope_key(unit.scope)}/dropout@{unit.span.start}"  # one for all groups
        self._units.setdefault(key, unit)
        self._members.setdefault(key, []).append(node)
        return key

    def _is_transparent(self, node: Node) -> bool:
        match node.operation:
            case ops.Slice():
                return True
            case ops.Dropout():
                return self._depth is Depth.GROUP
            case ops.Concat():
                if self._depth in (Depth.NETWORK, Depth.GROUP):
                    return True
                if node.scope in self._aggregations:
                    return True  # a window, which the layer's box stands for
                makers = {self._of[source] for source, _ in self._sources(node)}
                return len(makers) == 1
            case _:
                return False

    def _unit(self, node: Node) -> Unit:
        scopes = list(node.scope.ancestry())[::-1]
        if self._depth is Depth.NETWORK:
            return scopes[1] if len(scopes) > 1 else node
        for scope in scopes:
            if scope.kind is ScopeKind.GROUP and scope.parent is not None:
                return scope if self._depth is Depth.GROUP else scope.parent
        inner = scopes[-1]
        is_layer = inner.kind is ScopeKind.BLOCK and not isinstance(node.operation, ops.Concat)
        return inner if is_layer and self._is_leaf(inner) else node

    def _is_leaf(self, scope: Scope) -> bool:
        """Whether a block holds operations alone, and so is a layer."""
        return scope not in self._parents

    def _key(self, unit: Unit) -> str:
        if isinstance(unit, Scope):
            return self._scope_key(unit)
        around = self._scope_key(unit.scope)
        return f"{around}/{unit.name}" if around else unit.name

    def _scope_key(self, scope: Scope) -> str:
        """A scope's path; with repeats folded, that of the first of them."""
        known = self._keys.get(scope)
        if known is not None:
            return known
        if scope.parent is None:
            key = ""
        else:
            around = self._scope_key(scope.parent)
            key = f"{around}/{scope.name}" if around else scope.name
            if self._fold and scope.repeat and scope.kind is ScopeKind.BLOCK:
                call = (around, scope.label, scope.span.start)
                key = self._first.setdefault(call, key)
        self._keys[scope] = key
        return key

    # --- arrows

    def _arrows(self, shown: set[str]) -> list[Arrow]:
        order = {key: position for position, key in enumerate(self._members)}
        found: dict[tuple[str, str], Arrow] = {}
        for node in self._network.nodes:
            target = self._of[node.index]
            if target is None or target not in shown:
                continue
            for position, operand in enumerate(node.operands):
                for source_index, text in self._through(operand):
                    source = self._of[source_index]
                    if source is None or order[source] >= order[target]:
                        continue
                    shortcut = isinstance(node.operation, ops.Add) and position > 0
                    known = found.get((source, target))
                    if known is None or (known.shortcut and not shortcut):
                        found[source, target] = Arrow(source, target, text, shortcut)
        return list(found.values())

    def _through(self, index: int) -> Iterator[tuple[int, str]]:
        """The drawn nodes that a value comes from, with the channels taken of each."""
        node = self._network.nodes[index]
        if self._of[index] is not None:
            yield index, ""
        else:
            yield from self._sources(node)

    def _sources(self, node: Node) -> Iterator[tuple[int, str]]:
        for operand in node.operands:
            source = self._network.nodes[operand]
            placed = operand < len(self._of) and self._of[operand] is not None
            if placed:
                text = ""
                if isinstance(node.operation, ops.Slice):
                    text = f"{node.operation.start}:{node.operation.stop}"
                yield operand, text if self._depth is Depth.GROUP else ""
            else:
                yield from self._sources(source)

    # --- boxes

    def _box(self, key: str) -> Box:
        unit, nodes = self._units[key], self._members[key]
        label = label_of(self._network, unit, self._first_of(key, nodes))
        scopes = [s for s in self._around(unit) if s.parent is not None]
        frames = tuple(self._scope_key(s) for s in reversed(scopes))
        return Box(key, label.lines, label.kind, frames, f"{key} ({unit.span})")

    def _output_box(self, output: Output) -> Box:
        shape = "x".join(map(str, self._network.nodes[output.index].type.shape))
        key = f"output/{output.name}"
        return Box(key, (f"output {output.name}", shape), Kind.OTHER, (), key)

    def _first_of(self, key: str, nodes: list[Node]) -> list[Node]:
        """A folded box tells of its first repeat."""
        unit = self._units[key]
        if isinstance(unit, Node) or not self._fold or self._depth is Depth.NETWORK:
            return nodes
        return [node for node in nodes if unit in node.scope.ancestry()]

    def _around(self, unit: Unit) -> Iterator[Scope]:
        scope = unit.scope if isinstance(unit, Node) else unit.parent
        if scope is not None:
            yield from scope.ancestry()

    def _frames(self, key: str) -> Iterator[Frame]:
        for scope in self._around(self._units[key]):
            if scope.parent is None:
                continue
            title = scope.label
            if scope.kind is ScopeKind.BLOCK and not self._fold:
                title = scope.name
            elif scope.repeat and scope.repeat[1] > 1:
                title = f"{scope.label} × {scope.repeat[1]}"
            yield Frame(self._scope_key(scope), title, f"{scope.path} ({scope.span})")
