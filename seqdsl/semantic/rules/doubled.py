"""Layers that do once more what was just done: `conv` has a batch norm, and what flows is `it`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.values.binding import formals_of
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import replacing
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies, bodies_of, statements

_SUMS = ("add", "mean")


def check_doubled(module: LoadedModule) -> list[Diagnostic]:
    """A batch norm that follows `conv`, and what flows added to itself."""
    diagnostics: list[Diagnostic] = []
    for body in bodies_of(module.syntax):
        for line in _lines(body):
            diagnostics += (found for pair in pairwise(line) for found in _norms(pair, module))
        for statement in statements(body):
            if isinstance(statement, ast.Call):
                diagnostics += _sums(statement, module)
    return diagnostics


def _lines(body: ast.Body) -> Iterator[Sequence[ast.Call]]:
    """Calls that follow one another: statements of the same braces, or those of a pipeline."""
    inner = [body, *(b for statement in statements(body) for b in bodies(statement))]
    for braces in inner:
        run: list[ast.Call] = []
        for statement in braces.statements:
            if isinstance(statement, ast.Call):
                run.append(statement)
                continue
            yield run
            run = []
            if isinstance(statement, ast.Let | ast.Output):
                yield statement.calls
        yield run


def _norms(pair: tuple[ast.Call, ast.Call], module: LoadedModule) -> Iterator[Diagnostic]:
    first, second = pair
    if not _is_conv(first, module) or not _is_primitive(second, ("batch_norm",), module):
        return
    alone = {formal.name for formal in PRIMITIVES["conv2d"].formals}
    given = [argument.name for argument in first.arguments if argument.name is not None]
    yield Diagnostic(
        BY_NAME["repeated-layer"],
        "`conv` has a batch norm of its own, and another one follows",
        Label(second.span, "the second batch norm"),
        (Label(first.callee.span, "a convolution and its batch norm"),),
        help="write `conv2d` for the convolution alone, or leave this out",
        fix=replacing(first.callee.span, "conv2d") if alone.issuperset(given) else None,
    )


def _is_conv(call: ast.Call, module: LoadedModule) -> bool:
    """Whether a call is of the prelude's `conv`."""
    found = module.find(call.callee.name) if isinstance(call.callee, ast.Name) else None
    if found is None or not isinstance(found[0], ast.Block) or found[0].name != "conv":
        return False
    return found[0].span.source.library and "act" in {f.name for f in formals_of(found[0])}


def _is_primitive(call: ast.Call, names: Sequence[str], module: LoadedModule) -> bool:
    callee = call.callee
    return isinstance(callee, ast.Name) and callee.name in names and not module.find(callee.name)


def _sums(call: ast.Call, module: LoadedModule) -> Iterator[Diagnostic]:
    if not _is_primitive(call, _SUMS, module) or len(call.arguments) != 1:
        return
    (argument,) = call.arguments
    if isinstance(argument.value, ast.Name) and argument.value.name == "it":
        name = call.callee.span.text
        yield Diagnostic(
            BY_NAME["same-map"],
            f"`{name} it` joins what flows with itself",
            Label(argument.span, "what flows, again"),
            help=f"name the other feature map: `{name} skip`, or `{name} it, skip`",
        )
