"""How the parameters of a scheduled network are made of those of its definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from seqdsl.graph.network import Network
from seqdsl.graph.segment import Segment
from seqdsl.source.frozen import frozen, frozen_value


@frozen_value
class Part:
    """A rectangle of a convolution's weight, and where it goes: its rows from ``row`` on, its
    columns from ``column`` on. Rows are output channels, columns the input channels of a group.
    """

    row: int
    column: int
    rows: Segment  # of a convolution of the definition
    columns: tuple[int, int]


@frozen
class Weights:
    """A convolution's weight: zeros, and parts of others, each with its batch norm folded in, which
    are added up where they meet: a window may show one channel several times.
    """

    shape: tuple[int, int, int, int]
    parts: tuple[Part, ...]
    bias: tuple[Segment, ...]  # the convolutions whose biases are added here; empty for none


@frozen_value
class Selection:
    """The weight of a 1x1 convolution that hands on channels ``start`` up to ``stop``."""

    start: int
    stop: int


Recipe: TypeAlias = "Weights | Selection | Segment"  # a piece: channels of the same operation


@frozen
class Scheduled:
    """A network as it is executed, and how it comes from its definition.

    ``recipes`` tells of each node with parameters, by its index, what they are made of; ``folded``
    which batch norm went into which convolution, ``origins`` which value of the definition a
    node gives.
    """

    definition: Network
    network: Network
    recipes: Mapping[int, Recipe]
    folded: Mapping[int, int]
    origins: Mapping[int, Segment]
