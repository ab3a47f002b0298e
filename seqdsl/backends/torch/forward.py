"""Writes ``forward``: a line for each step, joins inside the lines that read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from seqdsl.backends.torch.classes import ModuleClass
from seqdsl.backends.torch.execution import Execution
from seqdsl.backends.torch.expressions import expression, nests
from seqdsl.backends.torch.habits import Method
from seqdsl.backends.torch.loop_lines import LoopLines
from seqdsl.backends.torch.loops import Chained, Grouped, Held, Loop
from seqdsl.backends.torch.parameters import Number
from seqdsl.backends.torch.plan import Module
from seqdsl.backends.torch.steps import Step
from seqdsl.backends.torch.variables import Variables
from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import attribute_name


class Forward:
    """A method of one class; ``kept`` are the parameters of the constructor that it reads."""

    def __init__(
        self, whole: ModuleClass, execution: Execution, laid_out: bool, method: Method
    ) -> None:
        self._method = method
        self._made = made = whole.part(method.module, method.steps)
        self._module = made.example
        self._execution = execution
        self._laid_out = laid_out
        self._variables = Variables(made)
        self._loops = LoopLines(made, self._variables, whole.steps)

    @property
    def kept(self) -> list[str]:
        return self._variables.kept

    def write(self) -> Iterator[str]:
        module, required = self._module, self._made.required
        parameters = ", ".join(
            f"{name}: Tensor" if i < required else f"{name}: Tensor | None = None"
            for i, name in enumerate(self._variables.values.values())
        )
        result = "Tensor" if len(module.outputs) == 1 else "tuple[Tensor, ...]"
        if self._made.raw:
            result = "Tensor | tuple"
        options = self._method.options
        yield f"def {self._method.name}(self, {parameters}{options}) -> {result}:"
        yield from (f"    {line}" for line in self._method.first)
        if self._laid_out and module.inputs == [module.network.input.index]:
            yield "    x = x.contiguous(memory_format=torch.channels_last)"
        lines = [line for at, step in enumerate(self._made.steps) for line in self._step(at, step)]
        given = self._given()
        targets, equals, last = lines[-1].partition(" = ") if lines else ("", "", "")
        if equals and given in (targets, f"({targets})"):
            given = last
            lines.pop()
        yield from (f"    {line}" for line in lines)
        yield f"    return {given}"

    def _given(self) -> str:
        outputs, made = self._module.outputs, self._made
        if made.steps and self._varies(made.steps[-1]):
            return self._variables.values[outputs[0]]  # one of two calls, or both
        values = [self._variables.values[index] for index in outputs]
        given = values[0] if len(values) == 1 else f"({', '.join(values)})"
        return (
            f"{given} if {self._variables.keep(made.raw)} else {values[made.alone]}"
            if made.raw
            else given
        )

    def _varies(self, step: Step) -> bool:
        """Whether a step is a call that gives one value or two, as this module does."""
        return bool(self._made.raw) and isinstance(step.part, Module) and len(step.gives) == 2

    def _step(self, at: int, step: Step) -> Iterator[str]:
        part = step.part
        if isinstance(part, Loop):
            if isinstance(part.form, Grouped):
                yield from self._loops.grouped(at, step, part, part.form)
            elif isinstance(part.form, Chained):
                yield from self._loops.chained(at, step, part, part.form)
        elif isinstance(part, Module):
            if step.key.startswith("module "):
                yield from filter(None, [self._call(at, step, part)])
        elif isinstance(part.operation, ops.Aggregate):
            yield self._aggregate(at, step, part)
        else:
            yield from self._operation(at, step, part)

    def _call(self, at: int, step: Step, module: Module) -> str | None:
        name = attribute_name(module.scope.name)
        operands = [self._variables.values[index] for index in step.reads]
        text = f"self.{name}({', '.join(operands)})"
        if not step.gives:  # nothing reads it, and yet it is a part of the network
            return f"_ = {text}"
        if self._varies(step):
            target = self._variables.target(name, step.reads, at)
            self._variables.values.update(dict.fromkeys(step.gives, target))
            return f"{target} = {text}"
        if self._nests(at, step, text):
            self._variables.nest(step.gives[0], text, step.reads, at)
            return None
        return f"{', '.join(self._targets(at, step, name))} = {self._where(at, text, operands)}"

    def _nests(self, at: int, step: Step, text: str) -> bool:
        """Whether the next line reads what a step gives, once, and nothing else does."""
        after = self._made.steps[at + 1 : at + 3]
        if (
            len(step.gives) != 1
            or not nests(text)
            or not self._variables.is_read_once(step.gives[0])
        ):
            return False
        for position, (before, reader) in enumerate(pairwise([step, *after]), at):
            part = reader.part
            if isinstance(part, Loop) or before.gives[0] not in reader.reads:
                return False
            if not {position, position + 1}.isdisjoint(self._made.optional):
                return False
            if not isinstance(part, Node) or not isinstance(part.operation, _INLINE):
                if isinstance(part, Module):
                    return True
                return not self._is_inner(part) and (_is_call(text) or self._is_argument(part))
            if not self._variables.is_read_once(part.index):
                break
        return False

    def _is_inner(self, reader: Node) -> bool:
        """Whether an operation calls a method of its operand within another call."""
        if isinstance(reader.operation, ops.Aggregate):
            return False
        operands = ["x"] * len(reader.operands)
        return re.search(r"\w\(x\.", expression(reader, operands, self._module.network)) is not None

    def _is_argument(self, reader: Node) -> bool:
        """Whether an operation is a call whose argument is its operand as that is."""
        operands = ["x"] * len(reader.operands)
        if isinstance(reader.operation, ops.Aggregate):
            return True
        text = expression(reader, operands, self._module.network)
        return re.search(r"\w\(x[,)]", text) is not None

    def _targets(self, at: int, step: Step, name: str) -> list[str]:
        """The variables for what a step gives, each known as such from here on."""
        gives = step.gives
        if len(gives) == 1:
            self._variables.values[gives[0]] = target = self._variables.target(name, step.reads, at)
            return [target]
        raw = self._variables.raw_of(gives)
        if raw is None:
            name = self._variables.fresh(name)
            self._variables.values.update((index, f"{name}[{i}]") for i, index in enumerate(gives))
            return [name]
        self._variables.values[gives[raw]] = self._variables.fresh("raw")
        self._variables.values[gives[1 - raw]] = self._variables.target(name, step.reads, at)
        return [self._variables.values[index] for index in gives]

    def _operation(self, at: int, step: Step, node: Node) -> Iterator[str]:
        operands = [self._variables.values[index] for index in step.reads]
        if isinstance(node.operation, ops.Slice):
            start, stop = (self._variables.text(number) for number in self._made.numbers[at])
            text = f"{operands[0]}[:, {start}:{stop}]"
        else:
            text = expression(node, operands, self._module.network)
        inline = isinstance(node.operation, _INLINE)
        is_output = node.index in self._module.outputs
        if (
            inline
            and self._variables.is_read_once(node.index)
            and not (is_output and self._made.raw)
            and at not in self._made.optional
        ):
            self._variables.values[node.index] = text
            return
        if not self._variables.is_read(node.index):
            yield f"_ = {text}"
            return
        if self._nests(at, step, text):
            self._variables.nest(node.index, text, step.reads, at)
            return
        text = self._where(at, text, operands)
        (target,) = self._targets(at, step, node.name)
        yield f"{target} = {text}"

    def _where(self, at: int, text: str, operands: Sequence[str]) -> str:
        """An expression, or what flows on where the instance lacks its step."""
        condition = self._made.optional.get(at)
        if condition is None:
            return text
        if isinstance(condition, int):
            name = self._variables.arguments[condition]
            return f"{text} if {name} is not None else {operands[0]}"
        return f"{text} if {self._variables.keep(condition)} else {operands[0]}"

    def _aggregate(self, at: int, step: Step, node: Node) -> str:
        operation = node.operation
        assert isinstance(operation, ops.Aggregate)
        *starts, count, block = self._made.numbers[at]
        loop = next(
            (s.part for s in self._made.steps if isinstance(s.part, Loop)
             and isinstance(s.part.form, Held)
             and s.part.modules[0].scope.name == operation.groups[0]), None
        )  # fmt: skip
        if loop is None:
            groups = f"[{', '.join(f'self.{attribute_name(name)}' for name in operation.groups)}]"
        elif self._loops.holds_only(loop):
            groups = "list(self.children())"
        else:
            where = next(i for i, s in enumerate(self._made.steps) if s.part is loop)
            groups = f"[*{self._loops.members(where, loop)}]"
        options = [f"starts={self._starts(starts, count)}", f"block={self._variables.text(block)}"]
        if len(step.gives) > 1:
            options.append(
                f"raw={self._variables.keep(self._made.raw) if self._made.raw else True}"
            )
        if self._execution.recompute:
            options.append("recompute=True")
        features = self._variables.fresh("features")
        raw = "_" if len(step.gives) == 1 else self._variables.fresh("raw")
        operands = [self._variables.values[index] for index in step.reads]
        self._variables.values.update(zip(step.gives, (features, raw), strict=False))
        return f"{raw}, {features} = aggregate({', '.join([groups, *operands, *options])})"

    def _starts(self, starts: Sequence[Number], count: Number) -> str:
        """``range(0, 64, 8)``, ``[0] * 8``, or the numbers as they are."""
        if len(starts) == 1:
            listed = self._variables.text(starts[0])
            return f"[{listed.strip('(),')}]" if listed.startswith("(") else listed
        first, step = starts
        start, width, n = (
            self._variables.text(first),
            self._variables.text(step),
            self._variables.text(count),
        )
        if step.value == 0:
            return f"[{start}] * {n}"
        if first.value is not None and step.value is not None and count.value is not None:
            stop = first.value + step.value * count.value  # type: ignore[operator]
            return f"range({start}, {stop}, {width})"
        end = f"{n} * {width}"
        return f"range({start}, {end if start == '0' else f'{start} + {end}'}, {width})"


def _is_call(text: str) -> bool:
    """Whether an expression is one call, which needs no brackets in another expression."""
    return (
        re.fullmatch(r"[\w.]+\(.*\)", text) is not None and " + " not in text and " * " not in text
    )


_INLINE = ops.Concat | ops.Slice  # in the line that reads them
