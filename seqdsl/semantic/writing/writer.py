"""Writes the records of an expansion as statements."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.expansion.layer_values import BlockLayer, Layers, PrimitiveLayer
from seqdsl.semantic.expansion.recorder import (
    Aggregated,
    Applied,
    Claimed,
    Fed,
    Grouped,
    Named,
    Ran,
    Record,
    Replaced,
    Staged,
)
from seqdsl.semantic.values.binding import Actual, formals_of
from seqdsl.semantic.values.value import AllWindow, Feature, InputWord, Value
from seqdsl.semantic.values.windows import offsets
from seqdsl.semantic.writing.blocks import Blocks, WriteOut
from seqdsl.semantic.writing.braces import Braces
from seqdsl.semantic.writing.changes import Changes
from seqdsl.semantic.writing.reference import Unwritable
from seqdsl.semantic.writing.spelling import arguments, spell
from seqdsl.semantic.writing.turns import expression, united
from seqdsl.syntax import ast


class Writer:
    """Each record becomes statements that do the same to the same feature maps, in the same scope.

    A block is called by its arguments where that does all that happened in it, or else stands with
    what happened in braces.
    """

    def __init__(self, blocks: Blocks, changes: Changes, reserved: Collection[str]) -> None:
        self._blocks = blocks
        self._changes = changes
        self._reserved = reserved

    def network(self, records: Sequence[Record], result: Feature) -> list[str]:
        """The statements of a network, indented. Raises `WriteOut` or `Unwritable`."""
        braces = Braces(self._reserved)
        self._write(records, braces)
        braces.go_on_from(result)
        return braces.text()

    def _write(self, records: Sequence[Record], braces: Braces, bare: bool = False) -> None:
        """Writes records into braces; ``bare`` without the arguments that a block added."""
        for record in records:
            self._statement(record, braces, bare)

    def _inside(
        self,
        records: Sequence[Record],
        braces: Braces,
        entry: Feature,
        result: Feature,
        bare: bool = False,
        index: str | None = None,
    ) -> Braces:
        """Braces in others, written to their end."""
        inner = Braces(self._reserved, braces, entry, index)
        self._write(records, inner, bare)
        inner.go_on_from(result)
        return inner

    def _statement(self, record: Record, braces: Braces, bare: bool) -> None:
        match record:
            case Applied():
                braces.go_on_from(record.operand)
                braces.write(self._call(record, braces, False, bare), record.result, True)
            case Ran() | Replaced():
                self._write(record.inside, braces, bare)
            case Named():
                self._name(record, braces)
            case Staged(scope=scope, claim=claim, operand=operand, result=result):
                braces.go_on_from(operand)
                heading = "head" if scope.name == "head" else f"stage {scope.name}"
                heading = heading if claim is None else f"{heading} -> {spell(claim)}"
                inner = self._inside(record.inside, braces, operand, result)
                braces.write([f"{heading} {{", *inner.text(), "}"], result)
                braces.left(scope.name, result)
            case Aggregated():
                braces.go_on_from(record.operand)
                braces.write(self._aggregate(record, braces), record.result)
            case Fed(result=result):
                shape = "x".join(map(str, result.type.shape))
                braces.feed([f"input {shape}"], result)
            case Claimed(statement=statement):
                braces.write([" ".join(statement.span.text.split())])

    # --- named values

    def _name(self, record: Named, braces: Braces) -> None:
        """A value with a name, or an output: a pipeline where that has the words, or else
        statements one after another.
        """
        name, is_output = record.statement.name, isinstance(record.statement, ast.Output)
        calls = _calls(record.inside)
        if name == "it" and not is_output:
            self._write(record.inside, braces)
            if not record.inside:
                braces.go_on_from(record.result)
            return
        if not is_output and not record.inside:
            braces.alias(name, record.result)
            return
        lines = None if calls is None else self._pipeline(record, calls, braces)
        if lines is None:
            self._write(record.inside, braces)
            braces.go_on_from(record.result)
            lines = ["it"]
        if is_output:
            braces.write([f"output {name} = {lines[0]}", *lines[1:]])
            return
        label = braces.label(name, record.frame)
        braces.define(label, [f"{label} = {lines[0]}", *lines[1:]], record.result, record.frame)

    def _pipeline(
        self, record: Named, calls: Sequence[Applied], braces: Braces
    ) -> list[str] | None:
        """``in | conv 1x1, 64``; None where a layer reads what flows in the pipeline."""
        flow = record.source
        lines = [braces.reference(flow)]
        for call in calls:
            if call.operand != flow:
                return None
            try:
                head, *rest = self._call(call, braces, True, False)
            except Unwritable:
                return None
            lines[-1] += f" | {head}"
            lines += rest
            flow = call.result
        return lines if flow == record.result else None

    # --- layers

    def _call(self, record: Applied, braces: Braces, piped: bool, bare: bool) -> list[str]:
        """The words of a call: a line, or more with braces. Raises `WriteOut` or `Unwritable`."""
        given = [*record.given, *([] if bare else record.added)]
        layer = record.layer
        if isinstance(layer, PrimitiveLayer):
            return [self._primitive(layer, given, record, braces, piped)]
        name = layer.block.name
        if name in self._blocks.written_out:
            self._blocks.in_braces[name] = None
            inner = self._inside(record.inside, braces, record.operand, record.result)
            return [f"{name} {{", *inner.text(), "}"]
        self._blocks.call(layer)
        if self._changes.is_changed(record):
            raise WriteOut(name)
        home = Frame(layer.module, record.frame.scope, None, None)
        formals = formals_of(layer.block)
        layers = self._changes.layers(record)
        said = [each for each in arguments(formals, given, home) if each[0] not in layers]
        words = [
            self._argument(argument, value, braces, piped, name)
            for argument, value in (*said, *layers.items())
        ]
        heading = f"{name} {', '.join(words)}".rstrip()
        if record.call.body is None:
            return [heading]
        return [f"{heading} {{", *self._passed(record, braces), "}"]

    def _primitive(
        self,
        layer: PrimitiveLayer,
        given: Sequence[Actual],
        record: Applied,
        braces: Braces,
        piped: bool,
    ) -> str:
        primitive = layer.primitive
        self._blocks.primitives.add(primitive.name)
        said: list[tuple[str | None, Value]]
        if primitive.several:
            said = [(actual.name, actual.value) for actual in given]
            maps = any(isinstance(value, Feature) for _, value in said)
            if primitive.name == "concatenate" and not maps and braces.entry != record.entry:
                said = [(None, record.entry), (None, record.operand), *said]
        else:
            said = arguments(primitive.formals, given, record.frame)
        words = [self._argument(name, value, braces, piped, primitive.name) for name, value in said]
        return f"{primitive.name} {', '.join(words)}".rstrip()

    def _argument(
        self, name: str | None, value: Value, braces: Braces, piped: bool, callee: str
    ) -> str:
        if isinstance(value, Feature):
            words = braces.reference(value, piped)
        else:
            self._layers_in(value, callee)
            words = spell(value)
        return words if name is None else f"{name}={words}"

    def _layers_in(self, value: Value, callee: str) -> None:
        """Sees to it that the layers of an argument have the names that it gives them."""
        match value:
            case Layers() | Feature():  # braces, or a list of feature maps
                raise WriteOut(callee)
            case BlockLayer():
                try:
                    self._blocks.call(value)
                except WriteOut as inner:
                    known = inner.name in self._blocks.written_out
                    raise WriteOut(callee) if known else inner from None
            case PrimitiveLayer(primitive=primitive):
                self._blocks.primitives.add(primitive.name)
            case tuple():
                for item in value:
                    self._layers_in(item, callee)

    def _passed(self, record: Applied, braces: Braces) -> list[str]:
        """The lines of braces that a block was given. Raises `WriteOut` where it did something
        else in one turn than in another, or with a part that is not a statement.
        """
        body, name = record.call.body, _name_of(record)
        assert body is not None
        texts: dict[tuple[int, int], list[str]] = {}
        for run in _runs(record.inside, record.frame, body.statements):
            first = body.statements.index(run.statements[0])
            inner = self._inside(run.inside, braces, run.operand, run.result, bare=run.added)
            if run.added and len(inner.folded()) != 1:
                raise WriteOut(name)
            part = (first, first + len(run.statements))
            if texts.setdefault(part, inner.text()) != inner.text():
                raise WriteOut(name)
        parts = sorted(texts)
        end = len(body.statements)
        if parts not in ([], [(0, end)], [(0, end - 1), (end - 1, end)], [(end - 1, end)]):
            raise WriteOut(name)
        return [line for part in parts for line in texts[part]]

    # --- aggregations

    def _aggregate(self, record: Aggregated, braces: Braces) -> list[str]:
        turns = record.turns
        index = braces.label(record.statement.name, None)
        written = [
            self._inside(turn.inside, braces, turn.seen, turn.result, index=index) for turn in turns
        ]
        texts = [[line.removeprefix("  ") for line in inner.text()] for inner in written]
        heading = f"aggregate {index} in 1..{len(turns)}"
        if any(turn.window is not None for turn in turns):
            heading += f", window={_window(record, turns, index)}"
        if record.keep is not None:
            heading += f", keep={spell(record.keep)}"
        return [f"{heading} {{", *(f"  {line}" for line in united(texts, index)), "}"]


def _window(record: Aggregated, turns: Sequence[Grouped], index: str) -> str:
    found = expression([spell(turn.window) for turn in turns], index)
    if found is not None:
        return found
    inputs = len(record.operand.groups)
    lists = [
        _offsets(turn.window, inputs + position, inputs) for position, turn in enumerate(turns)
    ]
    return f"[{', '.join(map(spell, lists))}][{index}]"


def _offsets(window: Value, known: int, inputs: int) -> tuple[int, ...]:
    assert not isinstance(window, Feature | InputWord)
    return tuple(sorted(offsets(window or AllWindow(), known, inputs)))  # type: ignore[arg-type]


def _calls(records: Sequence[Record]) -> list[Applied] | None:
    """The layers that records are of; None where they are of more than layers."""
    found: list[Applied] = []
    for record in records:
        match record:
            case Applied():
                found.append(record)
            case Ran() | Replaced():
                inner = _calls(record.inside)
                if inner is None:
                    return None
                found += inner
            case _:
                return None
    return found


def _runs(
    records: Sequence[Record], frame: Frame, statements: Sequence[ast.Statement]
) -> Iterator[Ran]:
    """The runs of the braces of a call, at any depth, less those of no statements."""
    for record in records:
        if isinstance(record, Ran) and _is_of(record, frame, statements):
            yield record
            continue
        if isinstance(record, Aggregated):
            for turn in record.turns:
                yield from _runs(turn.inside, frame, statements)
        elif not isinstance(record, Fed | Claimed):
            yield from _runs(record.inside, frame, statements)


def _is_of(run: Ran, frame: Frame, statements: Sequence[ast.Statement]) -> bool:
    return run.frame is frame and bool(run.statements) and run.statements[0] in statements


def _name_of(record: Applied) -> str:
    assert isinstance(record.layer, BlockLayer)
    return record.layer.block.name
