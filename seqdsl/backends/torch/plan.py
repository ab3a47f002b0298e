"""Which modules a network becomes, and what flows between them: the scope tree with its wiring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from seqdsl.graph.liveness import live
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Aggregate, Input
from seqdsl.graph.scope import Scope
from seqdsl.passes.schedule.joins import place_joins
from seqdsl.passes.schedule.widen import treat_alike, widen

Item: TypeAlias = "Node | Module"


@dataclass(slots=True, eq=False)
class Module:
    """One scope as a module.

    ``items`` are the operations and modules directly inside, in an order in which they can run;
    ``held`` are modules whose parameters one of those operations uses. ``inputs`` are the nodes
    that it reads from outside, ``outputs`` those of its own that are read outside, both as indices
    of ``network``.
    """

    scope: Scope
    network: Network
    held: list[Module] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    @property
    def children(self) -> list[Module]:
        return [*self.held, *(item for item in self.items if isinstance(item, Module))]

    def walk(self) -> Iterator[Module]:
        """This module and all inside, those around before those inside."""
        yield self
        for child in self.children:
            yield from child.walk()


def plan(network: Network) -> Module:
    """The tree of modules, down from the network itself.

    The closing softmax is left out, unless a further output reads it: a module gives the logits.
    """
    return _Planner(network, {}).root


def plan_widened(definition: Network, widened: Network) -> Module:
    """The tree of modules of a network whose aggregations are operations (`widen`).

    What the groups hold stands under their own scopes, as in the definition.
    """
    groups = {(m.scope.parent, m.scope.name): m for m in plan(definition).walk()}
    return _Planner(widened, groups).root


def lowered(network: Network, *, gathers: bool) -> Network:
    """The graph that an emitted module computes.

    Joins are placed where few values pass from module to module; each layer of groups is one
    operation, unless it ``gathers``.
    """
    return place_joins(treat_alike(network) if gathers else widen(network))


def planned(network: Network, *, gathers: bool) -> Module:
    """The tree of modules that is emitted for a network."""
    definition = lowered(network, gathers=True)
    return (
        plan(definition) if gathers else plan_widened(definition, lowered(network, gathers=False))
    )


class _Planner:
    def __init__(self, network: Network, groups: Mapping[tuple[Scope | None, str], Module]) -> None:
        self._network = network
        self._groups = groups
        self.root = Module(network.root, network)
        self._modules: dict[Scope, Module] = {network.root: self.root}
        self._needs: dict[Module, dict[Item, list[Item]]] = {}
        returned = [output.index for output in network.returned]
        kept = live(network.nodes, returned)
        nodes = [n for n in network.nodes if n.index in kept and not isinstance(n.operation, Input)]
        for node in nodes:
            self._place(node)
        for node in nodes:
            for operand in node.operands:
                self._connect(network.nodes[operand], node)
        for index in returned:
            for scope in network.nodes[index].scope.ancestry():
                if index not in self._modules[scope].outputs:
                    self._modules[scope].outputs.append(index)
        for module in self._modules.values():
            self._order(module)
        self.root.inputs = [network.input.index]
        self.root.outputs = returned

    def _place(self, node: Node) -> None:
        module = self._module(node.scope)
        module.items.append(node)
        if isinstance(node.operation, Aggregate):
            module.held += [self._groups[node.scope, name] for name in node.operation.groups]

    def _module(self, scope: Scope) -> Module:
        known = self._modules.get(scope)
        if known is None:
            assert scope.parent is not None
            known = self._modules[scope] = Module(scope, self._network)
            self._module(scope.parent).items.append(known)
        return known

    def _connect(self, source: Node, reader: Node) -> None:
        """Makes the source an output of the scopes that it leaves, and an input of those that it
        enters."""
        above_source, above_reader = list(source.scope.ancestry()), list(reader.scope.ancestry())
        common = set(above_source).intersection(above_reader)
        leaves = [self._modules[s] for s in above_source if s not in common and s in self._modules]
        enters = [self._modules[s] for s in above_reader if s not in common]
        for module in leaves:
            if source.index not in module.outputs:
                module.outputs.append(source.index)
        for module in enters:
            if source.index not in module.inputs:
                module.inputs.append(source.index)
        if isinstance(source.operation, Input):
            return
        meeting = self._modules[above_reader[len(enters)]]
        item_from: Item = leaves[-1] if leaves else source
        item_to: Item = enters[-1] if enters else reader
        self._needs.setdefault(meeting, {}).setdefault(item_to, []).append(item_from)

    def _order(self, module: Module) -> None:
        """Puts items behind what they need, and otherwise leaves them as they came."""
        needs = self._needs.get(module, {})
        ordered: dict[Item, None] = {}
        for item in module.items:
            stack = [item]
            while stack:
                assert len(stack) <= len(module.items), "a module reads what it gives"
                missing = [n for n in needs.get(stack[-1], ()) if n not in ordered]
                if missing:
                    stack.extend(missing)
                else:
                    ordered.setdefault(stack.pop())
        module.items = list(ordered)
        module.outputs.sort()
