"""What a module does step by step, and the numbers in which its likes differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from seqdsl.backends.torch.execution import Execution
from seqdsl.backends.torch.loops import (
    Grouped,
    Held,
    Loop,
    Shown,
    chained,
    chains,
    grouped,
    numbered,
)
from seqdsl.backends.torch.plan import Item, Module
from seqdsl.backends.torch.slots import Listed, Slot
from seqdsl.backends.torch.stateful import STATEFUL
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.tensor import TensorType

Role: TypeAlias = "int | str | tuple[object, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step of a module: ``part`` reads values and gives some, as indices of nodes."""

    key: str  # unique in the module
    part: Node | Module | Loop
    fixed: object  # equal for steps that share their lines
    slots: tuple[Slot, ...]
    reads: tuple[int, ...]
    gives: tuple[int, ...]
    roles: tuple[Role, ...] = (0,)  # what each value that it gives is
    ports: tuple[str, ...] = ()  # what each value that it reads is for, where some may be absent

    @property
    def modules(self) -> list[Module]:
        if isinstance(self.part, Loop):
            return self.part.modules
        return [self.part] if isinstance(self.part, Module) else []


@dataclass(frozen=True, slots=True)
class Call:
    """How a module is made: its class, a name of which is all that is compared here, and its
    arguments by the parameters' slots.
    """

    made: object
    arguments: tuple[Slot, ...]
    roles: tuple[Role, ...] = ()  # which of the class's outputs the module gives


def steps_of(module: Module, calls: Mapping[Module, Call], execution: Execution) -> list[Step]:
    """The steps of a module whose children have classes, in an order in which they can run."""
    return list(_Steps(module, calls, execution).all())


class _Steps:
    def __init__(self, module: Module, calls: Mapping[Module, Call], execution: Execution) -> None:
        self._module = module
        self._calls = calls
        self._execution = execution

    def all(self) -> Iterator[Step]:
        hidden: dict[Item, Loop] = {}
        for loop, computed in grouped(self._module):
            if self._alike(loop.modules):
                hidden.update(dict.fromkeys(computed, loop))
        items = [item for item in self._module.items if item not in hidden or item in
                 (hidden[item].modules[0],)]  # fmt: skip
        repeats = {m: self._calls[m] for m in items if isinstance(m, Module) and m not in hidden}
        for run in chains(items, repeats):
            found = chained(self._module, run)
            if found is not None:
                hidden.update(dict.fromkeys(run, found))
        done: set[Loop] = set()
        for item in items:
            around = hidden.get(item)
            if around is None:
                yield from self._step(item)
            elif around not in done:
                done.add(around)
                yield self._loop(around)

    def _alike(self, modules: Sequence[Module]) -> bool:
        """Whether modules have one class, and arguments that a loop can give."""
        calls = [self._calls[m] for m in modules]
        return len({call.made for call in calls}) == 1 and all(
            len({slot.value for slot in column}) == 1 or all(type(s.value) is int for s in column)
            for column in zip(*(call.arguments for call in calls), strict=True)
        )

    def _step(self, item: Item) -> Iterator[Step]:
        if isinstance(item, Module):
            call = self._calls[item]
            key = f"module {item.scope.name}"
            yield Step(key, item, call.made, call.arguments, tuple(item.inputs),
                       tuple(item.outputs), call.roles)  # fmt: skip
        elif isinstance(item.operation, ops.Aggregate):
            yield from self._aggregate(item, item.operation)
        elif not isinstance(item.operation, ops.Raw):  # a value of the aggregation before it
            slots = tuple(slots_of(item, self._module.network))
            fixed = fixed_of(item, self._module.network)
            yield Step(f"node {item.name}", item, fixed, slots, item.operands, (item.index,))

    def _aggregate(self, node: Node, operation: ops.Aggregate) -> Iterator[Step]:
        by_name = {m.scope.name: m for m in self._module.held}
        held = [by_name[name] for name in operation.groups]
        named = numbered(held)
        looped = named is not None and len(held) > 1 and self._alike(held)
        if looped and named is not None:
            yield self._loop(Loop(*named, held, Held(), [], []))
        else:
            for each in held:
                call = self._calls[each]
                yield Step(f"held {each.scope.name}", each, call.made, call.arguments, (), (), ())
        raw = next(
            (i for i in self._module.items if isinstance(i, Node)
             and isinstance(i.operation, ops.Raw) and i.operands == (node.index,)), None
        )  # fmt: skip
        starts = operation.starts
        even: tuple[Slot, ...] = ()
        steps = {after - before for before, after in pairwise(starts)}
        if looped and len(steps) == 1:
            (step,) = steps
            even = (Slot("start", starts[0], runs=True), Slot("width", step, runs=True))
        slots = (*(even or (Slot("starts", Listed(starts), runs=True),)),
                 Slot("n", len(held), runs=True),
                 Slot("block", self._execution.block(held[0]), runs=True))  # fmt: skip
        names = None if looped else tuple(operation.groups)
        fixed = (ops.Aggregate, len(even), names)
        gives = (node.index,) if raw is None else (node.index, raw.index)
        roles: tuple[Role, ...] = ("features", "raw")
        yield Step(f"node {node.name}", node, fixed, slots, node.operands, gives,
                   roles[: len(gives)], ("window", "part")[: len(node.operands)])  # fmt: skip

    def _loop(self, loop: Loop) -> Step:
        columns = zip(*(self._calls[m].arguments for m in loop.modules), strict=True)
        shapes: list[str] = []
        slots: list[Slot] = [Slot("n", loop.first + len(loop.modules) - 1, runs=True)]
        for column in columns:
            shape, of_column = _series(column)
            shapes.append(shape)
            slots += of_column
        form = loop.form
        roles: list[Role] = list(range(len(loop.outputs)))
        ports: tuple[str, ...] = ()
        fixed_form: object = form
        if isinstance(form, Grouped):
            slots += [Slot("n", form.pieces, runs=True), Slot("n", form.window.last, runs=True)]
            roles = [_role(position == form.features, shown) for position, shown in form.results]
            last = max((shown.last for _, shown in form.results if shown), default=0)
            slots.append(Slot("n", last, runs=True))
            ports = form.ports
            fixed_form = (form.pieces > 1, form.window.kind, form.window.offsets)
        made = self._calls[loop.modules[0]].made
        fixed = (type(form), loop.stem, loop.first, made, tuple(shapes), fixed_form)
        return Step(f"loop {loop.stem}{loop.first}", loop, fixed, tuple(slots),
                    tuple(loop.inputs), tuple(loop.outputs), tuple(roles), ports)  # fmt: skip


