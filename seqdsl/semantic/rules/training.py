"""``train`` statements: where they stand, and the names of recipes and settings."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.graph.recipe import RECIPES, SETTINGS
from seqdsl.semantic.names.modules import LoadedModule
from seqdsl.semantic.values.binding import name_of
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import Span
from seqdsl.syntax import ast
from seqdsl.syntax.walk import bodies_of, recipes, same_scope, statements


def check_training(module: LoadedModule) -> list[Diagnostic]:
    """Recipes outside of networks; recipes and settings that don't exist, or are given twice."""
    found = [_misplaced(train) for train in _outside(module.syntax)]
    for train in recipes(module.syntax):
        found += _names(train)
    return found


def _outside(module: ast.Module) -> Iterator[ast.Train]:
    """What stands in a block, a stage, the braces of a layer or a rule."""
    networks = [item.body for item in module.items if isinstance(item, ast.Network)]
    inside = {id(statement) for body in networks for statement in same_scope(body)}
    for body in bodies_of(module):
        for statement in statements(body):
            if isinstance(statement, ast.Train) and id(statement) not in inside:
                yield statement


def _misplaced(train: ast.Train) -> Diagnostic:
    return Diagnostic(
        BY_NAME["train-place"],
        "`train` is about a network as a whole",
        Label(train.span, "stands inside of it"),
        help="put it into the braces of the network, or of a model of it",
    )


def _names(train: ast.Train) -> Iterator[Diagnostic]:
    if train.recipe is not None and train.recipe not in RECIPES and train.recipe_span is not None:
        yield _unknown("recipe", train.recipe, train.recipe_span, tuple(RECIPES))
    first: dict[str, ast.Argument] = {}
    for setting in train.settings:
        name = setting.name or ""
        if name not in SETTINGS:
            yield _unknown("setting", name, name_of(setting), SETTINGS)
        elif name in first:
            yield Diagnostic(
                BY_NAME["duplicate-argument"],
                f"`{name}` is given twice",
                Label(setting.span, "given again"),
                (Label(first[name].span, "first given here"),),
                help="remove one of them",
            )
        first.setdefault(name, setting)


def _unknown(what: str, name: str, span: Span, known: tuple[str, ...]) -> Diagnostic:
    listed = f"they are {', '.join(known[:-1])} and {known[-1]}"
    help, fix = did_you_mean(name, known, span, listed)
    return Diagnostic(
        BY_NAME["unknown-recipe"],
        f"no {what} `{name}` exists",
        Label(span, "unknown"),
        help=help,
        fix=fix,
    )
