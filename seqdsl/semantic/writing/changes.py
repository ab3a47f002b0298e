"""Which blocks a derived network has changed: called by their arguments, they do something else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from seqdsl.graph.scope import Scope
from seqdsl.semantic.expansion.layer_values import BlockLayer, Layer
from seqdsl.semantic.expansion.recorder import Aggregated, Applied, Claimed, Fed, Record, Replaced
from seqdsl.semantic.values.binding import formals_of
from seqdsl.syntax import ast


class Changes:
    """The blocks in whose own text a layer was replaced, and those that call such a block.

    Where the layer was a parameter, such as ``act`` of ``conv``, and another layer without
    arguments took its place, the block is called with that one, and is not changed.
    """

    def __init__(self, records: Sequence[Record], by_argument: bool) -> None:
        self._changed: set[Scope] = set()
        self._layers: dict[Scope, dict[str, Layer]] = {}  # that blocks are called with instead
        self._blocks: dict[Scope, Applied] = {}
        found = list(_everything(records))
        for record in found:
            if isinstance(record, Applied) and record.scope is not None:
                self._blocks[record.scope] = record
        if by_argument:
            self._find_layers(found)
        for record in found:
            if isinstance(record, Replaced):
                owner = record.frame.outermost.scope
                if _parameter(record) in self._layers.get(owner, {}):
                    self._change(self._caller(owner))
                else:
                    self._change(owner)

    def is_changed(self, record: Applied) -> bool:
        return record.scope in self._changed

    def layers(self, record: Applied) -> dict[str, Layer]:
        """The layers that a block is given in place of those that were replaced, by parameter."""
        return {} if record.scope is None else self._layers.get(record.scope, {})

    def _change(self, scope: Scope | None) -> None:
        while scope in self._blocks and scope not in self._changed:
            self._changed.add(scope)
            scope = self._caller(scope)

    def _caller(self, scope: Scope) -> Scope:
        """The scope of the block or network whose text calls the block of a scope."""
        return self._blocks[scope].frame.outermost.scope

    def _find_layers(self, records: Sequence[Record]) -> None:
        """Finds the parameters whose every call was replaced by one layer without arguments."""
        instead: dict[tuple[Scope, str], list[Layer | None]] = defaultdict(list)
        for record in records:
            if isinstance(record, Applied | Replaced) and isinstance(record.call.callee, ast.Name):
                key = (record.frame.outermost.scope, record.call.callee.name)
                instead[key].append(_only(record) if isinstance(record, Replaced) else None)
        for (scope, name), layers in instead.items():
            block = self._blocks.get(scope)
            if block is None or not _is_layer(block, name):
                continue
            first = layers[0]
            if first is not None and all(layer == first for layer in layers):
                self._layers.setdefault(scope, {})[name] = first


def _parameter(record: Replaced) -> str | None:
    callee = record.call.callee
    return callee.name if isinstance(callee, ast.Name) else None


def _is_layer(block: Applied, name: str) -> bool:
    """Whether a name is an optional parameter of a block that takes a layer."""
    if not isinstance(block.layer, BlockLayer):
        return False
    formals = formals_of(block.layer.block)
    return any(f.name == name and f.type == "layer" and not f.required for f in formals)


def _only(record: Replaced) -> Layer | None:
    """The layer that took a place, if it is one, and without arguments."""
    match record.inside:
        case [Applied(given=[], added=[], layer=layer, call=call)] if call.body is None:
            return layer
        case _:
            return None


def _everything(records: Sequence[Record]) -> Iterator[Record]:
    """Records and those inside of them."""
    for record in records:
        yield record
        if isinstance(record, Aggregated):
            for turn in record.turns:
                yield from _everything(turn.inside)
        elif not isinstance(record, Fed | Claimed):
            yield from _everything(record.inside)
