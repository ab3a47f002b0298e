"""The blocks that a plain source calls: by their arguments, or with their layers in braces.

A name is of one kind throughout a source. A block that is called by its arguments is the library's,
or is copied, and whatever it calls must then be what it calls in its own file. A block that is
written out is ``block name(body: layers) { body }``, which leaves the scopes as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from itertools import takewhile

from seqdsl.semantic.expansion.layer_values import BlockLayer
from seqdsl.semantic.names.modules import PRELUDE, LoadedModule, library_module
from seqdsl.semantic.primitives.table import PRIMITIVES
from seqdsl.semantic.writing.reference import Unwritable
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in
from seqdsl.syntax.walk import names_of


class WriteOut(Exception):
    """A block can't be called by its arguments: its layers are to be written out, wherever."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@dataclass(slots=True, eq=False)
class Blocks:
    """``written_out`` names those whose layers are in braces; the others are found on the way."""

    written_out: Set[str]
    called: dict[str, BlockLayer] = field(default_factory=dict)
    in_braces: dict[str, None] = field(default_factory=dict)
    copied: dict[str, ast.Block] = field(default_factory=dict)
    primitives: set[str] = field(default_factory=set)

    def call(self, layer: BlockLayer) -> None:
        """Makes a block one that is called by its arguments. Raises `WriteOut`."""
        name = layer.block.name
        if name in self.written_out:
            raise WriteOut(name)
        known = self.called.setdefault(name, layer)
        if known.block is not layer.block:
            raise WriteOut(name)
        if known is layer and not layer.block.span.source.library:
            self._copy(layer)

    def _copy(self, layer: BlockLayer) -> None:
        """Sees to it that a block that is copied reads here what it reads in its own file."""
        self.copied[layer.block.name] = layer.block
        for read in names_read(layer.block):
            found = layer.module.find(read)
            if found is None and read in PRIMITIVES:
                self.primitives.add(read)
            elif found is not None and isinstance(found[0], ast.Block):
                if read in self.written_out:
                    raise WriteOut(layer.block.name)
                self.call(BlockLayer(found[0], found[1]))

    def lines(self) -> list[str]:
        """What comes before the network: imports, and the blocks. Raises `WriteOut` where an
        import hides what is called, and `Unwritable` where a block does a primitive.
        """
        homes = self._imports()
        for name, layer in self.called.items():
            if name in self.copied:
                continue
            seen = next(h for h in (*homes, PRELUDE) if _defines(h, name))
            if seen != _module_name(layer.module):
                raise WriteOut(name)
        if hidden := sorted(self._own & self.primitives):
            raise Unwritable(f"the block `{hidden[0]}` hides a primitive that is needed")
        found = [*(f"use {home}" for home in homes), *([""] if homes else [])]
        for block in self.copied.values():
            found += [*_comment(block), *f"block {block.span.text}".splitlines(), ""]
        for name in sorted(self.in_braces):
            found += [f"block {name}(body: layers) {{ body }}", ""]
        return found

    @property
    def _own(self) -> set[str]:
        return {*self.in_braces, *self.copied}

    def _imports(self) -> list[str]:
        """The modules of the library that are imported. Where one has a block that would hide one
        of the source, what is called of it is copied.
        """
        while True:
            imported = [b for name, b in self.called.items() if name not in self.copied]
            homes = {_module_name(layer.module) for layer in imported} - {PRELUDE}
            hiding = {home for home in homes if any(_defines(home, name) for name in self._own)}
            if not hiding:
                return sorted(homes)
            for layer in imported:
                if _module_name(layer.module) in hiding:
                    self._copy(layer)


def documented(doc: str) -> list[str]:
    return [f"## {line}".rstrip() for line in doc.splitlines()]


def _comment(block: ast.Block) -> list[str]:
    """The lines of documentation right above a block."""
    *above, _ = block.span.source.text[: block.span.start].splitlines()
    return list(takewhile(lambda line: line.startswith("##"), reversed(above)))[::-1]


def names_read(block: ast.Block) -> Iterator[str]:
    """Every name that a block reads or calls."""
    yield from names_of(block.body)
    for parameter in block.parameters:
        if parameter.default is not None:
            yield from (name.name for name in names_in(parameter.default))


def _module_name(module: LoadedModule) -> str:
    return module.syntax.source.name.removesuffix(".seq").replace("/", ".")


def _defines(module: str, name: str) -> bool:
    found = library_module(module)
    return found is not None and name in found.own
