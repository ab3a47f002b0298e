"""Writes a network as PyTorch source that stands alone: a class for each kind of scope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from textwrap import dedent

from seqdsl.backends.torch.classes import (
    Classes,
    ModuleClass,
    Value,
    classify,
    slots_of,
)
from seqdsl.backends.torch.execution import FASTEST, Execution, counters, runtime
from seqdsl.backends.torch.expressions import expression, literal
from seqdsl.backends.torch.habits import Habits, Method, habits_of
from seqdsl.backends.torch.plan import Module, last_uses, plan, plan_widened
from seqdsl.backends.torch.python_layout import lay_out
from seqdsl.graph import operations as ops
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import attribute_name
from seqdsl.graph.scope import ScopeKind
from seqdsl.passes.schedule.widen import widen

_IMPORTS = {"torch": "import torch", "F": "import torch.nn.functional as F"}  # where used
_TORCH = "from torch import Tensor, nn"


def torch_source(network: Network, execution: Execution = FASTEST) -> str:
    """Python source whose last class is the network; it imports torch alone.

    ``forward`` takes float ``[batch, channels, height, width]`` and gives the logits, or a tuple
    of the logits and the further outputs. The keys of ``state_dict()`` are those of
    `seqdsl.graph.parameters.layout`, in that order, whatever the execution.
    """
    root = plan(network) if execution.defines else plan_widened(network, widen(network))
    classes = classify(root)
    habits = habits_of(network, root)
    written = [
        _ClassWriter(classes, each, execution, habits if each.example is root else None).write()
        for each in classes.ordered
    ]
    imports, shared = _imports(written), []
    if any(module.held for module in root.walk()):
        imports, text = runtime(execution)
        shared.append(text)
    if habits.constructor:
        shared.append(counters())
    heading = f"{_heading(network)}\n\nfrom __future__ import annotations\n\n{imports}\n"
    return "\n\n".join([heading, *shared, *written])


def _imports(written: Sequence[str]) -> str:
    """What classes need of torch."""
    lines = [line for text in written for line in text.splitlines() if '"""' not in line]
    used = [
        statement
        for name, statement in _IMPORTS.items()
        if any(re.search(rf"(?<![.\w]){name}\.", line) for line in lines)
    ]
    return "\n".join([*used, _TORCH])


def network_class_name(source: str) -> str:
    """The class of the network in an emitted source: the last one."""
    return source.rsplit("\nclass ", 1)[1].split("(", 1)[0]


def _heading(network: Network) -> str:
    """The module's docstring, with nothing in it that could end it."""
    bound = ", ".join(f"{name}={value}" for name, value in network.parameters)
    title = _inert(f"{network.name}({bound}), written by seqdsl.")
    doc = dedent("\n".join(line.rstrip() for line in _inert(network.doc).split("\n"))).strip("\n")
    return f'"""{title}\n\n{doc}\n"""' if doc else f'"""{title}"""'


def _inert(text: str) -> str:
    """Text as part of a docstring: no quote, escape or control character stays itself."""
    return "".join(
        c if c == "\n" or (c.isprintable() and c not in "\"\\") else " " if c == "\t"
        else "'" if c == '"' else "/" if c == "\\" else "?" for c in text
    )  # fmt: skip


