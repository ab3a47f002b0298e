"""A network as stages that hold blocks that hold layers, each with a key of its structure.

A layer is a layer of the paper (a whole SeqConv, or one convolution with its norm), or a single
operation where no block stands around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TypeAlias

from seqdsl.graph import operations as ops
from seqdsl.graph.aggregations import Aggregation, by_group
from seqdsl.graph.costs import Cost, total
from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.passes.difference.cells import Cell, Inlet, Run, cells_of, key_and_inlets


@dataclass(frozen=True, eq=False)
class Item:
    """A layer, or a stage or block with what it holds."""

    label: str  # the word of the source: residual, conv, max_pool
    path: tuple[str, ...]  # the labels from the stage down to its own; empty for a stage
    stage: str  # the stage that it is in, or its own path; empty outside of stages
    depth: int  # of the scopes inside it
    cells: tuple[Cell, ...]
    items: tuple[Item, ...]  # empty for a layer
    aggregation: Aggregation | None = None  # that the layer is

    @cached_property
    def _form(self) -> tuple[bytes, tuple[Inlet, ...]]:
        return key_and_inlets(self.cells)

    @property
    def key(self) -> bytes:
        """Equal for items of one structure, whatever they are called."""
        return self._form[0]

    @property
    def inlets(self) -> tuple[Inlet, ...]:
        return self._form[1]

    @property
    def name(self) -> str:
        """Its labels from the stage down: ``residual / wseqconv``."""
        return " / ".join(self.path)

    @cached_property
    def cost(self) -> Cost:
        return total([cell.cost for cell in self.cells])

    @cached_property
    def layers(self) -> tuple[Item, ...]:
        """The layers that it holds; itself where it is one."""
        return tuple(layer for item in self.items for layer in item.layers) or (self,)

    @cached_property
    def structures(self) -> Counter[bytes]:
        """The keys of the layers that it holds, and how many have each."""
        return Counter(layer.key for layer in self.layers)

    @cached_property
    def genera(self) -> Counter[str]:
        """What the layers that it holds are about, and how many of each."""
        return Counter(_genus(main_cell(layer).node.operation) for layer in self.layers)


@dataclass(frozen=True, eq=False)
class Outline:
    """A network's stages, and what stands outside of them."""

    whole: Item
    stages: tuple[Item, ...]
    loose: Item
    outputs: dict[str, tuple[Run, ...]]  # by their names; what flows at the end has none


def outline(network: Network) -> Outline:
    cells, outputs = cells_of(network)
    items = tuple(_Divider(by_group(network.aggregations)).items(cells, 1, (), ""))
    stages = tuple(item for item in items if item.stage)
    outside = tuple(item for item in items if not item.stage)
    held = tuple(cell for item in outside for cell in item.cells)
    return Outline(
        Item(network.name, (), "", 1, tuple(cells), items),
        stages,
        Item("", (), "", 1, held, outside),
        outputs,
    )


def same(a: Outline, b: Outline) -> bool:
    """Whether two networks are one but for names and spelling."""
    return a.whole.key == b.whole.key and [*a.outputs.items()] == [*b.outputs.items()]


def without_stages(network: Outline) -> Outline:
    """The same network with all that its stages hold outside of them."""
    whole = network.whole
    items = tuple(
        inner for item in whole.items for inner in (item.items if item.stage else (item,))
    )
    return Outline(whole, (), Item("", (), "", 1, whole.cells, items), network.outputs)


def main_cell(layer: Item) -> Cell:
    """The cell that a layer is about: the convolution of a convolution with its norm."""
    for kinds in _RANKED:
        for cell in layer.cells:
            if cell.node.operation.family in kinds:
                return cell
    return layer.cells[0]


def _genus(operation: ops.Operation) -> str:
    return "pool" if operation.family is ops.Family.POOL else type(operation).__name__


_RANKED = (
    {ops.Family.CONVOLUTION},
    {ops.Family.LINEAR},
    {ops.Family.POOL},
    {ops.Family.SUM, ops.Family.COMBINATION},
)


_Owner: TypeAlias = Scope | Cell | Aggregation


class _Divider:
    """Divides cells among blocks and layers; ``aggregations`` are by their groups."""

    def __init__(self, aggregations: Mapping[Scope, Aggregation]) -> None:
        self._aggregations = aggregations

    def items(
        self, cells: Sequence[Cell], depth: int, path: tuple[str, ...], stage: str
    ) -> Iterator[Item]:
        """What neighbouring cells make up, by the scopes at a depth."""
        for owner, members in groupby(self._owned(cells, depth), key=lambda pair: pair[0]):
            inside = tuple(cell for _, cell in members)
            if isinstance(owner, Aggregation):
                label = "aggregate"
                yield Item(label, (*path, label), stage, depth, inside, (), owner)
                continue
            if isinstance(owner, Cell):
                label = owner.node.kind
                yield Item(label, (*path, label), stage, depth, inside, ())
                continue
            if owner.kind is ScopeKind.STAGE and not path and not stage:
                held = tuple(self.items(inside, depth + 1, (), owner.path))
                yield Item(owner.label, (), owner.path, depth + 1, inside, held)
                continue
            owners = {inner for inner, _ in self._owned(inside, depth + 1)}
            layer = _is_layer(owners)
            if len(owners) == 1 and not layer:  # a block around one layer says nothing of its own
                yield from self.items(inside, depth + 1, path, stage)
                continue
            below = (*path, owner.label)
            held = () if layer else tuple(self.items(inside, depth + 1, below, stage))
            only = next((each for each in owners if isinstance(each, Aggregation)), None)
            aggregation = only if layer else None
            yield Item(owner.label, below, stage, depth + 1, inside, held, aggregation)

    def _owned(self, cells: Sequence[Cell], depth: int) -> Iterator[tuple[_Owner, Cell]]:
        """Each cell with what it counts for: a scope, an aggregation, or itself."""
        for cell in cells:
            if depth < len(cell.scopes):
                scope = cell.scopes[depth]
                yield self._aggregations.get(scope, scope), cell
            else:
                yield cell, cell


def _is_layer(owners: Set[_Owner]) -> bool:
    """Whether what a block holds is one layer: one aggregation, or one convolution at most, with
    the operations beside it.
    """
    if any(isinstance(owner, Scope) for owner in owners):
        return False
    weighted = [o for o in owners if isinstance(o, Cell) and o.node.operation.linear]
    aggregations = [owner for owner in owners if isinstance(owner, Aggregation)]
    return len(weighted) + len(aggregations) <= 1
