"""Reads ``train`` statements: each says more over what was said before it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from seqdsl.graph.recipe import RECIPES, SETTINGS, Setting, Training, conflict, problem
from seqdsl.graph.scope import Scope
from seqdsl.semantic.expansion.evaluate import Poisoned, evaluate
from seqdsl.semantic.expansion.frame import Frame
from seqdsl.semantic.values.locate import diagnostic, fail
from seqdsl.semantic.values.value import Value, kind_of, show
from seqdsl.source.diagnostic import Diagnostic, Failure, Label
from seqdsl.source.meter import spend_on
from seqdsl.syntax import ast


def training_of(
    train: ast.Train, frame: Frame, before: Training | None
) -> tuple[Training, list[Diagnostic]]:
    """What is said with a statement and those before it, and what is wrong with its values.

    Names that don't exist are passed over: a rule tells of them.
    """
    settings = dict(before.settings) if before else {}
    places = dict(before.places) if before else {}
    recipe = before.recipe if before else None
    if train.recipe in RECIPES:
        recipe = train.recipe
    found: list[Diagnostic] = []
    for argument in train.settings:
        if argument.name not in SETTINGS:
            continue
        try:
            settings[argument.name] = _setting(argument.name, argument.value, frame)
            places[argument.name] = argument.value.span
        except Failure as failure:
            found.append(failure.diagnostic)
        except Poisoned:
            pass
    return Training(recipe, settings, train.span, places), found


def conflicts(training: Training | None, scope: Scope) -> Iterator[Diagnostic]:
    """Settings that don't go together, as far as that rests on no data set's own recipe."""
    if training is None:
        return
    given, places = training.settings, training.places
    if training.recipe is None and not {"epochs", "milestones"} <= given.keys():
        return
    # without a name any will do: what could be in conflict is given
    base = RECIPES[training.recipe or next(iter(RECIPES))]
    why = conflict(base.with_settings(given))
    if why is None:
        return
    epochs = places.get("epochs")
    where = places.get("milestones", epochs or training.span)
    secondary = (Label(epochs, "the epochs"),) if epochs is not None and epochs != where else ()
    yield diagnostic(
        "bad-setting", why, where, scope, label="too late", secondary=secondary,
        help="a milestone is an epoch before the last: train longer, or lower the rate sooner",
    )  # fmt: skip


def _setting(name: str, expression: ast.Expression, frame: Frame) -> Setting:
    """The value of a setting, in Python's own numbers. Raises `Failure` or `Poisoned`."""
    value = evaluate(expression, frame)
    if isinstance(value, tuple | range):
        spend_on(len(value))
    made = _plain(value)
    why = problem(name, made)
    if why is not None:
        is_number = isinstance(made, int | float)
        label = f"= {show(value)}" if is_number else kind_of(value)
        raise fail("bad-setting", why, expression.span, frame.scope, label=label)
    assert isinstance(made, int | float | tuple)
    return made


def _plain(value: Value) -> object:
    match value:
        case Fraction():
            return float(value)
        case range():
            return tuple(value)
        case _:
            return value
