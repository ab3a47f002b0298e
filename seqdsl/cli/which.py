"""The option ``--which``: what a printed figure can mean."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click
from click.core import ParameterSource

from seqdsl.cli.common import exit_code, load_or_exit, say, show
from seqdsl.cli.tables import Number, Table, write_tables
from seqdsl.graph.claims import Quantity
from seqdsl.graph.network import Network
from seqdsl.passes.meanings import Meaning, meanings, read_figure
from seqdsl.source.diagnostic import has_errors
from seqdsl.source.timing import stage

F = TypeVar("F", bound=Callable[..., object])

_HEADINGS = ("counted as", "computed", "% difference", "what it counts")
_RIGHT = frozenset({"computed", "% difference"})
_RULE = "A figure is met within one unit of its last printed digit."


def which_option(function: F) -> F:
    """``--which``: a figure as it is printed somewhere."""
    return click.option(
        "--which", "figure", metavar="FIGURE", callback=_figure,
        help="Say which conventions make a printed figure true, such as 4.11G.",
    )(function)  # fmt: skip


def _figure(ctx: click.Context, param: click.Parameter, value: str | None) -> Quantity | None:
    if value is None:
        return None
    figure = read_figure(value)
    if figure is None:
        message = f"{value!r} is not a figure: write a number and K, M, G, B, T or nothing"
        raise click.BadParameter(message, ctx, param)
    return figure


def answer(
    file: str, network: str | None, defines: dict[str, str], figure: Quantity, format: str
) -> None:
    """Print what makes a figure true of networks of a file, and exit: with 1 where nothing does.

    Where nothing does, every way to count is printed, the nearest first.
    """
    ctx = click.get_current_context()
    for parameter, option in (("level", "--by"), ("convention", "--convention")):
        if ctx.get_parameter_source(parameter) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--which counts whole networks in every way: drop {option}")
    found = [(each, meanings(figure, each.cost)) for each in _networks(file, network, defines)]
    is_met = any(ways[0].verdict.holds for _, ways in found)
    tables = []
    with stage("print"):
        for each, ways in found:
            shown = [way for way in ways if way.verdict.holds] if is_met else ways
            if shown:
                rows = tuple(map(_row, shown))
                title = f"{each.name}: {figure.text}"
                tables.append(Table(title, _HEADINGS, rows, _RIGHT, _RULE))
        click.echo(write_tables(tables, format))
    if not is_met:
        say(f"nothing that is counted here makes {figure.text} true")
    sys.exit(0 if is_met else 1)


def _networks(file: str, network: str | None, defines: dict[str, str]) -> list[Network]:
    """The network that is named, or all that a file builds; exits where there is none."""
    with stage("import"):
        from seqdsl.api import check_file

    if network is not None or defines or file == "-":
        return [load_or_exit(file, network, defines, claims=False)]
    instances, diagnostics = check_file(file)
    built = [instance.network for instance in instances if instance.network is not None]
    others = [d for d in diagnostics if d.code.claim is None]
    if not built and not others:  # nothing but templates
        return [load_or_exit(file, network, defines, claims=False)]
    show(others)
    if not built or has_errors(others):
        sys.exit(exit_code(others))
    return built


def _row(way: Meaning) -> tuple[str | Number, ...]:
    computed = Number(way.verdict.computed, way.verdict.spell(way.quantity))
    return way.counted, computed, Number(way.verdict.percent, way.verdict.difference), way.about
