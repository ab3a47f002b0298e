"""Walks over a syntax tree, for rules."""

from __future__ import annotations

from collections.abc import Iterator

from seqdsl.syntax import ast
from seqdsl.syntax.names import inside, names_in


def definitions(module: ast.Module) -> Iterator[ast.Network | ast.Block]:
    """The items that have parameters and a body."""
    return (item for item in module.items if isinstance(item, ast.Network | ast.Block))


def statements(body: ast.Body) -> Iterator[ast.Statement]:
    """Every statement inside a body, at any depth, in order."""
    for statement in body.statements:
        yield statement
        for inner in bodies(statement):
            yield from statements(inner)


def same_scope(body: ast.Body) -> Iterator[ast.Statement]:
    """The statements of a body, and those in its loops and conditions: they share its scope."""
    for statement in body.statements:
        yield statement
        if isinstance(statement, ast.For | ast.If):
            for inner in bodies(statement):
                yield from same_scope(inner)


def bodies(statement: ast.Statement) -> Iterator[ast.Body]:
    """The braces that belong to a statement."""
    match statement:
        case ast.Call(body=body):
            if body is not None:
                yield body
        case ast.Let(calls=calls) | ast.Output(calls=calls):
            for call in calls:
                yield from bodies(call)
        case ast.For(body=body) | ast.Aggregate(body=body) | ast.Stage(body=body):
            yield body
        case ast.If(branches=branches, otherwise=otherwise):
            yield from (body for _, body in branches)
            if otherwise is not None:
                yield otherwise
        case _:
            pass


def calls(body: ast.Body) -> Iterator[ast.Call]:
    """Every application of a layer inside a body."""
    for statement in statements(body):
        if isinstance(statement, ast.Call):
            yield statement
        elif isinstance(statement, ast.Let | ast.Output):
            yield from statement.calls


def bodies_of(module: ast.Module) -> Iterator[ast.Body]:
    """The braces of every definition: of networks, blocks and the rules of derived networks."""
    for item in module.items:
        match item:
            case ast.Network(body=body) | ast.Block(body=body):
                yield body
            case ast.Derived(replacements=replacements):
                yield from (rule.body for rule in replacements)
            case _:
                pass


def recipes(module: ast.Module) -> Iterator[ast.Train]:
    """Every ``train`` statement of a file."""
    for body in bodies_of(module):
        yield from (s for s in statements(body) if isinstance(s, ast.Train))
    for item in module.items:
        if isinstance(item, ast.Model | ast.Derived):
            yield from (s for s in item.claims if isinstance(s, ast.Train))


def every_expression(body: ast.Body) -> Iterator[ast.Expression]:
    """The expressions inside a body, and those in them."""
    for statement in statements(body):
        for expression in expressions(statement):
            yield from inside(expression)
        if isinstance(statement, ast.Aggregate):
            for argument in statement.arguments:
                yield from inside(argument.value)


def expressions(statement: ast.Statement) -> Iterator[ast.Expression]:
    """The expressions that a statement itself holds, less those of statements inside it."""
    match statement:
        case ast.Call(arguments=arguments, times=times):
            yield from (argument.value for argument in arguments)
            if times is not None:
                yield times
        case ast.Let(value=value, calls=calls) | ast.Output(value=value, calls=calls):
            if value is not None:
                yield value
            for call in calls:
                yield from expressions(call)
        case ast.For(values=values):
            yield values
        case ast.Aggregate(values=values):  # its arguments see the index
            yield values
        case ast.If(branches=branches):
            yield from (condition for condition, _ in branches)
        case ast.Stage(claim=claim):
            if claim is not None:
                yield claim
        case ast.InputShape(shape=shape):
            yield from shape
        case ast.Require(condition=condition):
            yield condition
        case ast.Train(settings=settings):
            yield from (setting.value for setting in settings)
        case ast.Expect():
            pass


def names_of(body: ast.Body) -> Iterator[str]:
    """Every name that braces read or call."""
    for call in calls(body):
        yield from (name.name for name in names_in(call.callee))
    for statement in statements(body):
        if isinstance(statement, ast.Output) and statement.value is None:
            yield statement.name
    for expression in every_expression(body):
        if isinstance(expression, ast.Name):
            yield expression.name