def _role(of_features: bool, shown: Shown | None) -> Role:
    if not of_features:
        return "raw"
    return "features" if shown is None else ("features", shown.kind, shown.offsets)


def _series(column: Sequence[Slot]) -> tuple[str, list[Slot]]:
    """One argument over the turns of a loop: the same, evenly rising, or a list of numbers."""
    first, values = column[0], [slot.value for slot in column]
    if len(set(values)) == 1:
        return "same", [replace(first, runs=False)]
    whole = [value for value in values if type(value) is int]
    if len(whole) == len(values):
        steps = {after - before for before, after in pairwise(whole)}
        if len(steps) == 1:
            return "rises", [replace(first, default=None), Slot("width", steps.pop())]
    return "listed", [replace(first, value=Listed(tuple(whole)), default=None)]


def slots_of(item: Node, network: Network) -> tuple[Slot, ...]:
    """The numbers of an operation: those that its constructor takes, or the ends of a slice."""
    operation = item.operation
    if isinstance(operation, ops.Slice):
        start, stop = operation.start, operation.stop
        return (Slot("start", start, runs=True), Slot("stop", stop, runs=True))
    held = STATEFUL.get(type(operation))
    return () if held is None else held.slots(operation, _read(item, network))


def fixed_of(node: Node, network: Network) -> object:
    """What of an operation must be the same in one class."""
    operation = node.operation
    if isinstance(operation, ops.Slice):
        return ops.Slice
    if isinstance(operation, ops.Concat):
        return (ops.Concat, len(node.operands))
    held = STATEFUL.get(type(operation))
    if held is None:  # what `forward` does without parameters has its numbers in it
        return operation
    return (type(operation), held.fixed(operation, _read(node, network)))


def _read(node: Node, network: Network) -> TensorType:
    return network.nodes[node.operands[0]].type


def is_stateful(node: Node) -> bool:
    """Whether an operation is a module, which has parameters."""
    return node.operation.has_parameters
