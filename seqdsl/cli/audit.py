"""``seqdsl audit``"""

from __future__ import annotations

import sys
from fractions import Fraction
from importlib.resources import as_file, files

import click

from seqdsl.cli.common import exit_code, show
from seqdsl.cli.tables import FORMATS, Cell, Number, Table, write_tables
from seqdsl.graph.costs import CONVENTIONS, node_costs
from seqdsl.graph.network import Network
from seqdsl.passes.audit import PaperTable, audit_paper
from seqdsl.passes.claims import Verdict, judge_claim
from seqdsl.source.diagnostic import Diagnostic

_HEADINGS = ("network", "settings", "figure", "printed", "computed", "% difference", "convention",
             "verdict")  # fmt: skip
_RIGHT = frozenset({"printed", "computed", "% difference"})
_RULE = "A figure is met within one unit of its last printed digit."


@click.command("audit")
@click.argument("sources", nargs=-1, metavar="[FILES]...")
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def command(sources: tuple[str, ...], format: str) -> None:
    """Set claimed figures beside computed ones.

    With FILES, every claim of every network in them; without, Tables 2, 3 and 5 of the paper.
    Exit code 1 where a figure is not met.
    """
    if sources:
        _audit_files(sources, format)
        return
    tables = audit_paper(_load_from_library)
    click.echo(write_tables([_paper_table(table) for table in tables], format))
    met = all(figure.verdict.holds for table in tables for figure in table.figures)
    sys.exit(0 if met else 1)


def _load_from_library(file: str, model: str) -> Network:
    from seqdsl.api import load

    with as_file(files("seqdsl.architectures").joinpath(file)) as path:
        return load(path, model)


def _paper_table(table: PaperTable) -> Table:
    rows = tuple(
        (
            figure.network,
            figure.settings,
            figure.metric,
            _number(figure.verdict.printed, figure.quantity.text),
            Number(figure.verdict.computed, figure.verdict.spell(figure.quantity)),
            _difference(figure.verdict),
            figure.convention,
            _word(figure.verdict),
        )
        for figure in table.figures
    )
    counted = any(figure.metric == "flops" for figure in table.figures)
    note = f"{_RULE} paper: {CONVENTIONS['paper'].description}." if counted else _RULE
    return Table(table.title, _HEADINGS, rows, _RIGHT, note)


def _audit_files(sources: tuple[str, ...], format: str) -> None:
    from seqdsl.api import check_file

    tables: list[Table] = []
    diagnostics: list[Diagnostic] = []
    for source in sources:
        built, found = check_file(source)
        diagnostics.extend(found)
        networks = [instance.network for instance in built if instance.network is not None]
        rows = tuple(row for network in networks for row in _claim_rows(network))
        if rows:
            tables.append(Table(source, _HEADINGS, rows, _RIGHT, _RULE))
    if tables:
        click.echo(write_tables(tables, format))
    if diagnostics:
        show(diagnostics)
    elif not tables:
        click.echo("no network in these files claims anything", err=True)
    sys.exit(exit_code(diagnostics))


def _claim_rows(network: Network) -> list[tuple[Cell, ...]]:
    costs = node_costs(network.nodes)
    settings = ", ".join(f"{name}={value}" for name, value in network.parameters)
    rows: list[tuple[Cell, ...]] = []
    for claim in network.claims:
        verdict = judge_claim(network, claim, costs)
        name = f"{network.name} {claim.scope.path}".strip()
        convention = "-" if claim.metric == "params" else claim.convention
        tolerance = "" if claim.tolerance is None else f" ± {float(100 * claim.tolerance):g} %"
        rows.append(
            (
                name,
                settings,
                claim.metric,
                _number(verdict.printed, f"{claim.quantity.text}{tolerance}"),
                Number(verdict.computed, verdict.spell(claim.quantity)),
                _difference(verdict),
                convention,
                _word(verdict),
            )
        )
    return rows


def _number(printed: Fraction, text: str) -> Number:
    whole = printed.denominator == 1
    return Number(int(printed) if whole else float(printed), text)


def _difference(verdict: Verdict) -> Number:
    if not verdict.printed:
        return Number(None, "-")
    percent = float(100 * (verdict.computed - verdict.printed) / verdict.printed)
    return Number(percent, f"{percent:+.2f}")


def _word(verdict: Verdict) -> str:
    return "met" if verdict.holds else "NOT MET"
