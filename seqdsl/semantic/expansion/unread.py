"""Layers that no output reads, and no unread name is to blame: what flows went on without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import groupby

from seqdsl.graph.node import Node, node_cost
from seqdsl.semantic.names.modules import LoadedModule, reachable
from seqdsl.semantic.values.locate import diagnostic, origin
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies_of, statements


def unread_layers(nodes: Sequence[Node], kept: Set[int], module: LoadedModule) -> list[Diagnostic]:
    """A warning for each statement with parameters that no output reads.

    What makes a named value is left out: a name that nothing reads is warned of already.
    """
    dead = [node for node in nodes if node.index not in kept]
    if not dead:
        return []
    named = {span for each in reachable(module) for span in _of_names(each.syntax)}
    dead = [node for node in dead if not _is_named(node, named)]
    found: list[Diagnostic] = []
    for where, members in groupby(dead, key=origin):
        unread = list(members)
        costs = [node_cost(node, [nodes[i].type for i in node.operands]) for node in unread]
        count = sum(cost.params for cost in costs)
        if count:
            found.append(
                diagnostic(
                    "unread-layer",
                    f"no output reads {count:,} of the parameters that this makes",
                    where,
                    unread[0].scope,
                    label="no part of the network",
                    help="remove it, or read what it gives",
                )
            )
    return found


def _of_names(module: ast.Module) -> Iterator[Span]:
    """The spans of the calls that make a file's named values."""
    for body in bodies_of(module):
        for statement in statements(body):
            if isinstance(statement, ast.Let) and statement.name != "it":
                yield from (call.span for call in statement.calls)


def _is_named(node: Node, named: Set[Span]) -> bool:
    return node.span in named or any(scope.span in named for scope in node.scope.ancestry())
