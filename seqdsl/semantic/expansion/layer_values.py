"""Layers as values: built in, defined by a block, or written between braces."""

from __future__ import annotations

from typing import TypeAlias

from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.primitives.application import Primitive
from seqdsl.semantic.values.value import LayerValue, Statements
from seqdsl.source.frozen import frozen_value
from seqdsl.syntax import ast


@frozen_value
class BlockLayer(LayerValue):
    """A block of a `.seq` file, and the module whose names it sees."""

    block: ast.Block
    module: LoadedModule

    @property
    def word(self) -> str:
        return self.block.name

    @property
    def is_ours(self) -> bool:
        return self.block.span.source.library


@frozen_value
class PrimitiveLayer(LayerValue):
    primitive: Primitive

    @property
    def word(self) -> str:
        return self.primitive.name

    @property
    def is_ours(self) -> bool:
        return True


@frozen_value
class Layers(Statements):
    """The statements between braces, with the frame whose names they see."""

    statements: tuple[ast.Statement, ...]
    frame: Frame

    def of(self, statements: tuple[ast.Statement, ...]) -> Layers:
        return Layers(statements, self.frame)


Layer: TypeAlias = BlockLayer | PrimitiveLayer | Layers
