"""Writes an expanded network as a plain source: no parameters, no conditions, no derivation.

Layers are written as they were called, with the values that their arguments had. A block in which
a derived network replaced something is written out as a stage of the block's path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from seqdsl.graph.network import Network
from seqdsl.graph.recipe import Training, spell
from seqdsl.graph.scope import Scope
from seqdsl.semantic.binding import Actual
from seqdsl.semantic.modules import LoadedModule, Program
from seqdsl.semantic.recorder import Aggregated, Applied, Entered, Named, Record, Recorder
from seqdsl.semantic.values import BlockLayer, Feature, Layers, show
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in

INDENT = "  "


class Unwritable(Exception):
    """The network has something that the plain form has no words for; says what."""


def plain_source(program: Program, network: Network, recorder: Recorder) -> str:
    """The network as a source of its own. Raises `Unwritable`."""
    modules = _modules(program.root)
    uses = [f"use {name}" for name in sorted(_library_uses(modules))]
    lines = [*uses, ""] if uses else []
    lines += _blocks(modules)
    lines += _doc(network.doc)
    lines.append(f"network {network.name} {{")
    lines += _Writer(recorder, network).body(network.root, False, {})
    lines += _claims(network, network.root)
    lines += _training(network.training)
    return "\n".join([*lines, "}", ""])


def _modules(root: LoadedModule) -> list[LoadedModule]:
    """The file and all the user's files that it sees anything of, itself first."""
    homes = (home for _, home in root.visible.values() if not home.syntax.source.library)
    return list(dict.fromkeys([root, *homes]))


def _library_uses(modules: Sequence[LoadedModule]) -> set[str]:
    items = (item for module in modules for item in module.syntax.items)
    return {item.target for item in items if isinstance(item, ast.Use) and item.library}


def _blocks(modules: Sequence[LoadedModule]) -> list[str]:
    """The user's own blocks, as they stand in their files."""
    blocks = [b for m in modules for b in m.own.values() if isinstance(b, ast.Block)]
    return [
        line
        for block in blocks
        for line in (*_doc(block.doc), *f"block {block.span.text}".splitlines(), "")
    ]


def _doc(doc: str) -> list[str]:
    return [f"## {line}" for line in doc.splitlines()]


def _claims(network: Network, scope: Scope) -> list[str]:
    return [f"{INDENT}{claim.span.text}" for claim in network.claims if claim.scope is scope]


def _training(training: Training | None) -> list[str]:
    if training is None:
        return []
    heading = f"{INDENT}train {training.recipe or ''}".rstrip()
    if training.recipe and not training.settings:
        return [heading]
    settings = (f"{2 * INDENT}{name} = {spell(value)}" for name, value in training.settings.items())
    return [f"{heading} {{", *settings, f"{INDENT}}}"]


class _View:
    """The feature maps that have a name where a statement stands."""

    def __init__(self, flow: Feature | None, names: Mapping[str, Feature]) -> None:
        self.flow = self.entry = flow
        self.names = dict(names)
        self._outer = frozenset(names)

    def label(self, name: str) -> str:
        """A name of this brace's own: one that hides no name from outside of it."""
        while name in self._outer:
            name += "_"
        return name

    def reference(self, value: Feature) -> str:
        """The words for a feature map. Raises `Unwritable` where it has none."""
        latest_first = dict(reversed(self.names.items()))
        known = {"it": self.flow, **latest_first, "in": self.entry}
        for name, feature in known.items():
            if feature == value:
                return name
        for name, feature in known.items():
            if feature is not None and feature.raw_face == value:
                return f"{name}.raw"
        for name, feature in known.items():
            for first in range(1, feature.width - value.width + 2 if feature else 0):
                last = first + value.width - 1
                if feature is not None and feature.channels(first - 1, last) == value:
                    return f"{name}.channels({first}, {last})"
        raise Unwritable("a layer reads a feature map that has no name where it stands")

    def argument(self, actual: Actual) -> str:
        value = actual.value
        if isinstance(value, Layers):
            raise Unwritable("braces are passed on as a value")
        shown = self.reference(value) if isinstance(value, Feature) else show(value)
        return shown if actual.name is None else f"{actual.name}={shown}"


