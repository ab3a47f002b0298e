"""Makes the weights of a scheduled network from the state of its definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from seqdsl.backends.arrays import Array
from seqdsl.graph.node import Node
from seqdsl.graph.operations import BatchNorm, Conv2d, Role
from seqdsl.graph.parameters import module_path
from seqdsl.graph.segment import Segment
from seqdsl.passes.schedule.recipes import Scheduled, Selection, Weights

Exact: TypeAlias = npt.NDArray[np.float64]


def convolution(state: Mapping[str, Array], conv: Node, norm: Node | None) -> tuple[Exact, Exact]:
    """Weight and bias of a convolution, with the batch norm behind it in them if there is one.

    Worked out in float64; the bias of a convolution that has none is zero.
    """
    weight = state[f"{module_path(conv)}.weight"].astype(np.float64)
    found = state.get(f"{module_path(conv)}.bias")
    bias = np.zeros(len(weight)) if found is None else found.astype(np.float64)
    if norm is None:
        return weight, bias
    assert isinstance(norm.operation, BatchNorm)
    values = (state[f"{module_path(norm)}.{role.value}"] for role in Role)
    gamma, beta, mean, var = (value.astype(np.float64) for value in values)
    with np.errstate(invalid="ignore"):  # a variance below zero gives NaN, as everywhere
        scale = gamma / np.sqrt(var + norm.operation.eps)
    return weight * scale[:, None, None, None], beta + (bias - mean) * scale


class Assembly:
    """The parameters of each node of a scheduled network, by role; float32."""

    def __init__(self, scheduled: Scheduled, state: Mapping[str, Array]) -> None:
        self._scheduled = scheduled
        self._state = state
        self._folded: dict[int, tuple[Exact, Exact]] = {}

    def of(self, node: Node) -> dict[Role, Array]:
        """The node's parameters in order; none for an operation without any."""
        match self._scheduled.recipes.get(node.index):
            case None:
                return {}
            case Selection(start=start, stop=stop):
                (shared,) = node.operands
                width = self._scheduled.network.nodes[shared].type.channels
                eye = np.eye(width, dtype=np.float32)[start:stop]
                return {Role.WEIGHT: eye[:, :, None, None]}
            case Weights() as weights:
                return self._weights(weights, node)
            case Segment(node=index, start=start, stop=stop):
                source = self._scheduled.definition.nodes[index]
                found = {role: self._find(source, role) for role in Role}
                return {role: v[start:stop] for role, v in found.items() if v is not None}

    def _weights(self, weights: Weights, node: Node) -> dict[Role, Array]:
        assert isinstance(node.operation, Conv2d)
        made = np.zeros(weights.shape, np.float32)
        for part in weights.parts:
            source, _ = self._convolution(part.rows.node)
            first, last = part.columns
            rows = slice(part.row, part.row + part.rows.width)
            columns = slice(part.column, part.column + last - first)
            made[rows, columns] += source[part.rows.start : part.rows.stop, first:last]
        if not node.operation.bias:
            return {Role.WEIGHT: made}
        biases = [self._convolution(p.node)[1][p.start : p.stop] for p in weights.bias]
        return {Role.WEIGHT: made, Role.BIAS: np.concatenate(biases).astype(np.float32)}

    def _convolution(self, index: int) -> tuple[Exact, Exact]:
        """Weight and bias of a convolution of the definition, with its batch norm in them."""
        if index not in self._folded:
            nodes, norm = self._scheduled.definition.nodes, self._scheduled.folded.get(index)
            self._folded[index] = convolution(
                self._state, nodes[index], None if norm is None else nodes[norm]
            )
        return self._folded[index]

    def _find(self, node: Node, role: Role) -> Array | None:
        return self._state.get(f"{module_path(node)}.{role.value}")
