"""Modules of one block share one class: what differs between them becomes its parameters."""

from __future__ import annotations

import builtins
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from seqdsl.backends.torch.execution import Execution
from seqdsl.backends.torch.loops import Chained, Loop
from seqdsl.backends.torch.parameters import Number, Parameter, abstracted
from seqdsl.backends.torch.plan import Module
from seqdsl.backends.torch.shapes import Shape, embeds, missing_of, returned_alone, shape_of
from seqdsl.backends.torch.slots import Slot, Value
from seqdsl.backends.torch.stateful import STATEFUL
from seqdsl.backends.torch.steps import Call, Step, is_stateful, steps_of
from seqdsl.graph.calls import Argument
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import attribute_name
from seqdsl.graph.scope import ScopeKind

MAX_PARAMETERS = 8  # a class with more is several classes
MAX_OPTIONAL = 3  # steps that only some modules of a class have


@dataclass(slots=True, eq=False)
class ModuleClass:
    """A class of the emitted source, written from the largest of its modules.

    ``numbers`` are what fills the slots of each step. ``optional`` steps are left out where a
    parameter of that name is false, or where an input of that number is not given; an instance
    has ``required`` inputs at least. Where the parameter ``raw`` is false, the output ``alone`` is
    all that is given.
    """

    name: str
    example: Module
    steps: list[Step]
    modules: list[Module]
    parameters: tuple[Parameter, ...] = ()
    numbers: list[list[Number]] = field(default_factory=list)
    optional: dict[int, str | int] = field(default_factory=dict)
    required: int = 0
    raw: str = ""
    alone: int = -1

    def part(self, module: Module, steps: Sequence[Step]) -> ModuleClass:
        """Some of the steps, which run what ``module`` has, as a class of their own would."""
        chosen = set(steps)
        at = [position for position, step in enumerate(self.steps) if step in chosen]
        numbers = [self.numbers[position] for position in at]
        optional = {new: self.optional[old] for new, old in enumerate(at) if old in self.optional}
        return replace(self, example=module, steps=list(steps), numbers=numbers, optional=optional)

    @property
    def is_sequential(self) -> bool:
        """Whether its modules run one after another, and nothing besides."""
        flow = self.example.inputs
        for at, step in enumerate(self.steps):
            part = step.part
            known = is_module(step) or (isinstance(part, Loop) and isinstance(part.form, Chained))
            if not known or list(step.reads) != flow or len(step.gives) != 1:
                return False
            if self.raw or isinstance(self.optional.get(at), int) or _attributes_clash(step):
                return False
            flow = list(step.gives)
        return len(flow) == 1 and flow == self.example.outputs and len(self.example.inputs) == 1


@dataclass(slots=True)
class Classes:
    """The classes in the order in which they can be defined, and how every module is made."""

    execution: Execution
    ordered: list[ModuleClass] = field(default_factory=list)
    calls: dict[Module, Call] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)


def classify(root: Module, execution: Execution) -> Classes:
    """Gives every module a class, the innermost first."""
    classes = Classes(execution)
    for family in _families(root, classes):
        _Family(family, classes).define()
    return classes


def _families(root: Module, classes: Classes) -> Iterator[list[Module]]:
    """The modules of each block, once all that they hold have classes."""
    left: dict[object, list[Module]] = defaultdict(list)
    for module in root.walk():
        scope = module.scope
        left[scope.kind, "" if scope.kind is ScopeKind.STAGE else scope.label].append(module)
    while left:
        ready = {
            key: [m for m in modules if all(child in classes.calls for child in m.children)]
            for key, modules in left.items()
        }
        whole = [key for key, modules in ready.items() if len(modules) == len(left[key])]
        for key in whole or [next(key for key, modules in ready.items() if modules)]:
            yield ready[key]
            left[key] = [m for m in left[key] if m not in classes.calls]
            if not left[key]:
                del left[key]


