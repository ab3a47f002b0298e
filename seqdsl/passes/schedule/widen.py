"""Rewrites a network so that each layer of groups is one operation over whole feature maps."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.graph import operations as ops
from seqdsl.graph.builder import Builder
from seqdsl.graph.contract import rewrite
from seqdsl.graph.network import Network, Output
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope
from seqdsl.graph.segment import Segment, cut, joined
from seqdsl.graph.tensor import TensorType
from seqdsl.graph.tracing import Tracing
from seqdsl.graph.verify import Invariant
from seqdsl.passes.schedule.layers import Layer, layers


def widen(network: Network) -> Network:
    """The network in training, with an `Aggregate` for each of its `layers`.

    Parts of one map that are treated alike are treated together. What the groups of a layer hold
    is no part of the result: it stands in the definition, under the scopes that it names.
    """
    return WIDEN(network)


def treat_alike(network: Network) -> Network:
    """The network in training, with parts of one map treated together that are treated alike."""
    return TREAT_ALIKE(network)


class _Widening:
    def __init__(self, network: Network, found: Sequence[Layer]) -> None:
        self._network = network
        self._last = {layer.groups[-1].features.index: layer for layer in found}
        self._hidden = {group.scope for layer in found for group in layer.groups}
        self._builder = Builder()
        # of each node, where its channels are in the new network
        self._places: list[tuple[Segment, ...]] = [() for _ in network.nodes]

    def run(self) -> Network:
        network = self._network
        for node in network.nodes:
            if not self._places[node.index]:
                self._place(node)
        further = tuple(
            Output(o.name, self._read(self._places[o.index], network.root)) for o in network.further
        )
        output = self._read(self._places[network.output], network.root)
        return Network(
            network.name, tuple(self._builder.nodes), output, network.root, network.leaving,
            parameters=network.parameters, doc=network.doc, further=further,
            calls=network.calls,
            aggregations=tuple(a.moved(lambda s: s, self._placed) for a in network.aggregations),
        )  # fmt: skip

    def _place(self, node: Node) -> None:
        layer = self._last.get(node.index)
        if layer is not None:
            self._aggregate(layer, node)
        elif any(scope in self._hidden for scope in node.scope.ancestry()):
            return  # a part of a layer that is placed as a whole, behind its last group
        else:
            self._places[node.index] = self._other(node)

    def _other(self, node: Node) -> tuple[Segment, ...]:
        operands = [self._places[i] for i in node.operands]
        handed_on = node.operation.routed(operands)
        if handed_on is not None:
            return handed_on
        match node.operation:
            case ops.Input():
                return self._all(self._builder.input(node.type, node.scope, node.span))
            case operation if operation.elementwise:
                alike = self._alike(node)
                read = joined(p for n in alike for p in self._places[n.operands[0]])
                index = self._add(node, operation, [self._read(read, node.scope)])
                offset = 0
                for each in alike:
                    end = offset + each.type.channels
                    self._places[each.index] = (Segment(index, offset, end),)
                    offset = end
                return self._places[node.index]
            case operation:
                reads = [self._read(operand, node.scope) for operand in operands]
                return self._all(self._add(node, operation, reads))

    def _alike(self, node: Node) -> list[Node]:
        """The node, and those behind it that do the same to the pieces of a map that follow."""
        found = [node]
        nodes = self._network.nodes
        for index in range(node.index + 1, len(nodes)):
            other = nodes[index]
            if other.operation != node.operation or other.scope is not node.scope:
                break
            before, after = (self._places[n.operands[0]] for n in (found[-1], other))
            if not after or other.type.spatial != node.type.spatial:
                break
            said_once = not self._hidden and other.span is node.span
            if len(joined((before[-1], after[0]))) != 1 and not said_once:
                break
            found.append(other)
        return found

    def _aggregate(self, layer: Layer, last: Node) -> None:
        scope = layer.aggregation.scope
        around = scope.parent if layer.aggregation.whole and scope.parent else scope
        operands = [self._read(self._placed(layer.x), around)]
        if layer.shortcut:
            operands.append(self._read(self._placed(layer.shortcut), around))
        names = tuple(group.scope.name for group in layer.groups)
        widths = tuple(group.k for group in layer.groups)
        type = TensorType(sum(widths), last.type.spatial, widths)
        operation = ops.Aggregate(names, layer.starts)
        add = self._builder.add
        features = add(operation, operands, type, scope, scope.span)
        raw = add(ops.Raw(), [features], type, scope, scope.span)
        offset = 0
        for group in layer.groups:
            end = offset + group.k
            self._places[group.features.index] = (Segment(features, offset, end),)
            self._places[group.raw.index] = (Segment(raw, offset, end),)
            offset = end

    def _placed(self, pieces: Sequence[Segment]) -> tuple[Segment, ...]:
        return joined(q for p in pieces for q in cut(self._places[p.node], p.start, p.stop))

    def _all(self, index: int) -> tuple[Segment, ...]:
        return (Segment(index, 0, self._builder.type_of(index).channels),)

    def _add(self, node: Node, operation: ops.Operation, operands: Sequence[int]) -> int:
        """A node under the name of one of the definition, whose parameters it has."""
        type = node.type
        if operation.elementwise:
            type = self._builder.type_of(operands[0])
        return self._builder.add(operation, operands, type, node.scope, node.span, node.name)

    def _read(self, pieces: Sequence[Segment], scope: Scope) -> int:
        """One value with these channels, for a reader in a scope."""
        values = [self._value(piece, scope) for piece in pieces]
        if len(values) == 1:
            return values[0]
        widths = tuple(piece.width for piece in pieces)
        type = TensorType(sum(widths), self._builder.type_of(values[0]).spatial, widths)
        return self._builder.add(ops.Concat(), values, type, scope, scope.span)

    def _value(self, piece: Segment, scope: Scope) -> int:
        type = self._builder.type_of(piece.node)
        if piece.width == type.channels:
            return piece.node
        part = TensorType(piece.width, type.spatial, (piece.width,))
        slice = ops.Slice(piece.start, piece.stop)
        return self._builder.add(slice, [piece.node], part, scope, scope.span)


# A raw face may be read by nothing, and what the groups hold is in the definition alone.
WIDENED = frozenset(
    {
        Invariant.SHAPES,
        Invariant.SCOPES,
        Invariant.PATHS,
        Invariant.LEAVING,
        Invariant.PARAMETERS,
    }
)
WIDEN = rewrite(
    "widening",
    lambda network: _Widening(network, layers(network, Tracing(network))).run(),
    keeps=WIDENED,
)
TREAT_ALIKE = rewrite("treating alike", lambda network: _Widening(network, ()).run(), keeps=WIDENED)
