"""Writes the constructor of an emitted class."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from seqdsl.backends.rows import row_of
from seqdsl.backends.torch.classes import ModuleClass
from seqdsl.backends.torch.expressions import literal
from seqdsl.backends.torch.loops import Loop
from seqdsl.backends.torch.parameters import Number, Parameter
from seqdsl.backends.torch.plan import Module
from seqdsl.backends.torch.stateful import STATEFUL, text
from seqdsl.backends.torch.steps import Step, is_stateful
from seqdsl.graph.parameters import attribute_name


def constructor(made: ModuleClass, kept: Collection[str], last: Sequence[str]) -> Iterator[str]:
    """The lines of ``__init__``, of which `forward` reads the parameters that are ``kept``, and
    which ends in the lines ``last``; none where there is nothing to make.
    """
    body = [f"self.{name} = {name}" for name in kept]
    for at, step in enumerate(made.steps):
        lines = list(_made(step, made.numbers[at]))
        flag = made.optional.get(at)
        if isinstance(flag, str) and lines:
            body += [f"if {flag}:", *(f"    {line}" for line in lines)]
        else:
            body += lines
    body += last
    if not body:
        return
    signature = ", ".join(["self", *map(_declared, made.parameters)])
    yield f"def __init__({signature}) -> None:"
    yield "    super().__init__()"
    for line in body:
        yield f"    {line}"


def _declared(parameter: Parameter) -> str:
    default = "" if parameter.default is None else f"={literal(parameter.default)}"
    return f"{parameter.name}{default}"


def _made(step: Step, numbers: Sequence[Number]) -> Iterator[str]:
    part = step.part
    if isinstance(part, Loop):
        yield from _loop(part, step, numbers)
    elif isinstance(part, Module):
        made_of = step.fixed
        assert isinstance(made_of, ModuleClass)
        arguments = _arguments(made_of, [text(number) for number in numbers])
        yield f"self.{attribute_name(part.scope.name)} = {made_of.name}({arguments})"
    elif is_stateful(part):
        held = row_of(STATEFUL, part, "emitted PyTorch")
        yield from held.lines(part.operation, f"self.{attribute_name(part.name)}", numbers)


def _arguments(made: ModuleClass, numbers: Sequence[str]) -> str:
    """Arguments of a class, less those that are the default."""
    found = []
    for parameter, number in zip(made.parameters, numbers, strict=True):
        if parameter.default is None:
            found.append(number)
        elif number != literal(parameter.default):
            found.append(f"{parameter.name}={number}")
    return ", ".join(found)


def _loop(loop: Loop, step: Step, numbers: Sequence[Number]) -> Iterator[str]:
    """A child for each turn of a loop."""
    assert isinstance(step.fixed, tuple)
    made, shapes = step.fixed[3], step.fixed[4]
    from_zero = (loop.first == 1 and "rises" in shapes) or "listed" in shapes
    turn = "i" if from_zero else f"(i - {loop.first})"
    count = text(numbers[0])
    rest = iter(numbers[1:])
    arguments = []
    for shape in shapes:
        first = text(next(rest))
        if shape == "rises":
            factor = text(next(rest))
            first = f"{first} + {factor} * {turn}"
        elif shape == "listed":
            first = f"{first}[{turn.strip('()')}]"
        arguments.append(first)
    call = f"{made.name}({_arguments(made, arguments)})"
    if from_zero:
        start = loop.first - 1
        yield f"for i in range({f'{start}, ' if start else ''}{count}):"
        yield f'    setattr(self, f"{loop.stem}{{i + 1}}", {call})'
    else:
        stop = f"{int(count) + 1}" if count.isdigit() else f"{count} + 1"
        yield f"for i in range({loop.first}, {stop}):"
        yield f'    setattr(self, f"{loop.stem}{{i}}", {call})'
