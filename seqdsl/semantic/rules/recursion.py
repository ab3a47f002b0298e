"""Blocks that contain themselves, at once or by way of others."""

from __future__ import annotations

from typing import cast

from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.syntax import ast
from seqdsl.syntax.walk import calls, definitions

_SHOWN = 6  # blocks at each end of a circle


def check_recursion(module: LoadedModule) -> list[Diagnostic]:
    """One finding for each circle of blocks, at the call that closes it."""
    graph = {
        definition.name: [
            call
            for call in calls(definition.body)
            if isinstance(call.callee, ast.Name) and _is_own_block(call.callee.name, module)
        ]
        for definition in definitions(module.syntax)
        if isinstance(definition, ast.Block)
    }
    diagnostics: list[Diagnostic] = []
    done: set[str] = set()
    for name in graph:
        _visit(name, graph, done, diagnostics)
    return diagnostics


def _is_own_block(name: str, module: LoadedModule) -> bool:
    return isinstance(module.own.get(name), ast.Block)


def _visit(
    start: str,
    graph: dict[str, list[ast.Call]],
    done: set[str],
    diagnostics: list[Diagnostic],
) -> None:
    """Depth first, without recursion of our own: a file may hold a long chain of blocks."""
    stack: list[tuple[str, int]] = [(start, 0)]
    path: dict[str, None] = {}  # in order
    while stack:
        name, position = stack.pop()
        if position == 0:
            if name in done:
                continue
            path[name] = None
        if position >= len(graph[name]):
            done.add(name)
            del path[name]
            continue
        stack.append((name, position + 1))
        call = graph[name][position]
        target = cast(ast.Name, call.callee).name
        if target in path:
            names = list(path)
            diagnostics.append(_circle([*names[names.index(target) :], target], call))
        elif target not in done:
            stack.append((target, 0))


def _shortened(names: list[str]) -> list[str]:
    """The first and the last blocks of a long circle."""
    return names if len(names) <= 2 * _SHOWN else [*names[:_SHOWN], "...", *names[-_SHOWN:]]


def _circle(names: list[str], call: ast.Call) -> Diagnostic:
    return Diagnostic(
        BY_NAME["recursion"],
        f"block `{names[0]}` contains itself: {' -> '.join(_shortened(names))}",
        Label(call.callee.span, "closes the circle"),
        help="a network is finite: repeat with `x N` or `for`",
    )