class _Writer:
    def __init__(self, recorder: Recorder, network: Network) -> None:
        self._recorder = recorder
        self._network = network

    def body(
        self,
        scope: Scope,
        passed: bool,
        names: Mapping[str, Feature],
        flow: Feature | None = None,
    ) -> list[str]:
        """The statements of a scope, or those that were passed to it in braces, indented."""
        view = _View(flow, names)
        statements: list[list[str]] = []
        for record in self._recorder.records[scope, passed]:
            statements.append(self._statement(record, view))
            match record:
                case Named(name="it", output=False):
                    view.flow = record.result
                case Named(name=name, output=False):
                    view.names[view.label(name)] = record.result
                case Named():
                    pass
                case Entered(statement=ast.Stage(name=name)):
                    view.names[name] = view.flow = record.result
                case _:
                    view.flow = record.result
        # a block can tell the first and the last of its braces from the rest
        lines = (line for lines in statements for line in lines) if passed else _folded(statements)
        return [f"{INDENT}{line}" for line in lines]

    def _statement(self, record: Record, view: _View) -> list[str]:
        match record:
            case Applied():
                if record.operand != view.flow:
                    raise Unwritable("a layer reads what does not flow where it stands")
                return self._applied(record, view)
            case Named(name=name, output=output, source=source, applied=applied):
                target = f"output {name}" if output else view.label(name)
                parts = [f"{target} = {view.reference(source)}"]
                for layer in applied:
                    (line,) = self._applied(layer, view)
                    parts.append(line)
                return [" | ".join(parts)]
            case Entered(statement=ast.Stage(name=name), scope=scope, shape=shape):
                heading = "head" if name == "head" else f"stage {name}"
                heading = f"{heading} -> {shape}" if shape else heading
                return self._braces(heading, scope, view.names, view.flow)
            case Entered(shape=shape):
                return [f"input {shape}"]
            case Aggregated(statement=statement, frame=frame):
                if any(frame.home(name.name) for name in _free_names(statement)):
                    raise Unwritable("an aggregation outside of a block reads named values")
                span, body = statement.span, statement.body.span
                return span.source.text[span.start : body.end].splitlines()

    def _braces(
        self,
        heading: str,
        scope: Scope,
        names: Mapping[str, Feature],
        flow: Feature | None,
    ) -> list[str]:
        inside = self.body(scope, False, names, flow)
        return [f"{heading} {{", *inside, *_claims(self._network, scope), "}"]

    def _applied(self, record: Applied, view: _View) -> list[str]:
        if record.replaced and not record.braces and record.scope is not None:
            heading = f"stage {record.scope.name}"
            return self._braces(heading, record.scope, view.names, record.operand)
        layer = record.layer
        name = layer.block.name if isinstance(layer, BlockLayer) else show(layer)
        heading = f"{name} {', '.join(map(view.argument, record.given))}".rstrip()
        if not record.braces or record.scope is None:
            return [heading]
        inside = self.body(record.scope, True, view.names, record.operand)
        return [f"{heading} {{", *inside, "}"]


def _free_names(statement: ast.Aggregate) -> Iterator[ast.Name]:
    """What an aggregation reads, less its index. Raises `Unwritable`."""
    for expression in (statement.values, *(a.value for a in statement.arguments)):
        yield from names_in(expression)
    for inner in statement.body.statements:
        if not isinstance(inner, ast.Call):
            raise Unwritable("an aggregation outside of a block holds more than layers")
        for argument in inner.arguments:
            yield from (n for n in names_in(argument.value) if n.name != statement.name)


def _folded(statements: Sequence[list[str]]) -> Iterator[str]:
    """Statements of the same words after one another as `x N`."""
    for lines, alike in groupby(statements):
        count = len(list(alike))
        head, *rest = lines
        if count == 1 or " = " in head or head.startswith(("stage ", "head")):
            yield from (line for _ in range(count) for line in lines)
            continue
        yield f"{head[:-2]} x {count} {{" if head.endswith(" {") else f"{head} x {count}"
        yield from rest
