"""Expands a network: runs its statements, and so puts its operations into the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from seqdsl.graph.builder import stage_name
from seqdsl.graph.liveness import live
from seqdsl.graph.network import OWN_NAMES, Network, Output
from seqdsl.graph.pruning import PRUNE
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.expansion.aggregation import aggregate
from seqdsl.semantic.expansion.bases import base_of, recipes_of_base
from seqdsl.semantic.expansion.claims import claim_of
from seqdsl.semantic.expansion.construction import Aborted, State
from seqdsl.semantic.expansion.evaluate import Poisoned, evaluate, items, name_value, truth
from seqdsl.semantic.expansion.frame import BROKEN, Broken, Frame, Rules
from seqdsl.semantic.expansion.input_shape import channels_last, input_shape
from seqdsl.semantic.expansion.layers import apply_call
from seqdsl.semantic.expansion.parameter_values import bind_into
from seqdsl.semantic.expansion.recorder import Claimed, Fed, Named, Recorder, Staged
from seqdsl.semantic.expansion.replay import Replays
from seqdsl.semantic.expansion.statement_cost import FAILURE, over_limit, work_of
from seqdsl.semantic.expansion.training import conflicts, training_of
from seqdsl.semantic.expansion.unread import unread_layers
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.values.binding import Actual, formals_of
from seqdsl.semantic.values.foreign import declared_by
from seqdsl.semantic.values.locate import diagnostic, fail
from seqdsl.semantic.values.value import Feature, SizeValue, Value, kind_of, show
from seqdsl.source.diagnostic import Diagnostic, Failure, Label, has_errors
from seqdsl.source.fix import replacing
from seqdsl.source.limits import LIMITS, way_on
from seqdsl.source.meter import OverLimit
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.names import names_in
from seqdsl.syntax.walk import statements


class Expansion:
    """One network under expansion."""

    def __init__(self, recorder: Recorder | None = None, replays: Replays | None = None) -> None:
        self.state = State(self._run, replays=replays or Replays(), recorder=recorder)
        self._names: frozenset[str] = frozenset()  # of the values in the network's text
        self.unpruned: Network | None = None  # with what no output reads

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return self.state.diagnostics

    def network(
        self,
        definition: ast.Network | ast.Derived,
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
            self._network(definition, actuals, span, frame, ())
            self._run(claims, frame)
            self.state.diagnostics.extend(conflicts(self.state.training, root))
        except Failure as failure:
            self.state.diagnostics.append(failure.diagnostic)
        except Poisoned:
            pass
        finally:
            self.state.diagnostics[:0] = self.state.dataflow.diagnostics
        output = None
        if isinstance(frame.current, Feature):
            output = self.state.dataflow.join(frame.current.segments, root, definition.span)
            self.state.dataflow.leaving[root] = frame.current.type
            if self.state.recorder:
                self.state.recorder.result = frame.current
        if output is None or len(self.state.dataflow.builder.nodes) == 1:
            if not isinstance(frame.current, Broken) and not self.state.diagnostics:
                self.state.diagnostics.append(
                    diagnostic(
                        "no-output", f"network `{name}` has no layers", definition.name_span, root,
                        help="begin with `input 3x224x224`" if output is None
                        else "name some behind its input, such as `conv 3x3, 16`",
                    )
                )  # fmt: skip
            return None
        parameters = tuple(
            (p.name, show(cast(Value, frame.values[p.name]))) for p in definition.parameters
        )
        made = Network(
            name, tuple(self.state.dataflow.builder.nodes), output, root,
            self.state.dataflow.leaving, tuple(self.state.claims), parameters, definition.doc,
            tuple(output for output, _ in self.state.outputs.values()), self.state.training,
            tuple(self.state.dataflow.aggregations), self.state.dataflow.calls,
        )  # fmt: skip
        return self._pruned(made, module)

    def _pruned(self, made: Network, module: LoadedModule) -> Network:
        """The network less what no output reads, which is said of layers."""
        self.unpruned = made
        if has_errors(self.state.diagnostics):  # what goes on from a mistake is no network
            return PRUNE.run(made)
        network = PRUNE(made)
        if len(network.nodes) < len(made.nodes) and not self.state.diagnostics:
            outputs = [made.output, *(each.index for each in made.further)]
            kept = live(made.nodes, outputs)
            self.state.diagnostics.extend(unread_layers(made.nodes, kept, module))
        return network

    def _network(
        self,
        definition: ast.Network | ast.Derived,
        actuals: Sequence[Actual],
        span: Span,
        frame: Frame,
        around: tuple[ast.Derived, ...],
    ) -> None:
        """Runs a network in its frame; a derived one by running its base under its rules."""
        bind_into(frame, definition.name, formals_of(definition), actuals, span, frame.scope)
        if isinstance(definition, ast.Network):
            inside = statements(definition.body)
            self._names = frozenset(s.name for s in inside if isinstance(s, ast.Let)) - {"it"}
            self._run(definition.body.statements, frame)
            return
        self.state.meter.spend(len(definition.replacements) + 1)
        most = LIMITS.get().depth
        if len(around) >= most:
            raise fail(
                "depth-limit", f"more than {most} networks derive from one another",
                definition.base_span, frame.scope, help=way_on("depth"),
            )  # fmt: skip
        if definition in around:
            raise fail(
                "recursion", f"network `{definition.name}` derives from itself",
                definition.base_span, frame.scope, help="derive from another network",
            )  # fmt: skip
        base, home, bound = base_of(definition, frame)
        rules = (Rules(definition.replacements, frame), *frame.rules)
        inner = Frame(home, frame.scope, None, None, rules=rules)
        self._network(base, bound, definition.base_span, inner, (*around, definition))
        self._run(recipes_of_base(definition, frame), inner)
        frame.entry, frame.current = inner.entry, inner.current
        if not self.state.diagnostics:
            idle = (r for r in definition.replacements if r not in self.state.applied_rules)
            self.state.diagnostics += [_idle_rule(rule, base.name, frame.scope) for rule in idle]
        self._run(definition.claims, frame)

    # --- statements

    def _run(self, statements: Sequence[ast.Statement], frame: Frame) -> None:
        """Runs statements in order. One that fails leaves what flows undefined."""
        for statement in statements:
            try:
                self.state.meter.spend(work_of(statement, frame.current))
                self._statement(statement, frame)
            except OverLimit as limit:
                found = over_limit(limit, statement.span, frame.scope)
                self.state.diagnostics.append(found)
                raise Aborted from None
            except Failure as failure:
                self.state.meter.spend(FAILURE)
                self.state.diagnostics.append(failure.diagnostic)
                self._break(statement, frame)
                if failure.diagnostic.code.name == "depth-limit":
                    raise Aborted from None
            except Poisoned:
                self._break(statement, frame)

    def _break(self, statement: ast.Statement, frame: Frame) -> None:
        if isinstance(statement, ast.Let) and statement.name != "it":
            frame.values[statement.name] = BROKEN
        elif isinstance(statement, ast.Call) and (name := declared_by(statement)) is not None:
            frame.values[name] = BROKEN
        elif not isinstance(statement, ast.Expect | ast.Train | ast.Output):
            frame.current = BROKEN

    def _statement(self, statement: ast.Statement, frame: Frame) -> None:
        match statement:
            case ast.Call():
                frame.current = apply_call(statement, self.state, frame, frame.current, {})
            case ast.Let(name="it", value=value):
                frame.current = self._pipe(statement, evaluate(value, frame), value.span, frame)
            case ast.Let():
                frame.values[statement.name] = self._let(statement, frame)
            case ast.Output():
                self._output(statement, frame)
            case ast.Stage():
                self._stage(statement, frame)
            case ast.Aggregate():
                before = frame.current
                frame.current = aggregate(statement, self.state, frame)
                if isinstance(frame.current, Feature):
                    self.state.note(statement.span, before, frame.current)
            case ast.If():
                self._if(statement, frame)
            case ast.For():
                self._for(statement, frame)
            case ast.InputShape():
                self._input(statement, frame)
            case ast.Require():
                self._require(statement, frame)
            case ast.Expect():
                if not frame.rules:  # what is claimed of a network does not hold of derived ones
                    self.state.claims.append(claim_of(statement, frame.scope))
                    if self.state.recorder:
                        self.state.recorder.add(Claimed(statement))
            case ast.Train():
                said, found = training_of(statement, frame, self.state.training)
                self.state.training = said
                self.state.diagnostics.extend(found)

    def _let(self, let: ast.Let, frame: Frame) -> Value | Broken:
        source: Value | Broken
        try:
            source = evaluate(let.value, frame)
        except Poisoned:
            source = BROKEN
        if not let.calls and not isinstance(source, Feature):
            return source
        return self._pipe(let, source, let.value.span, frame)

    def _pipe(
        self, statement: ast.Let | ast.Output, value: Value | Broken, span: Span, frame: Frame
    ) -> Feature | Broken:
        """What a feature map becomes in a pipeline."""
        if not isinstance(value, Feature | Broken):
            raise fail(
                "wrong-type", f"a feature map is needed here, and this is {kind_of(value)}",
                span, frame.scope, label=kind_of(value),
            )  # fmt: skip
        flow: Feature | Broken = value
        piped: ast.Expression | ast.Call = statement.value or ast.Name(statement.name, span)
        with self.state.recording() as inside:
            for call in statement.calls:
                flow = apply_call(call, self.state, frame, flow, {}, piped)
                piped = call
        if isinstance(value, Feature) and isinstance(flow, Feature):
            self.state.note(statement.span, value, flow)
            if self.state.recorder:
                self.state.recorder.add(Named(statement, frame, value, flow, inside))
        return flow

    def _output(self, statement: ast.Output, frame: Frame) -> None:
        name, span = statement.name, statement.name_span
        known = self.state.outputs.get(name)
        if known is not None:
            in_turns = known[1] is span
            raise fail(
                "output-name", f"two outputs are called `{name}`", span, frame.scope,
                label="named in every turn" if in_turns else "named again",
                secondary=() if in_turns else (Label(known[1], "the first of them"),),
                help="name it once, behind what repeats" if in_turns else "rename one of them",
            )  # fmt: skip
        if name in OWN_NAMES:
            raise fail(
                "output-name", f"a network has an output `{name}` of its own", span, frame.scope,
                help="choose another name",
            )  # fmt: skip
        source = statement.value or ast.Name(self._flow_of(name, frame), span)
        flow = self._pipe(statement, evaluate(source, frame), source.span, frame)
        if isinstance(flow, Broken):
            raise Poisoned
        index = self.state.dataflow.join(flow.segments, frame.scope, statement.span)
        self.state.outputs[name] = (Output(name, index), span)

    def _flow_of(self, name: str, frame: Frame) -> str:
        """What an output of a name alone gives: the value or stage of that name, or `it`.

        A value that the network names on a path not taken is missing, and not `it`.
        """
        is_value = frame.home(name) is not None or name in self._names
        return name if is_value or frame.stage(name) is not None else "it"

    def _stage(self, stage: ast.Stage, frame: Frame) -> None:
        name = self.state.dataflow.builder.unique(frame.scope, stage.name, stage_name)
        scope = frame.scope.child(ScopeKind.STAGE, stage.name, name, stage.span)
        inner = frame.inner(scope, frame.current)
        with self.state.recording() as inside:
            self._run(stage.body.statements, inner)
        frame.current = inner.current
        if inner.current is not None:
            frame.stages[stage.name] = inner.current
        if isinstance(inner.current, Feature):
            self.state.dataflow.leaving[scope] = inner.current.type
            self.state.note(stage.span, inner.entry, inner.current)
            if self.state.recorder and isinstance(inner.entry, Feature):
                claim = None if stage.claim is None else evaluate(stage.claim, frame)
                record = Staged(stage, scope, claim, inner.entry, inner.current, inside)
                self.state.recorder.add(record)
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
        shown, leaves = SizeValue(actual), self.state.dataflow.origin(output)
        self.state.diagnostics.append(
            diagnostic(
                "stage-output",
                f"stage `{stage.name}` claims {claimed}, and its output is {shown}",
                claim.span,
                frame.scope,
                label=f"computes to {shown}",
                secondary=(Label(leaves, f"{output.type} leaves here"),),
                help=f"write `-> {shown}`, or mend a stride in the stage",
                fix=replacing(claim.span, str(shown)),
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
        for value in items(statement.values, frame):
            self.state.meter.spend()
            frame.values[statement.name] = value
            self._run(statement.body.statements, frame)

    def _input(self, statement: ast.InputShape, frame: Frame) -> None:
        if isinstance(frame.current, Broken):
            raise Poisoned
        if frame.current is not None or frame.scope.kind is not ScopeKind.NETWORK:
            raise fail(
                "input-again", "a network has one input, before its first layer",
                statement.span, frame.scope, help="remove this line",
            )  # fmt: skip
        channels, spatial = input_shape(statement, frame)
        self.state.diagnostics += channels_last(statement, channels, spatial, frame.scope)
        flow = self.state.dataflow.input(channels, spatial, frame.scope, statement.span)
        frame.entry = frame.current = flow
        self.state.note(statement.span, None, flow)
        if self.state.recorder:
            self.state.recorder.add(Fed(flow))

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
        for name in names_in(condition):
            value = (
                name_value(name.name, name.span, frame) if name.name not in ("in", "it") else None
            )
            if isinstance(value, int | SizeValue) and not isinstance(value, bool):
                shown[name.name] = show(value)
        return ", ".join(f"{name} = {value}" for name, value in shown.items())


def _idle_rule(rule: ast.Replace, base: str, scope: Scope) -> Diagnostic:
    return diagnostic(
        "idle-rule", f"this rule replaces nothing in `{base}`", rule.span, scope,
        label=f"no such `{rule.layer}`",
        help="a layer is replaced if the condition holds, no rule before it was about the layer, "
        "and the parameters that the rule does not list are at their defaults",
    )  # fmt: skip