class _ClassWriter:
    """Writes one class from the module that stands for all its instances."""

    def __init__(
        self, classes: Classes, made: ModuleClass, execution: Execution, habits: Habits | None
    ) -> None:
        self._classes = classes
        self._habits = habits or Habits(methods=(Method(made.example),))
        self._made = made
        self._module = made.example
        self._network = self._module.network
        self._execution = execution
        self._filled = iter(made.filled)
        self._numbers: dict[Node | Module, list[str]] = {}
        for item in self._module.parts:
            values: tuple[Value, ...]
            if isinstance(item, Module):
                values = classes.arguments[item]
            else:
                values = tuple(slot.value for slot in slots_of(item, self._network))
            names = islice(self._filled, len(values))
            self._numbers[item] = [n or literal(v) for n, v in zip(names, values, strict=True)]

    def write(self) -> str:
        lines = [f"class {self._made.name}(nn.Module):", f"    {self._docstring()}", ""]
        body = [*self._constructor(), *self._habits.constructor]
        if body:
            typed = "".join(f", {name}: {self._type(name)}" for name in self._made.parameters)
            lines.append(f"    def __init__(self{typed}) -> None:")
            lines.extend(f"        {line}" for line in ["super().__init__()", *body])
            lines.append("")
        methods = [list(_Forward(m.module, self._execution).write(m)) for m in self._habits.methods]
        for method in [*methods, *self._habits.others]:
            lines += [*(f"    {line}" for line in method), ""]
        lines.pop()
        return "\n".join(piece for line in lines for piece in lay_out(line)) + "\n"

    def _docstring(self) -> str:
        scope = self._module.scope
        nodes = self._network.nodes
        enters = ", ".join(_shape(nodes[i]) for i in self._module.inputs)
        leaves = _repeated([_shape(nodes[i]) for i in self._module.outputs]) or "nothing read"
        path = scope.path or scope.name
        if scope.kind is ScopeKind.STAGE:
            what = f"Stage {path}"
        elif scope.kind is ScopeKind.NETWORK:
            what = f"{path}, {self._returned()}"
        else:
            what = f"`{scope.label}`, as in {path}"
        return f'"""{what}: {_repeated(enters.split(", "))} -> {leaves}."""'

    def _returned(self) -> str:
        """The outputs by their names, in the order in which `forward` gives them."""
        names = [output.name for output in self._network.returned]
        return ", ".join(names) if len(names) <= 4 else f"logits and {len(names) - 1} outputs"

    def _type(self, name: str) -> str:
        """The annotation of a constructor's parameter, from all its arguments."""
        position = self._made.parameters.index(name)
        rows = [
            self._classes.arguments[module][position]
            for module, made in self._classes.of.items()
            if made is self._made
        ]
        if any(isinstance(row, float) for row in rows):
            return "float"
        return "int" if all(_is_square(row) for row in rows) else "tuple[int, int] | int"

    def _constructor(self) -> Iterator[str]:
        for item in self._module.parts:
            numbers = self._numbers[item]
            if isinstance(item, Module):
                name = attribute_name(item.scope.name)
                yield f"self.{name} = {self._classes.of[item].name}({', '.join(numbers)})"
            else:
                yield from _stateful(item, numbers)


def _stateful(node: Node, numbers: list[str]) -> Iterator[str]:
    """The constructor lines of an operation that has parameters."""
    target = f"self.{attribute_name(node.name)}"
    match node.operation:
        case ops.Conv2d(bias=bias, init=init):
            channels, width, kernel, *rest = numbers
            defaults = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1"}
            options = [
                f"{name}={number}"
                for (name, default), number in zip(defaults.items(), rest, strict=True)
                if number != default
            ]
            arguments = ", ".join([channels, width, kernel, *options, f"bias={bias}"])
            yield f"{target} = nn.Conv2d({arguments})"
            yield from _initialise(target, init, bias)
        case ops.Linear(bias=bias, init=init):
            features, width = numbers
            yield f"{target} = nn.Linear({features}, {width}{'' if bias else ', bias=False'})"
            yield from _initialise(target, init, bias)
        case ops.BatchNorm():
            width, eps, momentum = numbers
            options = [width]
            if (eps, momentum) != ("1e-05", "0.1"):  # torch's own
                options += [f"eps={eps}", f"momentum={momentum}"]
            yield f"{target} = nn.BatchNorm2d({', '.join(options)})"
        case _:
            pass


def _initialise(target: str, init: ops.Init, bias: bool) -> Iterator[str]:
    """Section 4.2: He et al. for convolutions, zeros where a block starts as the identity."""
    match init:
        case ops.Init.HE:
            yield f'nn.init.kaiming_normal_({target}.weight, nonlinearity="relu")'
        case ops.Init.GLOROT:
            yield f"nn.init.xavier_uniform_({target}.weight)"
        case ops.Init.ZERO:
            yield f"nn.init.zeros_({target}.weight)"
    if bias:
        yield f"nn.init.zeros_({target}.bias)"


