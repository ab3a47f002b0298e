"""Expands a network: runs its statements, and so puts its operations into the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from seqdsl.graph.claims import Claim
from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.binding import Actual, Formal, bind, coerce, formals_of
from seqdsl.semantic.claims import claim_of
from seqdsl.semantic.dataflow import Dataflow
from seqdsl.semantic.evaluate import (
    MAX_RANGE,
    Poisoned,
    evaluate,
    name_value,
    truth,
    whole,
)
from seqdsl.semantic.frame import BROKEN, Broken, Frame
from seqdsl.semantic.locate import diagnostic, fail
from seqdsl.semantic.modules import LoadedModule
from seqdsl.semantic.primitives import PRIMITIVES, Application
from seqdsl.semantic.values import (
    AllWindow,
    BlockLayer,
    Feature,
    InputWord,
    Layer,
    Layers,
    PrimitiveLayer,
    SizeValue,
    Value,
    Window,
    concatenated,
    kind_of,
    show,
)
from seqdsl.semantic.windows import offsets
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.suggest import nearest
from seqdsl.source.text import Span
from seqdsl.syntax import ast

MAX_DEPTH = 48  # blocks within blocks
MAX_STATEMENTS = 1_000_000


class Aborted(Exception):
    """The expansion is past a limit and stops at once."""


@dataclass(slots=True)
class Expansion:
    """One network under expansion."""

    dataflow: Dataflow = field(default_factory=Dataflow)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    statements: int = 0

    def network(
        self,
        definition: ast.Network,
        module: LoadedModule,
        name: str,
        actuals: Sequence[Actual],
        span: Span,
        claims: Sequence[ast.Statement],
    ) -> Network | None:
        """The network with its parameters bound; None where an error leaves no output."""
        root = Scope(ScopeKind.NETWORK, name, name, None, span)
        frame = Frame(module, root, None, None)
        try:
            self._bind(definition.name, formals_of(definition), actuals, span, frame)
            self._run(definition.body.statements, frame)
            self._run(claims, frame)
        except Failure as failure:
            self.diagnostics.append(failure.diagnostic)
        except (Poisoned, Aborted):
            pass
        self.diagnostics[:0] = self.dataflow.diagnostics
        if not isinstance(frame.current, Feature):
            if frame.current is None and not self.diagnostics:
                self.diagnostics.append(
                    diagnostic(
                        "no-output", f"network `{name}` has no layers", definition.name_span, root,
                        help="begin with `input 3x224x224`",
                    )
                )  # fmt: skip
            return None
        output = self.dataflow.join(frame.current.segments, root, definition.span)
        parameters = tuple(
            (p.name, show(cast(Value, frame.values[p.name]))) for p in definition.parameters
        )
        nodes = tuple(self.dataflow.builder.nodes)
        doc = definition.doc
        return Network(name, nodes, output, root, tuple(self.claims), parameters, doc)

    # --- statements

    def _run(self, statements: Sequence[ast.Statement], frame: Frame) -> None:
        """Runs statements in order. One that fails leaves what flows undefined."""
        for statement in statements:
            self._count(statement.span, frame.scope)
            try:
                self._statement(statement, frame)
            except Failure as failure:
                self.diagnostics.append(failure.diagnostic)
                self._break(statement, frame)
                if failure.diagnostic.code.name in ("node-limit", "depth-limit"):
                    raise Aborted from None
            except Poisoned:
                self._break(statement, frame)

    def _break(self, statement: ast.Statement, frame: Frame) -> None:
        if isinstance(statement, ast.Let):
            frame.values[statement.name] = BROKEN
        elif not isinstance(statement, ast.Expect):
            frame.current = BROKEN

    def _count(self, span: Span, scope: Scope) -> None:
        """Counts a statement or a turn of a loop. Raises `Aborted` past the limit."""
        self.statements += 1
        if self.statements <= MAX_STATEMENTS:
            return
        failure = fail(
            "node-limit",
            f"the expansion takes more than {MAX_STATEMENTS:,} statements",
            span,
            scope,
            help="nested repeats multiply: is a digit too many somewhere?",
        )
        self.diagnostics.append(failure.diagnostic)
        raise Aborted

    def _statement(self, statement: ast.Statement, frame: Frame) -> None:
        match statement:
            case ast.Call():
                frame.current = self._call(statement, frame, frame.current, {})
            case ast.Let():
                self._let(statement, frame)
            case ast.Stage():
                self._stage(statement, frame)
            case ast.Aggregate():
                frame.current = self._aggregate(statement, frame)
            case ast.If():
                self._if(statement, frame)
            case ast.For():
                self._for(statement, frame)
            case ast.InputShape():
                self._input(statement, frame)
            case ast.Require():
                self._require(statement, frame)
            case ast.Expect():
                self.claims.append(claim_of(statement, frame.scope))

    def _let(self, let: ast.Let, frame: Frame) -> None:
        value: Value | Broken = evaluate(let.value, frame)
        for call in let.calls:
            if isinstance(value, Broken):
                raise Poisoned
            if not isinstance(value, Feature):
                raise fail(
                    "wrong-type", f"a feature map flows through `|`, and this is {kind_of(value)}",
                    let.value.span, frame.scope, label=kind_of(value),
                )  # fmt: skip
            value = self._call(call, frame, value, {})
        frame.values[let.name] = value

    def _stage(self, stage: ast.Stage, frame: Frame) -> None:
        count = self.dataflow.builder.unique(frame.scope, stage.name)
        name = stage.name if count == 1 else f"{stage.name}_{count}"
        scope = frame.scope.child(ScopeKind.STAGE, stage.name, name, stage.span)
        inner = frame.inner(scope, frame.current)
        self._run(stage.body.statements, inner)
        frame.current = inner.current
        if stage.claim is not None and isinstance(inner.current, Feature):
            self._check_stage(stage, stage.claim, inner.current, frame)

    def _check_stage(
        self, stage: ast.Stage, claim: ast.Expression, output: Feature, frame: Frame
    ) -> None:
        claimed = evaluate(claim, frame)
        if not isinstance(claimed, SizeValue):
            raise fail(
                "wrong-type",
                f"a stage claims a size such as 56x56, and this is {kind_of(claimed)}",
                claim.span,
                frame.scope,
            )
        spatial = output.spatial or (1, 1)
        actual = spatial if len(claimed.values) == 2 else (output.width, *spatial)
        if claimed.values == actual:
            return
        shown = SizeValue(actual)
        self.diagnostics.append(
            diagnostic(
                "stage-output",
                f"stage `{stage.name}` claims {claimed}, and its output is {shown}",
                claim.span,
                frame.scope,
                label=f"computes to {shown}",
                secondary=(Label(self.dataflow.origin(output), f"{output.type} leaves here"),),
                help=f"write `-> {shown}`, or mend a stride in the stage",
            )
        )

    def _if(self, statement: ast.If, frame: Frame) -> None:
        for condition, body in statement.branches:
            if truth(condition, frame):
                self._run(body.statements, frame)
                return
        if statement.otherwise is not None:
            self._run(statement.otherwise.statements, frame)

    def _for(self, statement: ast.For, frame: Frame) -> None:
        for value in self._items(statement.values, frame):
            self._count(statement.span, frame.scope)
            frame.values[statement.name] = value
            self._run(statement.body.statements, frame)

    def _items(self, expression: ast.Expression, frame: Frame) -> Sequence[Value]:
        values = evaluate(expression, frame)
        if not isinstance(values, tuple | range):
            raise fail(
                "wrong-type", f"a list or a range is needed, and this is {kind_of(values)}",
                expression.span, frame.scope, label=kind_of(values), help="write 1..N",
            )  # fmt: skip
        return values

    def _input(self, statement: ast.InputShape, frame: Frame) -> None:
        if isinstance(frame.current, Broken):
            raise Poisoned
        if frame.current is not None or frame.scope.kind is not ScopeKind.NETWORK:
            raise fail(
                "input-again", "a network has one input, before its first layer",
                statement.span, frame.scope, help="remove this line",
            )  # fmt: skip
        values = [evaluate(part, frame) for part in statement.shape]
        first = values[0]
        shape = first.values if isinstance(first, SizeValue) and len(values) == 1 else values
        if len(shape) != 3 or not all(type(size) is int for size in shape):
            raise fail(
                "wrong-type", "an input is channels x height x width", statement.span,
                frame.scope, help="write `input 3x224x224`",
            )  # fmt: skip
        channels, *spatial = cast(list[int], list(shape))
        if min(channels, *spatial) < 1:
            raise fail(
                "not-positive", "every side of the input must be above zero", statement.span,
                frame.scope,
            )  # fmt: skip
        frame.current = self.dataflow.input(channels, tuple(spatial), frame.scope, statement.span)
        frame.entry = frame.current

    def _require(self, statement: ast.Require, frame: Frame) -> None:
        if truth(statement.condition, frame):
            return
        text = " ".join(statement.condition.span.text.split())
        known = self._operands(statement.condition, frame)
        raise fail(
            "broken-requirement",
            statement.message or f"`{text}` does not hold",
            statement.condition.span,
            frame.scope,
            label=f"false with {known}" if known else "does not hold",
            help=f"`{text}` must hold" if statement.message else None,
        )

    def _operands(self, condition: ast.Expression, frame: Frame) -> str:
        """The names that a condition reads, with their values: ``width = 100, k = 32``."""
        shown: dict[str, str] = {}
        for name in ast.names_in(condition):
            value = (
                name_value(name.name, name.span, frame) if name.name not in ("in", "it") else None
            )
            if isinstance(value, int | SizeValue) and not isinstance(value, bool):
                shown[name.name] = show(value)
        return ", ".join(f"{name} = {value}" for name, value in shown.items())

    # --- layers

    def _call(
        self,
        call: ast.Call,
        frame: Frame,
        operand: Feature | Broken | None,
        extra: dict[str, Actual],
    ) -> Feature | Broken:
        """Applies a layer as often as the call says."""
        layer = self._layer(call.callee, frame)
        if isinstance(operand, Broken):
            raise Poisoned
        if operand is None:
            raise fail(
                "no-input", "a layer stands before the network's input", call.span, frame.scope,
                help="begin the network with `input 3x224x224`",
            )  # fmt: skip
        times = self._times(call, frame)
        flow: Feature | Broken = operand
        for turn in range(1, times + 1):
            if isinstance(flow, Broken):
                break
            # arguments may read `it`, so each turn evaluates them anew
            before, frame.current = frame.current, flow
            try:
                actuals = self._actuals(call, frame)
                flow = self._apply(layer, call, flow, actuals, extra, frame, (turn, times))
            finally:
                frame.current = before
        return flow

    def _times(self, call: ast.Call, frame: Frame) -> int:
        if call.times is None:
            return 1
        times = whole(call.times, frame)
        if times < 0:
            raise fail(
                "not-positive", f"a layer can't be repeated {times} times", call.times.span,
                frame.scope, label=f"= {times}",
            )  # fmt: skip
        if times > MAX_RANGE:
            raise fail(
                "repeat-limit",
                f"repeating {times:,} times is past the limit of {MAX_RANGE:,}",
                call.times.span,
                frame.scope,
                label="too often",
                help="networks do not repeat so often: is a digit too many here?",
            )
        return times

    def _layer(self, callee: ast.Name | ast.Attribute, frame: Frame) -> Layer:
        if isinstance(callee, ast.Attribute):
            value = evaluate(callee, frame)
        else:
            try:
                value = name_value(callee.name, callee.span, frame)
            except Failure:
                raise unknown_layer(callee, frame.module, frame.names(), frame.scope) from None
        if isinstance(value, BlockLayer | PrimitiveLayer | Layers):
            return value
        raise fail(
            "wrong-type", f"a layer is needed here, and this is {kind_of(value)}", callee.span,
            frame.scope, label=kind_of(value),
        )  # fmt: skip

    def _actuals(self, call: ast.Call, frame: Frame) -> list[Actual]:
        return [Actual(a.name, evaluate(a.value, frame), a.span) for a in call.arguments]

    def _apply(
        self,
        layer: Layer,
        call: ast.Call,
        operand: Feature,
        actuals: list[Actual],
        extra: dict[str, Actual],
        frame: Frame,
        repeat: tuple[int, int],
    ) -> Feature | Broken:
        body = None if call.body is None else Layers(call.body.statements, frame)
        match layer:
            case Layers():
                return self._apply_layers(layer, operand, [*actuals, *extra.values()], frame, call)
            case PrimitiveLayer(primitive=primitive):
                self._no_body(body, call, primitive.name, frame)
                given = [*actuals, *extra.values()]
                features: list[Feature] = []
                rest = given
                if primitive.several:
                    features = [a.value for a in given if _is_operand(a)]  # type: ignore[misc]
                    rest = [a for a in given if not _is_operand(a)]
                values = bind(
                    primitive.name, primitive.formals, rest, call.span, frame.scope, _no_default
                )
                application = Application(
                    self.dataflow,
                    frame.entry if isinstance(frame.entry, Feature) else operand,
                    operand,
                    tuple(features),
                    values,
                    rest,
                    primitive.formals,
                    frame.scope,
                    call.span,
                )
                return primitive.apply(application)
            case BlockLayer(block=block, module=module):
                scope = self._block_scope(block, call, frame, repeat)
                inner = Frame(module, scope, operand, operand)
                formals = formals_of(block)
                given = [*actuals, *extra.values()]
                if body is not None:
                    given.append(self._body_actual(block, formals, body, call, frame))
                self._bind(block.name, formals, given, call.span, inner, frame.scope)
                self._run(block.body.statements, inner)
                return cast(Feature | Broken, inner.current)

    def _apply_layers(
        self, layers: Layers, operand: Feature, extra: list[Actual], frame: Frame, call: ast.Call
    ) -> Feature | Broken:
        """Runs braces that were passed as a value; extra arguments go to a single layer."""
        inner = layers.frame.inner(frame.scope, operand)
        if not extra:
            self._run(layers.statements, inner)
            return cast(Feature | Broken, inner.current)
        only = layers.statements[0] if len(layers.statements) == 1 else None
        if not isinstance(only, ast.Call):
            raise fail(
                "unknown-argument", "only a single layer takes arguments", call.span, frame.scope,
                help="apply `body.last` with arguments, and `body.head` without",
            )  # fmt: skip
        named = {actual.name: actual for actual in extra if actual.name is not None}
        return self._call(only, inner, operand, named)

    def _block_scope(
        self, block: ast.Block, call: ast.Call, frame: Frame, repeat: tuple[int, int]
    ) -> Scope:
        count = self.dataflow.builder.unique(frame.scope, block.name)
        if frame.scope.depth >= MAX_DEPTH:
            raise fail(
                "depth-limit", f"blocks are nested deeper than {MAX_DEPTH}", call.span, frame.scope,
                help="does a block contain itself by way of an argument?",
            )  # fmt: skip
        name = f"{block.name}{count}"
        repeated = repeat if call.times is not None else None
        return frame.scope.child(ScopeKind.BLOCK, block.name, name, call.span, repeated)

    def _body_actual(
        self,
        block: ast.Block,
        formals: Sequence[Formal],
        body: Layers,
        call: ast.Call,
        frame: Frame,
    ) -> Actual:
        for formal in formals:
            if formal.type == "layers":
                return Actual(formal.name, body, call.span)
        self._no_body(body, call, block.name, frame)
        raise AssertionError("unreachable")

    def _no_body(self, body: Layers | None, call: ast.Call, name: str, frame: Frame) -> None:
        if body is not None and call.body is not None:
            start = call.body.span
            raise fail(
                "unknown-argument", f"`{name}` takes no braces",
                Span(start.source, start.start, start.start + 1), frame.scope,
                help="a block takes braces where it has a parameter of the type `layers`",
            )  # fmt: skip

    def _bind(
        self,
        what: str,
        formals: Sequence[Formal],
        actuals: Sequence[Actual],
        span: Span,
        inner: Frame,
        caller: Scope | None = None,
    ) -> None:
        def default(expression: ast.Expression, bound: dict[str, Value]) -> Value:
            inner.values.update(bound)
            return evaluate(expression, inner)

        bound = bind(what, formals, actuals, span, caller or inner.scope, default)
        inner.values.update(bound)

    # --- aggregation

    def _aggregate(self, statement: ast.Aggregate, frame: Frame) -> Feature | Broken:
        """Equations 1 and 2: a sequence of groups, each from a window over those before it."""
        source = frame.current
        if isinstance(source, Broken):
            raise Poisoned
        if source is None:
            raise fail("no-input", "an aggregation stands before the network's input",
                       statement.span, frame.scope)  # fmt: skip
        values = self._items(statement.values, frame)
        if not values:
            raise fail(
                "not-positive", "an aggregation of no groups", statement.values.span, frame.scope,
                label="empty",
            )  # fmt: skip
        arguments = self._aggregate_arguments(statement, frame)
        sequence = [source.take(i, i + 1) for i in range(len(source.groups))]
        inputs = len(sequence)
        for turn, value in enumerate(values, 1):
            scope = self._group_scope(statement, frame, turn, len(values))
            inner = frame.inner(scope, source)
            inner.values[statement.name] = value
            seen = self._window(arguments.get("window"), sequence, inputs, inner, statement)
            inner.entry = inner.current = seen
            self._run(statement.body.statements, inner)
            if not isinstance(inner.current, Feature):
                return BROKEN
            sequence.append(inner.current.as_one_group())
            if inner.current.spatial != source.spatial:
                raise fail(
                    "concat-mismatch",
                    f"a group leaves as {inner.current.type}, and the next would join it with "
                    f"{source.type}",
                    statement.span,
                    scope,
                    label="groups keep height and width",
                    help="downsample after the aggregation (section 3.2)",
                )
        keep = "keep" in arguments and isinstance(
            evaluate(arguments["keep"].value, frame), InputWord
        )
        return concatenated(sequence if keep else sequence[inputs:])

    def _aggregate_arguments(
        self, statement: ast.Aggregate, frame: Frame
    ) -> dict[str, ast.Argument]:
        given: dict[str, ast.Argument] = {}
        for argument in statement.arguments:
            name = argument.name or ""
            if name not in ("window", "keep"):
                near = nearest(name, ["window", "keep"])
                raise fail(
                    "unknown-argument", f"`aggregate` has no parameter `{name}`", argument.span,
                    frame.scope, label="unknown",
                    help=f"did you mean `{near}`?" if near else "it takes `window` and `keep`",
                )  # fmt: skip
            if name in given:
                raise fail(
                    "duplicate-argument", f"`{name}` is given twice", argument.span, frame.scope,
                    secondary=(Label(given[name].span, "first given here"),),
                )  # fmt: skip
            given[name] = argument
        keep = given.get("keep")
        if keep is not None and not isinstance(evaluate(keep.value, frame), InputWord | None):
            raise fail(
                "wrong-type", "an aggregation keeps its input or nothing", keep.value.span,
                frame.scope, help="write `keep=input`",
            )  # fmt: skip
        return given

    def _group_scope(self, statement: ast.Aggregate, frame: Frame, turn: int, of: int) -> Scope:
        label = f"group{turn}"
        count = self.dataflow.builder.unique(frame.scope, label)
        name = label if count == 1 else f"{label}_{count}"
        return frame.scope.child(ScopeKind.GROUP, "group", name, statement.span, (turn, of))

    def _window(
        self,
        argument: ast.Argument | None,
        sequence: list[Feature],
        inputs: int,
        frame: Frame,
        statement: ast.Aggregate,
    ) -> Feature:
        span = statement.span if argument is None else argument.value.span
        value: Value = AllWindow() if argument is None else evaluate(argument.value, frame)
        window = cast(
            Window | tuple[int, ...], coerce(value, Formal("window", "window"), span, frame.scope)
        )
        if isinstance(window, tuple) and not all(type(o) is int and o > 0 for o in window):
            raise fail(
                "wrong-type", "the offsets of a window are whole numbers above zero", span,
                frame.scope, label=show(value), help="1 is the group before this one",
            )  # fmt: skip
        seen = offsets(window, len(sequence), inputs)
        if not seen:
            raise fail(
                "empty-window", "this window sees no group", span, frame.scope, label=show(value),
                help="offset 1, the group before this one, is always there",
            )  # fmt: skip
        return concatenated([sequence[len(sequence) - offset] for offset in seen])


def unknown_layer(
    callee: ast.Name, module: LoadedModule, names: Sequence[str], scope: Scope
) -> Failure:
    """The failure of a call to what is no layer."""
    layers = [n for n, (d, _) in module.visible.items() if isinstance(d, ast.Block)]
    suggestion = nearest(callee.name, [*layers, *PRIMITIVES, *names])
    return fail(
        "unknown-layer",
        f"no layer `{callee.name}` is defined or imported",
        callee.span,
        scope,
        label="unknown layer",
        help=f"did you mean `{suggestion}`?"
        if suggestion
        else "define it with `block`, or import the file that does with `use`",
    )


def _no_default(_expression: ast.Expression, _bound: dict[str, Value]) -> Value:
    raise AssertionError("a primitive's defaults are values")


def _is_operand(actual: Actual) -> bool:
    return actual.name is None and isinstance(actual.value, Feature)