class _Family:
    """Modules of one word of the source, in as few classes as their steps allow."""

    def __init__(self, modules: Sequence[Module], classes: Classes) -> None:
        self._classes = classes
        self._steps = {m: steps_of(m, classes.calls, classes.execution) for m in modules}
        self._shapes: dict[Shape, list[Module]] = defaultdict(list)
        for module in modules:
            self._shapes[shape_of(module, self._steps[module])].append(module)

    def define(self) -> None:
        """Makes classes: one for shapes of which each is another less some steps."""
        merged: list[tuple[Shape, list[Shape]]] = []
        for shape in sorted(
            self._shapes, key=lambda s: (-len(s.steps), -s.inputs, -len(s.outputs))
        ):
            for base, others in merged:
                if self._fits(shape, base, others):
                    others.append(shape)
                    break
            else:
                merged.append((shape, [shape]))
        for base, shapes in merged:
            self._define(base, shapes)

    def _fits(self, shape: Shape, base: Shape, others: Sequence[Shape]) -> bool:
        module = self._shapes[shape][0]
        kinds = (ScopeKind.BLOCK, ScopeKind.GROUP)
        if module.scope.kind not in kinds or not embeds(shape, base):
            return False
        missing = {key for each in (*others, shape) for key in missing_of(each, base)}
        alone = {at for each in (*others, shape) if (at := returned_alone(each, base)) is not None}
        return len(missing) <= MAX_OPTIONAL and len(alone) <= 1

    def _define(self, base: Shape, shapes: Sequence[Shape]) -> None:
        modules = [m for m in self._steps if shape_of(m, self._steps[m]) in shapes]
        shapes_of = {m: shape_of(m, self._steps[m]) for m in modules}
        example = self._shapes[base][0]
        steps = self._steps[example]
        taken = frozenset(_attributes(steps)) | _RESERVED
        optional, flags = self._optional(base, shapes, steps)
        rows = []
        for module in modules:
            own = {step.key: step for step in self._steps[module]}
            row: list[Slot] = []
            for step in steps:
                if step.key in own:
                    row += own[step.key].slots
                else:
                    row += [Slot(s.name, None, s.default, s.runs, s.kind) for s in step.slots]
            missing = missing_of(shapes_of[module], base)
            row += [
                Slot(name, steps[at].key not in missing, True, True, f"flag {name}")
                for at, name in flags.items()
            ]
            if any(len(each.outputs) < len(base.outputs) for each in shapes):
                gives_all = len(module.outputs) == len(base.outputs)
                row.append(Slot("raw", gives_all, False, True, "flag raw"))
            rows.append(row)
        parameters, numbers, arguments = abstracted(
            rows, taken, [self._arguments(m) for m in modules]
        )
        if len(parameters) > MAX_PARAMETERS and len(modules) > 1:
            apart: dict[tuple[Slot, ...], list[Module]] = defaultdict(list)
            for module, row in zip(modules, rows, strict=True):
                apart[tuple(row)].append(module)
            if len(apart) > 1:
                for same in apart.values():
                    self._define_alike(same)
                return
        made = ModuleClass(self._name(modules), example, steps, modules, parameters)
        given = iter(numbers)
        made.numbers = [[next(given) for _ in step.slots] for step in steps]
        for at in flags:
            made.optional[at] = next(given).parameter
        for number in given:
            made.raw = number.parameter
            alone = (returned_alone(each, base) for each in shapes)
            made.alone = next(at for at in alone if at is not None)
        made.optional.update(optional)
        made.required = min(len(module.inputs) for module in modules)
        self._add(made, arguments)

    def _define_alike(self, modules: list[Module]) -> None:
        steps = self._steps[modules[0]]
        made = ModuleClass(self._name(modules), modules[0], steps, modules)
        made.numbers = [[Number(slot.value) for slot in step.slots] for step in steps]
        made.required = len(modules[0].inputs)
        self._add(made, [()] * len(modules))

    def _add(self, made: ModuleClass, rows: Sequence[tuple[Value, ...]]) -> None:
        self._classes.ordered.append(made)
        for module, row in zip(made.modules, rows, strict=True):
            slots = tuple(
                Slot(p.name, value, p.default, kind=p.kind)
                for p, value in zip(made.parameters, row, strict=True)
            )
            every = len(module.outputs) == len(made.example.outputs)
            roles = tuple(range(len(module.outputs))) if every else (made.alone,)
            self._classes.calls[module] = Call(made, slots, roles)

    def _optional(
        self, base: Shape, shapes: Sequence[Shape], steps: Sequence[Step]
    ) -> tuple[dict[int, int], dict[int, str]]:
        """The steps that some modules lack: those by an input that is not given, and others."""
        by_input: dict[int, int] = {}
        flags: dict[int, str] = {}
        for at, (key, _, reads, *_) in enumerate(base.steps):
            lacking = [s for s in shapes if key in missing_of(s, base)]
            if not lacking:
                continue
            numbers = [i for name, i in reads if not name and isinstance(i, int)]
            needs = [i for i in numbers if all(i >= s.inputs for s in lacking)]
            having = [s for s in shapes if s not in lacking]
            if needs and all(s.inputs > needs[0] for s in having):
                by_input[at] = needs[0]
            else:
                flags[at] = _flag(steps[at])
        return by_input, flags

    def _arguments(self, module: Module) -> Mapping[str, Argument]:
        call = module.network.calls.get(module.scope)
        return {} if call is None else call.arguments

    def _name(self, modules: Sequence[Module]) -> str:
        labels = {module.scope.label for module in modules}
        label = labels.pop() if len(labels) == 1 else "stage"
        return _class_name(label, self._classes.names)


def _flag(step: Step) -> str:
    """The name of the parameter that leaves a step out."""
    name = attribute_name(step.key.split(" ", 1)[1])
    return name.rstrip("0123456789") or name


def _attributes(steps: Sequence[Step]) -> Iterator[str]:
    """The names of what a class of these steps holds."""
    for step in steps:
        if isinstance(step.part, Node) and is_stateful(step.part):
            yield attribute_name(step.part.name)
        for module in step.modules:
            yield attribute_name(module.scope.name)


def is_module(step: Step) -> bool:
    """Whether a step calls one module of this class."""
    part = step.part
    if isinstance(part, Node):
        held = STATEFUL.get(type(part.operation))
        return held is not None and held.alone
    return step.key.startswith("module ")


def _attributes_clash(step: Step) -> bool:
    return not _SEQUENTIAL.isdisjoint(_attributes([step]))


def _class_name(label: str, names: dict[str, int]) -> str:
    stem = "".join(part[:1].upper() + part[1:] for part in label.split("_")) or "Block"
    if stem[0].isdigit():
        stem = f"Block{stem}"
    if stem in _TAKEN:
        stem += "Block"
    count = names[stem] = names.get(stem, 0) + 1
    return stem if count == 1 else f"{stem}_{count}"


# What the source calls otherwise, Python's own, and what is read as a digit.
_TAKEN = frozenset(
    {"F", "Tensor", "I", "O"}
    | {"AbstractContextManager", "Any", "Callable", "Iterator", "NamedTuple", "Sequence"}
    | {name for name in dir(builtins) if name[0].isupper()}
)
# What a constructor reads, and what a module has.
_RESERVED = frozenset(
    {"self", "i", "init", "nn", "range", "setattr", "torch", "F", "Tensor", "super", "training"}
)
# What `nn.Sequential` has and other modules have not.
_SEQUENTIAL = frozenset({"append", "extend", "insert", "pop"})