class _Forward:
    """Writes ``forward``: a line for each item, joins inside the lines that read them."""

    def __init__(self, module: Module, execution: Execution) -> None:
        self._network = module.network
        self._module = module
        self._execution = execution
        self._last = last_uses(module)
        self._readers: dict[int, int] = {}
        for item in module.items:
            for operand in item.inputs if isinstance(item, Module) else item.operands:
                self._readers[operand] = self._readers.get(operand, 0) + 1
        inputs = module.inputs
        names = ["x"] if len(inputs) == 1 else [f"x{i}" for i in range(1, len(inputs) + 1)]
        self._inputs = frozenset(names)
        # layers of groups run in channels_last, and all the rest faster beside them
        self._lays_out = any(each.held for each in module.walk())
        self._lengths: dict[str, int] = {}  # of each variable that is a tuple
        self._values = dict(zip(inputs, names, strict=True))

    def write(self, method: Method) -> Iterator[str]:
        parameters = ", ".join(f"{name}: Tensor" for name in self._values.values())
        result = "Tensor" if len(self._module.outputs) == 1 else "tuple[Tensor, ...]"
        yield f"def {method.name}(self, {parameters}{method.options}) -> {result}:"
        yield from (f"    {line}" for line in method.first)
        if self._module.scope.kind is ScopeKind.NETWORK and self._lays_out:
            (x,) = self._values.values()
            yield f"    {x} = {x}.contiguous(memory_format=torch.channels_last)"
        for position, item in enumerate(self._module.items):
            line = self._item(item, position)
            if line is not None:
                yield f"    {line}"
        values = [self._values[index] for index in self._module.outputs]
        yield f"    return {values[0] if len(values) == 1 else self._tuple(values)}"

    def _tuple(self, values: list[str]) -> str:
        parts = self._collapse(values)
        if len(parts) != 1:
            return f"({', '.join(parts)})"
        stem = parts[0].removeprefix("*")
        return stem if stem.isidentifier() else f"({parts[0]},)"

    def _item(self, item: Node | Module, position: int) -> str | None:
        if isinstance(item, Module):
            name = attribute_name(item.scope.name)
            operands = self._collapse([self._values[index] for index in item.inputs])
            call = f"self.{name}({', '.join(operands)})"
            if len(item.outputs) == 1:
                target = self._target(name, item.inputs, position)
                self._values[item.outputs[0]] = target
                return f"{target} = {call}"
            if not item.outputs:  # nothing reads it, and yet it is a part of the network
                return f"_ = {call}"
            target = self._fresh(name)
            self._lengths[target] = len(item.outputs)
            for element, index in enumerate(item.outputs):
                self._values[index] = f"{target}[{element}]"
            return f"{target} = {call}"
        if isinstance(item.operation, ops.Raw):
            return None  # a value of the aggregation before it
        operands = [self._values[index] for index in item.operands]
        if isinstance(item.operation, ops.Aggregate):
            return self._aggregate(item, item.operation, operands)
        if isinstance(item.operation, ops.Concat):
            operands = self._collapse(operands)
        text = expression(item, operands, self._network)
        inline = isinstance(item.operation, ops.Concat | ops.Slice)
        if inline and self._readers.get(item.index) == 1 and item.index not in self._module.outputs:
            self._values[item.index] = text
            return None
        if item.index not in self._readers and item.index not in self._module.outputs:
            return f"_ = {text}"
        target = self._target(item.name, list(item.operands), position)
        self._values[item.index] = target
        return f"{target} = {text}"

    def _aggregate(self, item: Node, aggregate: ops.Aggregate, operands: list[str]) -> str:
        groups = ", ".join(f"self.{attribute_name(name)}" for name in aggregate.groups)
        first = next(m for m in self._module.held if m.scope.name == aggregate.groups[0])
        block = self._execution.block(first)
        options = [f"starts={_sequence(aggregate.starts)}", f"block={block}"]
        faces = (
            i for i in self._module.items if isinstance(i, Node) and i.operands == (item.index,)
        )
        raw = next((i for i in faces if isinstance(i.operation, ops.Raw)), None)
        target = "_"
        if raw is not None:
            options.append("raw=True")
            target = self._values[raw.index] = self._fresh("raw")
        if self._execution.recompute:
            options.append("recompute=True")
        features = self._values[item.index] = self._fresh("features")
        arguments = ", ".join([f"[{groups}]", *operands, *options])
        return f"{target}, {features} = aggregate({arguments})"

    def _collapse(self, values: list[str]) -> list[str]:
        """Runs of a tuple's elements as ``*stem`` or a slice of it."""
        parts: list[str] = []
        position = 0
        while position < len(values):
            stem, index = _element(values[position])
            if stem not in self._lengths:
                parts.append(values[position])
                position += 1
                continue
            run = [index]
            for value in values[position + 1 :]:
                other, following = _element(value)
                step = run[1] - run[0] if len(run) > 1 else following - index
                if other != stem or step < 1 or following != run[-1] + step:
                    break
                run.append(following)
            if len(run) < min(3, self._lengths[stem]):
                run = run[:1]
            parts.append(_spell_run(stem, run, self._lengths[stem]))
            position += len(run)
        return parts

    def _target(self, name: str, operands: list[int], position: int) -> str:
        """The variable for a result: `x`, if nothing reads that any more, or one of its name."""
        first = self._values[operands[0]]
        if first in self._inputs and self._last[operands[0]] == position:
            return first
        return self._fresh(name)

    def _fresh(self, name: str) -> str:
        """A variable of a name that nothing else in the method has."""
        name = f"{name}_" if name in _RESERVED or attribute_name(name) != name else name
        while name in self._values.values() or name in self._lengths:
            name += "_"
        return name


