"""Expands ``aggregate``: a sequence of groups, each from a window over those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from seqdsl.graph.aggregations import Aggregation, Group, Turn
from seqdsl.graph.builder import stage_name
from seqdsl.graph.scope import Scope, ScopeKind
from seqdsl.semantic.expansion.construction import State
from seqdsl.semantic.expansion.evaluate import Poisoned, evaluate, items
from seqdsl.semantic.expansion.frame import BROKEN, Broken, Flow, Frame
from seqdsl.semantic.expansion.recorder import Aggregated, Grouped
from seqdsl.semantic.expansion.seldom_meant import Windowed
from seqdsl.semantic.values.binding import AGGREGATE_FORMALS, coerce, name_of
from seqdsl.semantic.values.locate import fail
from seqdsl.semantic.values.value import (
    AllWindow,
    Feature,
    InputWord,
    Value,
    Window,
    concatenated,
    show,
)
from seqdsl.semantic.values.windows import offsets
from seqdsl.source.diagnostic import Failure, Label
from seqdsl.source.frozen import frozen
from seqdsl.source.suggest import did_you_mean
from seqdsl.syntax import ast


def aggregate(statement: ast.Aggregate, state: State, frame: Frame) -> Flow:
    """Equations 1 and 2: x_i = F_i(concat(window(i))) for every i, and [x_1, ..., x_g] of all.

    Raises `Failure` or `Poisoned`.
    """
    source = frame.current
    if isinstance(source, Broken):
        raise Poisoned
    if source is None:
        raise fail("no-input", "an aggregation stands before the network's input",
                   statement.span, frame.scope)  # fmt: skip
    values = items(statement.values, frame)
    if not values:
        raise fail(
            "not-positive", "an aggregation of no groups", statement.values.span, frame.scope,
            label="empty",
        )  # fmt: skip
    arguments = _arguments(statement, frame)
    sequence = [source.take(i, i + 1) for i in range(len(source.groups))]
    inputs = len(sequence)
    whole = len(values) > 1
    turns: list[Turn] = []
    ran: list[Grouped] = []
    windows: set[str] = set()
    for turn, value in enumerate(values, 1):
        state.meter.spend()
        scope = _group_scope(statement, state, frame.scope, turn, len(values))
        inner = frame.inner(scope, source)
        inner.rules = ()  # a group is no layer, and what it is made of is not replaced
        inner.values[statement.name] = value
        window = _value(arguments, "window", inner) if state.recorder else None
        view = _view(arguments.get("window"), sequence, inputs, inner, statement)
        windows.add(view.window)
        inner.entry = inner.current = seen = view.shows
        whole = whole and seen.width == sum(each.width for each in sequence)
        with state.recording() as inside:
            state.run(statement.body.statements, inner)
        if not isinstance(inner.current, Feature):
            return BROKEN
        sequence.append(inner.current.as_one_group())
        ran.append(Grouped(window, seen, inner.current, inside))
        state.dataflow.leaving[scope] = sequence[-1].type
        if inner.current.spatial != source.spatial:
            raise _changes_size(statement, inner.current, source, scope)
        turns.append(Turn(scope, view.sees, _group(sequence[-1])))
    _note_window(arguments, whole, state, frame)
    kept = _kept(arguments, sequence, inputs, frame, statement)
    if kept is None:
        result = concatenated(sequence[inputs:])
    else:
        result = kept.shows
        state.dataflow.place(result.segments, frame.scope, statement.span)
    shown = windows.pop() if len(windows) == 1 else _as_written(arguments["window"])
    state.dataflow.aggregated(
        Aggregation(
            frame.scope, "", False, statement.span, shown, "" if kept is None else kept.window,
            tuple(map(_group, sequence[:inputs])), tuple(turns), result.segments, result.type,
        )
    )  # fmt: skip
    if state.recorder:
        keep = _value(arguments, "keep", frame)
        state.recorder.add(Aggregated(statement, source, result, keep, ran))
    return result


def _value(arguments: dict[str, ast.Argument], name: str, frame: Frame) -> Value:
    return evaluate(arguments[name].value, frame) if name in arguments else None


def _group(feature: Feature) -> Group:
    return Group(feature.width, feature.segments)


def _as_written(argument: ast.Argument) -> str:
    return " ".join(argument.value.span.text.split())


@frozen
class _View:
    """What a window shows of a sequence."""

    window: str
    sees: tuple[int, ...]  # the offsets of the groups that it shows, the farthest first
    shows: Feature


def _note_window(
    arguments: dict[str, ast.Argument], whole: bool, state: State, frame: Frame
) -> None:
    """Keeps whether the window of a user's aggregation left out nothing, in all its expansions."""
    argument = arguments.get("window")
    if argument is None or argument.span.source.library:
        return
    span = argument.value.span
    known = state.windows.get(span)
    whole = whole and span.text != "all" and (known is None or known.whole)
    state.windows[span] = Windowed(whole, frame.scope)


def _changes_size(
    statement: ast.Aggregate, group: Feature, source: Feature, scope: Scope
) -> Failure:
    return fail(
        "concat-mismatch",
        f"a group leaves as {group.type}, and the next would join it with {source.type}",
        statement.span,
        scope,
        label="groups keep height and width",
        help="downsample after the aggregation (section 3.2)",
    )


def _arguments(statement: ast.Aggregate, frame: Frame) -> dict[str, ast.Argument]:
    given: dict[str, ast.Argument] = {}
    for argument in statement.arguments:
        name = argument.name or ""
        if name not in AGGREGATE_FORMALS:
            help, fix = did_you_mean(
                name, AGGREGATE_FORMALS, name_of(argument), "it takes `window` and `keep`"
            )
            raise fail(
                "unknown-argument", f"`aggregate` has no parameter `{name}`", argument.span,
                frame.scope, label="unknown",
                help=help, fix=fix,
            )  # fmt: skip
        if name in given:
            raise fail(
                "duplicate-argument", f"`{name}` is given twice", argument.span, frame.scope,
                secondary=(Label(given[name].span, "first given here"),),
            )  # fmt: skip
        given[name] = argument
    return given


def _kept(
    arguments: dict[str, ast.Argument],
    sequence: Sequence[Feature],
    inputs: int,
    frame: Frame,
    statement: ast.Aggregate,
) -> _View | None:
    """What leaves where more than the new groups does: all, or what one more group would see."""
    value = _value(arguments, "keep", frame)
    if value is None:
        return None
    if isinstance(value, InputWord):
        everything = tuple(range(len(sequence), 0, -1))
        return _View("input", everything, concatenated(list(sequence)))
    return _view(arguments["keep"], sequence, inputs, frame, statement)


def _group_scope(
    statement: ast.Aggregate, state: State, around: Scope, turn: int, of: int
) -> Scope:
    label = f"group{turn}"
    name = state.dataflow.builder.unique(around, label, stage_name)
    return around.child(ScopeKind.GROUP, "group", name, statement.span, (turn, of))


def _view(
    argument: ast.Argument | None,
    sequence: Sequence[Feature],
    inputs: int,
    frame: Frame,
    statement: ast.Aggregate,
) -> _View:
    span = statement.span if argument is None else argument.value.span
    value: Value = AllWindow() if argument is None else evaluate(argument.value, frame)
    formal = AGGREGATE_FORMALS["window" if argument is None else argument.name or ""]
    window = cast(Window | tuple[int, ...], coerce(value, formal, span, frame.scope))
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
    shows = concatenated([sequence[len(sequence) - offset] for offset in seen])
    return _View(show(value), tuple(seen), shows)
