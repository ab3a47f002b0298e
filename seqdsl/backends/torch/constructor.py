"""Writes the constructor of an emitted class."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from seqdsl.backends.torch.classes import ModuleClass
from seqdsl.backends.torch.expressions import literal
from seqdsl.backends.torch.loops import Loop
from seqdsl.backends.torch.parameters import Number, Parameter
from seqdsl.backends.torch.plan import Module
from seqdsl.backends.torch.steps import Step, is_stateful
from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
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
        yield from _stateful(part, numbers)


def text(number: Number) -> str:
    if not number.parameter:
        assert number.value is not None
        return literal(number.value)
    return f"{number.parameter} // 2" if number.halved else number.parameter


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


def _stateful(node: Node, numbers: Sequence[Number]) -> Iterator[str]:
    """The lines of an operation that has parameters."""
    target = f"self.{attribute_name(node.name)}"
    match node.operation:
        case ops.Conv2d(bias=bias, init=init):
            *sizes, zero = numbers
            channels, width, kernel, *rest = map(text, sizes)
            arguments = [channels, width, kernel]
            if rest[0] == "stride":  # says itself what it is
                arguments += [rest.pop(0), rest.pop(0)]
            names = ("stride", "padding", "dilation", "groups")[4 - len(rest) :]
            arguments += [
                f"{name}={number}"
                for name, number in zip(names, rest, strict=True)
                if number != _DEFAULTS[name]
            ]
            yield f"{target} = nn.Conv2d({', '.join([*arguments, f'bias={bias}'])})"
            if zero.parameter:
                yield f"init = nn.init.zeros_ if {zero.parameter} else nn.init.kaiming_normal_"
                yield f"init({target}.weight)"
                if bias:
                    yield f"nn.init.zeros_({target}.bias)"
            else:
                yield from _initialise(target, init, bias)
        case ops.Linear(bias=bias, init=init):
            features, width = map(text, numbers)
            yield f"{target} = nn.Linear({features}, {width}{'' if bias else ', bias=False'})"
            yield from _initialise(target, init, bias)
        case ops.BatchNorm():
            width, eps, momentum = map(text, numbers)
            options = [width]
            if (eps, momentum) != ("1e-05", "0.1"):  # torch's own
                options += [f"eps={eps}", f"momentum={momentum}"]
            yield f"{target} = nn.BatchNorm2d({', '.join(options)})"
        case _:
            pass


_DEFAULTS = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1"}


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
