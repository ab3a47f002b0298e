"""Proves that every parameter of a lowered network is made of parameters of its definition."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import parameter_shapes
from seqdsl.graph.problem import Problem
from seqdsl.graph.segment import Segment
from seqdsl.passes.schedule.recipes import Scheduled, Selection, Weights


def problems_of_recipes(scheduled: Scheduled) -> Iterator[Problem]:
    """What is wrong with the recipes, the folded batch norms and the origins of a schedule."""
    for node in scheduled.network.nodes:
        recipe = scheduled.recipes.get(node.index)
        if bool(parameter_shapes(scheduled.network, node)) != (recipe is not None):
            yield _of(node, f"a {node.kind} with the recipe {recipe}")
        elif recipe is not None:
            yield from (_of(node, message) for message in _recipe(scheduled, node))
        origin = scheduled.origins.get(node.index)
        if origin is not None:
            if not _exists(scheduled, origin):
                yield _of(node, f"it gives {origin}, which the definition does not have")
            elif origin.width != node.type.channels:
                yield _of(node, f"it has {node.type.channels} channels, and gives {origin}")
    nodes = scheduled.definition.nodes
    for conv, norm in scheduled.folded.items():
        if not isinstance(nodes[norm].operation, ops.BatchNorm) or nodes[norm].operands != (conv,):
            yield _of(nodes[norm], f"it is folded into {nodes[conv].path}")


def _of(node: Node, message: str) -> Problem:
    return Problem(f"{node.path} (%{node.index})", message, node.span)


def _exists(scheduled: Scheduled, segment: Segment) -> bool:
    nodes = scheduled.definition.nodes
    if not 0 <= segment.node < len(nodes):
        return False
    return 0 <= segment.start < segment.stop <= nodes[segment.node].type.channels


def _recipe(scheduled: Scheduled, node: Node) -> Iterator[str]:
    (_, shape), *_ = parameter_shapes(scheduled.network, node)
    match scheduled.recipes[node.index]:
        case Weights(shape=made, parts=parts, bias=bias):
            if made != shape:
                yield f"its weight is {shape}, and its recipe makes {made}"
            for part in parts:
                below = part.row + part.rows.width
                right = part.column + part.columns[1] - part.columns[0]
                if not _exists(scheduled, part.rows) or below > shape[0] or right > shape[1]:
                    yield f"its weight is {shape}, and its recipe has {part}"
            if bias and sum(segment.width for segment in bias) != shape[0]:
                yield f"{shape[0]} biases, and its recipe has {bias}"
        case Selection(start=start, stop=stop):
            if stop - start != shape[0] or not 0 <= start < stop <= shape[1]:
                yield f"its weight is {shape}, and it selects {start}..{stop}"
        case segment:
            source = scheduled.definition.nodes[segment.node]
            if type(source.operation) is not type(node.operation) or segment.width != shape[0]:
                yield f"its parameters are {shape}, and {segment} of a {source.kind}"