def _element(value: str) -> tuple[str, int]:
    """``stem[3]`` taken apart; any other value is no element of anything."""
    stem, bracket, index = value.removesuffix("]").partition("[")
    return (stem, int(index)) if bracket and index.isdigit() else ("", 0)


def _spell_run(stem: str, run: list[int], length: int) -> str:
    if len(run) == 1:
        return f"{stem}[{run[0]}]"
    if len(run) == length:
        return f"*{stem}"
    step = run[1] - run[0]
    start = run[0] if run[0] else ""
    stop = run[-1] + 1 if run[-1] + step < length else ""
    return f"*{stem}[{start}:{stop}]" if step == 1 else f"*{stem}[{start}:{stop}:{step}]"


def _sequence(numbers: tuple[int, ...]) -> str:
    """``range(0, 64, 8)``, ``[0] * 8``, or the numbers as they are."""
    steps = {after - before for before, after in pairwise(numbers)}
    if len(numbers) > 2 and len(steps) == 1:
        (step,) = steps
        if step == 0:
            return f"[{numbers[0]}] * {len(numbers)}"
        if step > 0:
            return f"range({numbers[0]}, {numbers[-1] + step}, {step})"
    return f"[{', '.join(map(str, numbers))}]"


# What the source calls otherwise, and what is read as a digit.
_RESERVED = frozenset(
    {"self", "torch", "nn", "F", "Tensor", "aggregate", "defined", "range", "_", "l", "I", "O"}
)


def _is_square(value: Value) -> bool:
    return not isinstance(value, tuple) or value[0] == value[1]


def _shape(node: Node) -> str:
    return "x".join(map(str, node.type.shape))


def _repeated(shapes: list[str]) -> str:
    """``8 x [32x56x56]`` for eight of one shape."""
    if len(shapes) > 1 and len(set(shapes)) == 1:
        return f"{len(shapes)} x [{shapes[0]}]"
    return ", ".join(shapes) if len(shapes) <= 4 else f"{len(shapes)} tensors"
